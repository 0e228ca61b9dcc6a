// What a JSON-RPC server answered: the checked result, or a classed error. Pure.
#include "adapters/rpc/json_rpc_reply.hpp"

#include "adapters/evm/multicall.hpp"
#include "risk/model/json_text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <optional>
#include <string>

namespace margind::adapters::rpc {

namespace {

using model::ErrorCode;
using model::Retry;
using nlohmann::json;

constexpr std::size_t max_shown = 300;
/// The body is bounded where it is read.
constexpr model::JsonLimits json_limits{.bytes = std::size_t{64} << 20, .depth = 64, .values = 262'144, .number_chars = 80};

tl::unexpected<model::Error> fail(const Asked& asked, ErrorCode code, std::string_view what, Retry retry) {
    return model::fail(code, fmt::format("{}: {}: {}", asked.endpoint, asked.method, what), retry);
}

tl::unexpected<model::Error> not_an_answer(const Asked& asked, std::string_view what) {
    return fail(asked, ErrorCode::upstream, what, Retry::other_endpoint);
}

std::string lowered(std::string_view text) {
    std::string out(text);
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return out;
}

std::string printable(std::string_view text) {
    std::string out(text.substr(0, max_shown));
    std::replace_if(out.begin(), out.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
    if (text.size() > max_shown) out += "...";
    return out;
}

template <std::size_t N>
bool contains_any(std::string_view text, const std::array<std::string_view, N>& phrases) {
    return std::any_of(phrases.begin(), phrases.end(),
                       [&](std::string_view phrase) { return text.find(phrase) != std::string_view::npos; });
}

/// How geth, Erigon, Nethermind, Besu, Reth, Anvil and the hosted services say it; in lower case.
constexpr std::array<std::string_view, 9> evm_stopped{"out of gas",     "outofgas",     "evm error",
                                                      "gas required exceeds", "intrinsic gas", "invalid opcode",
                                                      "invalid jump",   "stack underflow", "stack limit reached"};
constexpr std::array<std::string_view, 5> rate_limited{"rate limit", "ratelimit", "too many requests", "compute units per second",
                                                       "request limit"};
constexpr std::array<std::string_view, 11> too_much{
    "query returned more than", "block range",   "range is too large", "range too large", "response size", "response is too big",
    "too many results",         "max results", "too large",        "execution aborted", "execution timeout"};
/// Of logs alone.
constexpr std::array<std::string_view, 11> too_many_logs{"limited to",    "max range",       "maximum range", "log range", "range limit",    "ranges over",
                                                         "exceeds limit", "too many blocks", "too many logs", "too wide",  "query timeout"};
/// A quota of requests, not of what one asks for.
constexpr std::array<std::string_view, 4> counted{"daily", "request count", "quota", "credits"};
constexpr std::array<std::string_view, 7> unknown_block{"header for hash not found", "header not found", "unknown block",
                                                        "block not found",           "resource not found", "could not be found",
                                                        "not currently canonical"};

/// The revert payload: `data` in hex, or in an object (Hardhat), or behind "Reverted " (OpenEthereum).
std::optional<model::Bytes> payload_of(const json& error) {
    const auto data = error.find("data");
    if (data == error.end()) return std::nullopt;
    const json* value = &*data;
    if (value->is_object()) {
        const auto inner = value->find("data");
        if (inner == value->end()) return std::nullopt;
        value = &*inner;
    }
    if (!value->is_string()) return std::nullopt;
    std::string_view text = value->get_ref<const std::string&>();
    if (text.starts_with("Reverted ")) text.remove_prefix(9);
    return model::bytes_from_hex(text);
}

tl::unexpected<model::Error> server_error(const Asked& asked, const json& error) {
    if (!error.is_object()) return not_an_answer(asked, "the error is not an object");
    const auto code = error.find("code");
    const auto text = error.find("message");
    if (code == error.end() || !code->is_number_integer()) return not_an_answer(asked, "the error has no integer code");
    const std::int64_t number = code->get<std::int64_t>();
    const std::string message = text != error.end() && text->is_string() ? text->get<std::string>() : std::string();
    const std::string lower = lowered(message);
    const std::string shown = fmt::format("error {}: {}", number, printable(message));

    const auto payload = payload_of(error);
    if (number == 3 || lower.find("revert") != std::string::npos || (payload && payload->size() >= 4)) {
        if (payload) return fail(asked, ErrorCode::reverted, evm::revert_text(*payload), Retry::never);
        return fail(asked, ErrorCode::reverted, shown, Retry::never);
    }
    if (contains_any(lower, evm_stopped))
        return fail(asked, ErrorCode::reverted, shown, number == -32003 ? Retry::other_endpoint : Retry::never);
    const bool refused_often = contains_any(lower, rate_limited) || contains_any(lower, counted);
    if (contains_any(lower, too_much)) return fail(asked, ErrorCode::limit, shown, Retry::never);
    if (asked.method == "eth_getLogs" && !refused_often && (number == -32005 || contains_any(lower, too_many_logs)))
        return fail(asked, ErrorCode::limit, shown, Retry::never);
    if (number == -32005 || number == 429 || contains_any(lower, rate_limited))
        return fail(asked, ErrorCode::limit, shown, Retry::later);
    if (number == -32601) return fail(asked, ErrorCode::upstream, shown, Retry::other_endpoint);
    if (number == -32001 || contains_any(lower, unknown_block)) return fail(asked, ErrorCode::missing, shown, Retry::other_endpoint);
    return fail(asked, ErrorCode::upstream, shown, Retry::other_endpoint);
}

/// Reads {"jsonrpc":"2.0","id":ID,"result":"TEXT"} with its members in any order, each once, no escapes: what nodes
/// answer to nearly every request, at a fraction of the cost of a parse into a tree. Anything else: empty, and the
/// full parser decides.
class FlatReply {
public:
    explicit FlatReply(std::string_view text) : text_(text) {}

    std::optional<std::string_view> result(std::uint64_t id) {
        std::optional<std::string_view> found;
        bool version = false;
        bool identity = false;
        if (!take('{')) return std::nullopt;
        for (int member = 0; member < 3; ++member) {
            if (member > 0 && !take(',')) return std::nullopt;
            const auto key = quoted();
            if (!key || !take(':')) return std::nullopt;
            if (*key == "jsonrpc" && !version) {
                version = quoted() == "2.0";
                if (!version) return std::nullopt;
            } else if (*key == "id" && !identity) {
                identity = number() == id;
                if (!identity) return std::nullopt;
            } else if (*key == "result" && !found) {
                found = quoted();
                if (!found) return std::nullopt;
            } else {
                return std::nullopt;
            }
        }
        if (!take('}')) return std::nullopt;
        skip_blank();
        return at_ == text_.size() ? found : std::nullopt;
    }

private:
    void skip_blank() { at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size()); }
    bool take(char c) {
        skip_blank();
        if (at_ >= text_.size() || text_[at_] != c) return false;
        ++at_;
        return true;
    }
    std::optional<std::string_view> quoted() {
        if (!take('"')) return std::nullopt;
        const std::size_t end = text_.find('"', at_);
        if (end == std::string_view::npos) return std::nullopt;
        const std::string_view out = text_.substr(at_, end - at_);
        if (out.find('\\') != std::string_view::npos) return std::nullopt;
        at_ = end + 1;
        return out;
    }
    std::optional<std::uint64_t> number() {
        skip_blank();
        if (at_ < text_.size() && text_[at_] == '0') return std::nullopt;
        std::uint64_t out = 0;
        const auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), out);
        if (error != std::errc()) return std::nullopt;
        at_ = static_cast<std::size_t>(end - text_.data());
        return out;
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

model::Result<model::Bytes> to_bytes(std::string_view text, const Asked& asked) {
    auto bytes = model::bytes_from_hex(text, text.size());
    if (!bytes) return not_an_answer(asked, fmt::format("the result \"{}\" is not bytes in hex", printable(text.substr(0, 80))));
    return std::move(*bytes);
}

model::Result<json> read_reply(json& document, const Asked& asked) {
    if (!document.is_object()) return not_an_answer(asked, "the body is not a JSON object");
    const auto error = document.find("error");
    const bool failed = error != document.end() && !error->is_null();
    const auto id = document.find("id");
    const bool ours = id != document.end() && id->is_number_unsigned() && id->get<std::uint64_t>() == asked.id;
    // A server that could not read the request answers with an error and a null id.
    if (!ours && !(failed && (id == document.end() || id->is_null())))
        return not_an_answer(asked, fmt::format("the reply's id is {}, not {}",
                                                id == document.end() ? "absent" : printable(id->dump()), asked.id));
    if (failed) return server_error(asked, *error);
    const auto version = document.find("jsonrpc");
    if (version == document.end() || *version != "2.0") return not_an_answer(asked, "the reply's jsonrpc is not \"2.0\"");
    const auto result = document.find("result");
    if (result == document.end()) return not_an_answer(asked, "the reply has neither result nor error");
    return json(std::move(*result));
}

/// A batch that was answered with one object.
model::Error batch_error(json& document, const Asked& first, std::size_t parts) {
    const auto error = document.find("error");
    if (error == document.end() || error->is_null())
        return not_an_answer(first, "one object answers a batch").value();
    model::Error said = server_error(first, *error).value();
    if (said.code == ErrorCode::limit && said.retry == Retry::later) return said;
    return {ErrorCode::limit, fmt::format("{} (to a batch of {})", said.message, parts), Retry::never};
}

}  // namespace

model::Result<json> parse_reply(std::string_view body, const Asked& asked) {
    auto document = model::parse_json(body, json_limits);
    if (!document) return not_an_answer(asked, fmt::format("the body is not JSON: {}", document.error().message));
    return read_reply(*document, asked);
}

model::Result<model::Bytes> parse_bytes_reply(std::string_view body, const Asked& asked) {
    if (const auto text = FlatReply(body).result(asked.id)) return to_bytes(*text, asked);
    const auto result = parse_reply(body, asked);
    if (!result) return model::fail(result.error());
    if (!result->is_string()) return not_an_answer(asked, fmt::format("the result is {}, not bytes in hex", result->type_name()));
    return to_bytes(result->get_ref<const std::string&>(), asked);
}

model::Result<std::vector<model::Result<json>>> parse_batch_reply(std::string_view body, std::span<const Asked> asked) {
    auto document = model::parse_json(body, json_limits);
    if (!document) return not_an_answer(asked.front(), fmt::format("the body is not JSON: {}", document.error().message));
    if (document->is_object()) return model::fail(batch_error(*document, asked.front(), asked.size()));
    if (!document->is_array()) return not_an_answer(asked.front(), "the body is neither a JSON array nor an object");
    std::map<std::uint64_t, json*> by_id;
    for (json& reply : *document) {
        const auto id = reply.is_object() ? reply.find("id") : reply.end();
        if (!reply.is_object() || id == reply.end() || !id->is_number_unsigned()) continue;
        if (!by_id.emplace(id->get<std::uint64_t>(), &reply).second)
            return not_an_answer(asked.front(), fmt::format("the batch answers id {} twice", id->get<std::uint64_t>()));
    }
    std::vector<model::Result<json>> out;
    out.reserve(asked.size());
    for (const Asked& one : asked) {
        const auto found = by_id.find(one.id);
        if (found == by_id.end()) out.emplace_back(not_an_answer(one, fmt::format("the batch has no answer to id {}", one.id)));
        else out.push_back(read_reply(*found->second, one));
    }
    return out;
}

}  // namespace margind::adapters::rpc
