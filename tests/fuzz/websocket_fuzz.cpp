// Fuzz entry of what arrives on a WebSocket or a Unix socket: any split cuts the same messages, and each is for whom its JSON says.
#include "adapters/rpc/json_rpc_reply.hpp"
#include "adapters/rpc/messages.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <cstdlib>

namespace {

using namespace margind;
using adapters::rpc::JsonBreach;
using adapters::rpc::JsonTexts;

struct Cut {
    std::vector<std::string> texts;
    std::string partial;
    JsonBreach breach = JsonBreach::none;
    friend bool operator==(const Cut&, const Cut&) = default;
};

constexpr model::JsonLimits limits{.bytes = 2048, .depth = 8, .values = 40, .number_chars = 24};

Cut cut(std::string_view bytes, std::size_t step) {
    JsonTexts stream(limits);
    Cut out;
    for (std::size_t at = 0; at < bytes.size() && out.breach == JsonBreach::none; at += step)
        out.breach = stream.take(bytes.substr(at, step), out.texts);
    out.partial = stream.partial();
    return out;
}

/// The first id of ours, as the tree has it.
std::optional<std::uint64_t> id_in_tree(const nlohmann::json& document) {
    const auto of = [](const nlohmann::json& object) -> std::optional<std::uint64_t> {
        const auto id = object.find("id");
        return id != object.end() && id->is_number_unsigned() ? std::optional(id->get<std::uint64_t>()) : std::nullopt;
    };
    if (document.is_object()) return of(document);
    for (const nlohmann::json& part : document) {
        if (!part.is_object()) return std::nullopt;
        if (const auto id = of(part)) return id;
    }
    return std::nullopt;
}

void judge(const std::string& text) {
    const auto id = adapters::rpc::answered_id(text);
    const auto notification = adapters::rpc::parse_notification(text);
    if (id && notification) std::abort();
    const auto document = model::parse_json(text, limits);
    // A key written with escapes is no key that a server writes; it is found by the tree alone.
    if (document && text.find('\\') == std::string::npos && id != id_in_tree(*document)) std::abort();
    if (!id) return;
    const adapters::rpc::Asked asked{*id, "ws://node", "eth_call"};
    (void)adapters::rpc::parse_reply(text, asked).has_value();
    (void)adapters::rpc::parse_batch_reply(text, {&asked, 1}).has_value();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const Cut whole = cut(bytes, size == 0 ? 1 : size);
    for (const std::size_t step : {std::size_t{1}, std::size_t{7}})
        if (cut(bytes, step) != whole) std::abort();
    for (const std::string& text : whole.texts) judge(text);
    judge(whole.partial);
    judge(std::string(bytes));
    return 0;
}
