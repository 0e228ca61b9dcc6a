// How the requests and answers of one JSON-RPC call are forged. The ABI codec is the project's own: a defect of it that changed
// what is forged would show in the proxy's own test, where another client decodes.
#include "tests/support/fault_forge.hpp"

#include "adapters/evm/abi_reader.hpp"
#include "adapters/evm/abi_writer.hpp"
#include "adapters/evm/multicall.hpp"
#include "risk/model/keccak.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <span>
#include <stdexcept>

namespace margind::tests {
namespace {

using adapters::evm::AbiReader;
using adapters::evm::AbiWriter;
using adapters::evm::Function;
using model::Address;
using model::Bytes;
using model::U256;
using nlohmann::json;

constexpr std::size_t most_calls = 100'000;

/// Where a method's parameters name a block.
std::optional<std::size_t> block_place(const std::string& method) {
    if (method == "eth_getBlockByNumber" || method == "eth_getBlockReceipts") return 0;
    if (method == "eth_call" || method == "eth_getCode" || method == "eth_getBalance" || method == "eth_getTransactionCount") return 1;
    if (method == "eth_getStorageAt" || method == "eth_getProof") return 2;
    return std::nullopt;
}

json* parameter(json& call, std::size_t place) {
    const auto params = call.find("params");
    if (params == call.end() || !params->is_array() || params->size() <= place) return nullptr;
    return &(*params)[place];
}

const json* parameter(const json& call, std::size_t place) { return parameter(const_cast<json&>(call), place); }

std::string method_of(const json& call) {
    const auto method = call.find("method");
    return method != call.end() && method->is_string() ? method->get<std::string>() : std::string();
}

json reply_to(const json& call) {
    json reply = json::object();
    reply["jsonrpc"] = "2.0";
    reply["id"] = call.contains("id") ? call.at("id") : json();
    return reply;
}

ForgedRequest result(const json& call, json value) {
    json reply = reply_to(call);
    reply["result"] = std::move(value);
    return {std::move(reply), true};
}

ForgedRequest unknown_block(const json& call) {
    json error = json::object();
    error["code"] = -32000;
    error["message"] = "header not found";
    json reply = reply_to(call);
    reply["error"] = std::move(error);
    return {std::move(reply), true};
}

ForgedRequest refused(const json& call, const LogLimit& limit, Notes& notes) {
    notes.emplace_back("log limit", limit.message);
    json error = json::object();
    error["code"] = limit.code;
    error["message"] = limit.message;
    json reply = reply_to(call);
    reply["error"] = std::move(error);
    return {std::move(reply), true};
}

/// A copy of `value` in which a string stands for another one, in every place.
json replaced(const json& value, const std::string& from, const std::string& to) {
    std::string text = value.dump();
    for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) text.replace(at, from.size(), to);
    return json::parse(text);
}

/// The block parameter as a node knows it whose head is `head`; false: it does not know that block.
bool within(json& block, std::uint64_t head, Notes& notes) {
    if (!block.is_string()) return true;
    const std::string text = block.get<std::string>();
    if (text == "latest" || text == "pending") {
        notes.emplace_back("lag", fmt::format("{} is block {}", text, head));
        block = quantity(head);
        return true;
    }
    if (!text.starts_with("0x") || text.size() > 18) return true;
    return quantity(block) <= head;
}

std::optional<ForgedRequest> cut_to_head(const NodeView& view, json& call, Notes& notes) {
    const std::uint64_t head = *view.head;
    const std::string method = method_of(call);
    const auto unknown = [&] { notes.emplace_back("lag", fmt::format("{}: the block is unknown at head {}", method, head)); };
    if (method == "eth_blockNumber") {
        notes.emplace_back("lag", fmt::format("the head is block {}", head));
        return result(call, quantity(head));
    }
    if (view.asked && *view.asked > head) {
        unknown();
        return method == "eth_getBlockByHash" ? result(call, nullptr) : unknown_block(call);
    }
    if (method == "eth_getLogs") {
        json* filter = parameter(call, 0);
        if (filter == nullptr || filter->contains("blockHash")) return std::nullopt;
        if (filter->contains("fromBlock") && !within((*filter)["fromBlock"], head, notes)) return result(call, json::array());
        if (!filter->contains("toBlock") || !within((*filter)["toBlock"], head, notes)) (*filter)["toBlock"] = quantity(head);
        return std::nullopt;
    }
    const auto place = block_place(method);
    json* block = place ? parameter(call, *place) : nullptr;
    if (block == nullptr || within(*block, head, notes)) return std::nullopt;
    unknown();
    return method == "eth_getBlockByNumber" ? result(call, nullptr) : unknown_block(call);
}

std::string address_word(const Address& address) { return std::string(24, '0') + model::to_hex(address.bytes).substr(2); }

std::string* call_data(json& call) {
    json* transaction = parameter(call, 0);
    if (transaction == nullptr || !transaction->is_object()) return nullptr;
    for (const char* field : {"data", "input"})
        if (const auto data = transaction->find(field); data != transaction->end() && data->is_string()) return data->get_ptr<std::string*>();
    return nullptr;
}

void swap_positions(const FaultPlan& plan, json& call, Notes& notes) {
    std::string* data = call_data(call);
    if (data == nullptr) return;
    for (const auto& [user, other] : plan.positions) {
        const std::string from = address_word(user);
        const std::string to = address_word(other);
        std::size_t times = 0;
        for (std::size_t at = data->find(from); at != std::string::npos; at = data->find(from, at + to.size())) {
            data->replace(at, from.size(), to);
            ++times;
        }
        if (times > 0) notes.emplace_back("position", fmt::format("{} as {}, {} times", user.to_string(), other.to_string(), times));
    }
}

std::string hex_word(const U256& value) { return model::to_hex(value.to_big_endian()); }

void override_storage(const FaultPlan& plan, json& call, Notes& notes) {
    json* params = call.contains("params") ? &call["params"] : nullptr;
    if (params == nullptr || !params->is_array() || params->empty() || plan.storage.empty()) return;
    if (params->size() < 2) params->push_back("latest");
    if (params->size() < 3) params->push_back(json::object());
    for (const StorageForgery& forgery : plan.storage)
        (*params)[2][forgery.contract.to_string()]["stateDiff"][hex_word(forgery.slot)] = hex_word(forgery.value);
    notes.emplace_back("storage", fmt::format("{} slots of {}", plan.storage.size(), plan.storage.front().contract.to_string()));
}

bool fits(const WordForgery& forgery, const Address& to, std::span<const std::byte> data) {
    const Function function(forgery.signature);
    if (data.size() < 4 || !std::ranges::equal(data.first(4), function.selector())) return false;
    if (forgery.to && *forgery.to != to) return false;
    if (!forgery.argument) return true;
    return data.size() >= 36 && std::ranges::equal(data.subspan(16, 20), forgery.argument->bytes);
}

/// What a call returned, with the forged words.
bool forge_words(const FaultPlan& plan, const Address& to, std::span<const std::byte> data, Bytes& returned, Notes& notes) {
    bool changed = false;
    for (const WordForgery& forgery : plan.words) {
        const std::size_t at = forgery.word * 32;
        if (!fits(forgery, to, data) || returned.size() < at + 32) continue;
        const U256 real = U256::from_big_endian(std::span<const std::byte, 32>(returned.data() + at, 32));
        const auto forged = model::mul_div(real, U256{forgery.numerator}, U256{forgery.denominator}, model::Rounding::down);
        if (!forged || *forged == real) continue;
        const auto bytes = forged->to_big_endian();
        std::ranges::copy(bytes, returned.begin() + static_cast<std::ptrdiff_t>(at));
        notes.emplace_back("word", fmt::format("{} of {}: {} for {}", forgery.signature, to.to_string(), forged->to_decimal(), real.to_decimal()));
        changed = true;
    }
    return changed;
}

struct InnerCall {
    Address to;
    std::span<const std::byte> data;
};

bool forge_aggregate(const FaultPlan& plan, std::span<const std::byte> data, Bytes& returned, Notes& notes) {
    AbiReader arguments(data.subspan(4), "aggregate3");
    const std::vector<InnerCall> calls = arguments.array(most_calls, [](AbiReader& item) {
        AbiReader fields = item.tuple();
        InnerCall inner;
        inner.to = fields.address();
        fields.skip(1);
        inner.data = fields.bytes();
        return inner;
    });
    if (arguments.error() != nullptr) return false;
    const auto results = adapters::evm::decode_aggregate3(calls.size(), returned);
    if (!results) return false;
    bool changed = false;
    AbiWriter items;
    for (std::size_t i = 0; i < calls.size(); ++i) {
        Bytes inner((*results)[i].data.begin(), (*results)[i].data.end());
        changed = ((*results)[i].success && forge_words(plan, calls[i].to, calls[i].data, inner, notes)) || changed;
        items.tuple(AbiWriter().boolean((*results)[i].success).bytes(inner));
    }
    if (changed) returned = AbiWriter().array(calls.size(), items).encoded();
    return changed;
}

bool forge_call(const FaultPlan& plan, const json& call, json& answer, Notes& notes) {
    static const Function aggregate3("aggregate3((address,bool,bytes)[])");
    json request = call;
    const std::string* text = call_data(request);
    if (plan.words.empty() || text == nullptr || !answer.contains("result") || !answer.at("result").is_string()) return false;
    const auto to = Address::parse(parameter(call, 0)->value("to", ""));
    const auto data = model::bytes_from_hex(*text);
    auto returned = model::bytes_from_hex(answer.at("result").get<std::string>());
    if (!to || !data || !returned || data->size() < 4) return false;
    const bool many = std::ranges::equal(std::span(*data).first(4), aggregate3.selector());
    const bool changed = many ? forge_aggregate(plan, *data, *returned, notes) : forge_words(plan, *to, *data, *returned, notes);
    if (changed) answer["result"] = model::to_hex(*returned);
    return changed;
}

/// A log that never was, of the first address that the filter names.
json invented_log(const json& call) {
    const json* filter = parameter(call, 0);
    const std::string zero = "0x" + std::string(64, '0');
    json address = filter != nullptr ? filter->value("address", json("0x" + std::string(40, '1'))) : json("0x" + std::string(40, '1'));
    if (address.is_array()) address = address.empty() ? json("0x" + std::string(40, '1')) : address.front();
    json log = json::object();
    log["address"] = address;
    log["topics"] = json::array();
    log["data"] = "0x";
    log["blockHash"] = filter != nullptr ? filter->value("blockHash", zero) : zero;
    log["blockNumber"] = "0x1";
    log["transactionHash"] = zero;
    log["transactionIndex"] = "0x0";
    log["logIndex"] = "0x0";
    return log;
}

bool forge_logs(const FaultPlan& plan, const json& call, json& answer, Notes& notes) {
    if (!answer.contains("result") || !answer.at("result").is_array()) return false;
    json& logs = answer["result"];
    if (const auto range = log_range(call); range && range->first < range->second && plan.log_limit && logs.size() > plan.log_limit->logs) {
        answer = refused(call, *plan.log_limit, notes).call;
        return true;
    }
    json kept = json::array();
    for (const json& log : logs) {
        const auto address = Address::parse(log.value("address", ""));
        const bool named = address && std::ranges::find(plan.omit_logs_of, *address) != plan.omit_logs_of.end();
        if (!plan.omit_logs && !named) kept.push_back(log);
    }
    bool changed = kept.size() < logs.size();
    if (changed) notes.emplace_back("omitted log", fmt::format("{} of {}", logs.size() - kept.size(), logs.size()));
    if (plan.add_removed_logs) {
        json removed = kept;
        if (removed.empty()) removed.push_back(invented_log(call));
        for (json& log : removed) {
            log["removed"] = true;
            kept.push_back(log);
        }
        notes.emplace_back("removed log", fmt::format("{}", removed.size()));
        changed = true;
    }
    logs = std::move(kept);
    return changed;
}

}  // namespace

std::uint64_t quantity(const json& text) {
    const auto number = U256::from_hex(text.get<std::string>());
    if (!number || !number->to_u64()) throw std::runtime_error("fault proxy: no quantity: " + text.dump());
    return *number->to_u64();
}

std::string quantity(std::uint64_t number) { return fmt::format("{:#x}", number); }

std::string forked_hash(const std::string& real) { return model::to_hex(model::keccak256("a branch of its own: " + real).bytes); }

std::optional<std::pair<std::uint64_t, std::uint64_t>> log_range(const json& call) {
    const json* filter = method_of(call) == "eth_getLogs" ? parameter(call, 0) : nullptr;
    if (filter == nullptr || !filter->is_object() || !filter->contains("fromBlock") || !filter->contains("toBlock")) return std::nullopt;
    const json& from = filter->at("fromBlock");
    const json& to = filter->at("toBlock");
    const auto is_number = [](const json& text) { return text.is_string() && text.get_ref<const std::string&>().starts_with("0x"); };
    if (!is_number(from) || !is_number(to) || quantity(to) < quantity(from)) return std::nullopt;
    return std::pair(quantity(from), quantity(to));
}

std::optional<std::string> named_hash(const json& call) {
    const std::string method = method_of(call);
    const json* where = nullptr;
    if (method == "eth_getBlockByHash") where = parameter(call, 0);
    if (method == "eth_getLogs") where = parameter(call, 0);
    if (const auto place = block_place(method)) where = parameter(call, *place);
    if (where != nullptr && where->is_object() && where->contains("blockHash")) where = &where->at("blockHash");
    if (where == nullptr || !where->is_string() || where->get_ref<const std::string&>().size() != 66) return std::nullopt;
    return where->get<std::string>();
}

ForgedRequest forge_request(const FaultPlan& plan, const NodeView& view, json call, Notes& notes) {
    const std::string method = method_of(call);
    if (method == "eth_chainId" && plan.chain_id) {
        notes.emplace_back("chain", fmt::format("chain {}", *plan.chain_id));
        return result(call, quantity(*plan.chain_id));
    }
    if (plan.forked_from) {
        const auto hash = named_hash(call);
        const auto own = hash ? view.real_hashes.find(*hash) : view.real_hashes.end();
        if (own != view.real_hashes.end()) {
            call = replaced(call, own->first, own->second);
        } else if (hash && view.asked && *view.asked >= *plan.forked_from) {
            notes.emplace_back("fork", fmt::format("{}: block {} is another one", method, *view.asked));
            return method == "eth_getBlockByHash" ? result(call, nullptr) : unknown_block(call);
        }
    }
    if (view.head)
        if (auto cut = cut_to_head(view, call, notes)) return std::move(*cut);
    if (const auto range = log_range(call); range && plan.log_limit && range->second - range->first >= plan.log_limit->blocks)
        return refused(call, *plan.log_limit, notes);
    if (method == "eth_call") {
        swap_positions(plan, call, notes);
        override_storage(plan, call, notes);
    }
    return {std::move(call), false};
}

bool forge_header(const FaultPlan& plan, NodeView& view, json& header, Notes& notes) {
    if (!plan.forked_from || !header.is_object() || !header.contains("number") || !header.at("number").is_string()) return false;
    const std::uint64_t number = quantity(header.at("number"));
    if (number < *plan.forked_from) return false;
    const auto own = [&](const std::string& real) {
        const std::string forked = forked_hash(real);
        view.real_hashes[forked] = real;
        return forked;
    };
    header["hash"] = own(header.at("hash").get<std::string>());
    if (number > *plan.forked_from) header["parentHash"] = own(header.at("parentHash").get<std::string>());
    const auto timestamp = static_cast<std::int64_t>(quantity(header.at("timestamp"))) + plan.timestamp_shift_s;
    header["timestamp"] = quantity(static_cast<std::uint64_t>(std::max<std::int64_t>(timestamp, 0)));
    notes.emplace_back("fork", fmt::format("block {} is {}", number, header.at("hash").get<std::string>()));
    return true;
}

bool forge_answer(const FaultPlan& plan, NodeView& view, const json& call, json& answer, Notes& notes) {
    const std::string method = method_of(call);
    if (!answer.is_object()) return false;
    if (method == "eth_call") return forge_call(plan, call, answer, notes);
    if (method.starts_with("eth_getBlockBy") && answer.contains("result")) return forge_header(plan, view, answer["result"], notes);
    if (method != "eth_getLogs") return false;
    bool changed = forge_logs(plan, call, answer, notes);
    if (plan.forked_from && answer.contains("result") && answer.at("result").is_array())
        for (json& log : answer["result"]) {
            if (!log.value("blockNumber", json()).is_string() || quantity(log.at("blockNumber")) < *plan.forked_from) continue;
            log["blockHash"] = forked_hash(log.at("blockHash").get<std::string>());
            changed = true;
        }
    return changed;
}

}  // namespace margind::tests
