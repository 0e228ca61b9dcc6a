// What eth_getLogs is asked and what it answered: only what was asked for is believed. Pure.
#include "adapters/rpc/logs.hpp"

#include "adapters/rpc/fields.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

namespace margind::adapters::rpc {

namespace {

using model::ErrorCode;
using model::Retry;
using nlohmann::json;

constexpr std::size_t max_topics = 4;

/// `query` holds the blocks.
std::string params_of(const Logs& filter, json query) {
    if (!filter.addresses.empty()) {
        json list = json::array();
        for (const model::Address& address : filter.addresses) list.push_back(model::to_hex(address.bytes));
        query["address"] = std::move(list);
    }
    if (!filter.topics.empty()) {
        json topics = json::array();
        for (const auto& choices : filter.topics) {
            json list = json::array();
            for (const model::Bytes32& topic : choices) list.push_back(topic.to_string());
            topics.push_back(choices.empty() ? json(nullptr) : std::move(list));
        }
        query["topics"] = std::move(topics);
    }
    return "[" + query.dump() + "]";
}

std::optional<Log> parse_log(const json& item) {
    const std::string* address_text = text_of(item, "address");
    const std::string* data_text = text_of(item, "data");
    const auto topics = item.find("topics");
    const auto number = quantity_of(item, "blockNumber");
    const auto hash = hash_of(item, "blockHash");
    const auto index = quantity_of(item, "logIndex");
    if (address_text == nullptr || data_text == nullptr || topics == item.end() || !topics->is_array() || !number || !hash || !index)
        return std::nullopt;
    const auto address = model::Address::parse(*address_text);
    auto data = model::bytes_from_hex(*data_text, data_text->size());
    if (!address || !data || topics->size() > max_topics || *index > std::numeric_limits<std::uint32_t>::max()) return std::nullopt;
    Log log;
    for (const json& topic : *topics) {
        const auto value = topic.is_string() ? model::Bytes32::parse(topic.get_ref<const std::string&>()) : std::nullopt;
        if (!value) return std::nullopt;
        log.topics.push_back(*value);
    }
    log.address = *address;
    log.data = std::move(*data);
    log.block_number = *number;
    log.block_hash = *hash;
    log.log_index = static_cast<std::uint32_t>(*index);
    return log;
}

template <class T>
bool holds(const std::vector<T>& choices, const T& value) {
    return choices.empty() || std::find(choices.begin(), choices.end(), value) != choices.end();
}

bool asked_for(const Logs& filter, const Log& log) {
    if (!holds(filter.addresses, log.address) || log.topics.size() < filter.topics.size()) return false;
    for (std::size_t i = 0; i < filter.topics.size(); ++i)
        if (!holds(filter.topics[i], log.topics[i])) return false;
    return true;
}

tl::unexpected<model::Error> refuse(const std::string& shown, std::string_view what) {
    return model::fail(ErrorCode::upstream, fmt::format("{}: eth_getLogs: {}", shown, what), Retry::other_endpoint);
}

template <class Within>
model::Result<std::vector<Log>> parse(const json& result, const Logs& filter, const std::string& shown, Within within) {
    if (!result.is_array()) return refuse(shown, "the result is not an array");
    std::vector<Log> out;
    out.reserve(result.size());
    for (const json& item : result) {
        if (!item.is_object()) return refuse(shown, "a log is not an object");
        const auto removed = item.find("removed");
        if (removed != item.end() && removed->is_boolean() && removed->get<bool>()) continue;
        auto log = parse_log(item);
        if (!log) return refuse(shown, "a log is malformed");
        if (!within(*log)) 
            return refuse(shown, fmt::format("a log of block {} ({}) was not asked for", log->block_number, log->block_hash.to_string()));
        if (!asked_for(filter, *log)) return refuse(shown, fmt::format("a log of {} was not asked for", log->address.to_string()));
        out.push_back(std::move(*log));
    }
    return out;
}

}  // namespace

std::string logs_params(const Logs& filter, std::uint64_t from, std::uint64_t to) {
    json query = json::object();
    query["fromBlock"] = model::U256(from).to_hex();
    query["toBlock"] = model::U256(to).to_hex();
    return params_of(filter, std::move(query));
}

std::string logs_params(const Logs& filter, const model::Bytes32& block) {
    json query = json::object();
    query["blockHash"] = block.to_string();
    return params_of(filter, std::move(query));
}

model::Result<std::vector<Log>> parse_logs(const json& result, const Logs& filter, std::uint64_t from, std::uint64_t to,
                                           const std::string& shown) {
    return parse(result, filter, shown, [&](const Log& log) { return log.block_number >= from && log.block_number <= to; });
}

model::Result<std::vector<Log>> parse_logs(const json& result, const Logs& filter, const model::Bytes32& block, const std::string& shown) {
    return parse(result, filter, shown, [&](const Log& log) { return log.block_hash == block; });
}

}  // namespace margind::adapters::rpc
