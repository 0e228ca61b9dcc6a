// Searches over a whole chain: what each has found and up to where. Pure.
#include "daemon/search.hpp"

#include "risk/model/in_quotes.hpp"
#include "risk/model/json_text.hpp"
#include "risk/model/keccak.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <iterator>
#include <tuple>
#include <utility>

namespace margind::daemon {
namespace {

using adapters::Log;
using adapters::Logs;
using model::ErrorCode;
using model::Result;
using nlohmann::json;

// A log holds at most 4 topics and what fits into a transaction.
const model::JsonLimits text_limits{1U << 20U, 4, 4096};

// All of it: an operator that invents a log does not push out the one that is at its place.
auto identity(const Log& log) { return std::tie(log.block_number, log.log_index, log.block_hash, log.address, log.topics, log.data); }

template <class T>
void sort_unique(std::vector<T>& list) {
    std::sort(list.begin(), list.end());
    list.erase(std::unique(list.begin(), list.end()), list.end());
}

template <class T>
bool among(const std::vector<T>& choices, const T& value) {
    return choices.empty() || std::find(choices.begin(), choices.end(), value) != choices.end();
}

std::string text_of(const Logs& filter) {
    std::string text;
    for (const model::Address& address : filter.addresses) text += model::to_hex(address.bytes) + ',';
    for (const auto& choices : filter.topics) {
        text += '/';
        for (const model::Bytes32& topic : choices) text += topic.to_string() + ',';
    }
    return text;
}

// One filter that asks for what both ask for and nothing else.
bool merge_into(Logs& one, const Logs& other, std::size_t most) {
    if (one.addresses != other.addresses || one.topics.size() != other.topics.size()) return false;
    std::optional<std::size_t> differs;
    for (std::size_t i = 0; i < one.topics.size(); ++i) {
        if (one.topics[i] == other.topics[i]) continue;
        if (differs || one.topics[i].empty() || other.topics[i].empty()) return false;
        differs = i;
    }
    if (!differs) return true;
    std::vector<model::Bytes32> both = one.topics[*differs];
    both.insert(both.end(), other.topics[*differs].begin(), other.topics[*differs].end());
    sort_unique(both);
    if (both.size() > most) return false;
    one.topics[*differs] = std::move(both);
    return true;
}

tl::unexpected<model::Error> damaged(const std::string& text) {
    return model::fail(ErrorCode::storage, "not a log that was found: " + model::in_quotes(text));
}

}  // namespace

Result<WantedSearch> wanted(const model::VenueId& venue, const model::Address* owner, adapters::Search search) {
    if (search.filter.addresses.empty() || search.filter.topics.empty() || search.filter.topics.front().empty())
        return model::fail(ErrorCode::bad_input, venue.to_string() + ": a search without an address or without a topic 0 would take in the whole chain");
    sort_unique(search.filter.addresses);
    for (auto& choices : search.filter.topics) sort_unique(choices);
    WantedSearch made;
    made.id = model::keccak256(fmt::format("margind.search/1\n{}\n{}\n{}\n{}", venue.to_string(), owner ? model::to_hex(owner->bytes) : "", search.from_block,
                                           text_of(search.filter)));
    made.search = std::move(search);
    return made;
}

bool asks_for(const Logs& filter, const Log& log) {
    if (!among(filter.addresses, log.address) || log.topics.size() < filter.topics.size()) return false;
    for (std::size_t i = 0; i < filter.topics.size(); ++i)
        if (!among(filter.topics[i], log.topics[i])) return false;
    return true;
}

void sort_logs(std::vector<Log>& logs) {
    std::sort(logs.begin(), logs.end(), [](const Log& a, const Log& b) { return identity(a) < identity(b); });
    logs.erase(std::unique(logs.begin(), logs.end(), [](const Log& a, const Log& b) { return identity(a) == identity(b); }), logs.end());
}

bool add_found(SearchState& state, const Logs& filter, const std::vector<Log>& logs, std::uint64_t from) {
    std::vector<Log> all;
    std::copy_if(logs.begin(), logs.end(), std::back_inserter(all), [&](const Log& log) { return log.block_number >= from && asks_for(filter, log); });
    if (all.empty()) return false;
    all.insert(all.end(), state.found->begin(), state.found->end());
    sort_logs(all);
    if (all.size() == state.found->size()) return false;
    state.found = std::make_shared<const std::vector<Log>>(std::move(all));
    return true;
}

void drop_found_above(SearchState& state, std::uint64_t number) {
    if (state.next <= number + 1) return;
    state.next = number + 1;
    state.agreed = std::min(state.agreed, state.next);
    if (state.found->empty() || state.found->back().block_number <= number) return;
    std::vector<Log> kept;
    std::copy_if(state.found->begin(), state.found->end(), std::back_inserter(kept), [number](const Log& log) { return log.block_number <= number; });
    state.found = std::make_shared<const std::vector<Log>>(std::move(kept));
}

std::vector<Logs> merged(std::vector<Logs> filters, std::size_t most) {
    std::vector<Logs> few;
    for (Logs& filter : filters) {
        const bool taken = std::any_of(few.begin(), few.end(), [&](Logs& one) { return merge_into(one, filter, most); });
        if (!taken) few.push_back(std::move(filter));
    }
    return few;
}

std::string searching_text(const SearchState& state, std::uint64_t from, std::uint64_t head) {
    const std::uint64_t all = head >= from ? head - from + 1 : 1;
    const std::uint64_t done = std::min(state.next > from ? state.next - from : 0, all);
    // Not all of it before it is.
    const double share = std::min(99.9, 100.0 * static_cast<double>(done) / static_cast<double>(all));
    return fmt::format("searching: {:.{}f} % of blocks {} to {}", share, share < 10 || share > 99 ? 1 : 0, from, head);
}

std::string found_text(const Log& log) {
    json topics = json::array();
    for (const model::Bytes32& topic : log.topics) topics.push_back(topic.to_string());
    json text = json::object();
    text["address"] = model::to_hex(log.address.bytes);
    text["topics"] = std::move(topics);
    text["data"] = model::to_hex(log.data);
    text["block"] = log.block_hash.to_string();
    return text.dump();
}

Result<Log> found_of(const std::string& text, std::uint64_t number, std::uint32_t index) {
    const auto document = model::parse_json(text, text_limits);
    if (!document || !document->is_object()) return damaged(text);
    const auto string_of = [&](const char* name) {
        const auto found = document->find(name);
        return found != document->end() && found->is_string() ? found->get<std::string>() : std::string();
    };
    const auto topics = document->find("topics");
    if (topics == document->end() || !topics->is_array()) return damaged(text);
    const std::string data_text = string_of("data");
    const auto address = model::Address::parse(string_of("address"));
    const auto block = model::Bytes32::parse(string_of("block"));
    auto data = model::bytes_from_hex(data_text);
    if (!address || !block || !data) return damaged(text);
    Log log;
    for (const json& item : *topics) {
        const auto topic = item.is_string() ? model::Bytes32::parse(item.get<std::string>()) : std::nullopt;
        if (!topic) return damaged(text);
        log.topics.push_back(*topic);
    }
    log.address = *address;
    log.data = std::move(*data);
    log.block_number = number;
    log.block_hash = *block;
    log.log_index = index;
    return log;
}

std::string points_text(const std::vector<SearchPoint>& points) {
    json all = json::array();
    for (const SearchPoint& point : points) {
        json one = json::array();
        one.push_back(point.number);
        one.push_back(point.hash.to_string());
        all.push_back(std::move(one));
    }
    return all.dump();
}

Result<std::vector<SearchPoint>> points_of(const std::string& text) {
    const auto document = model::parse_json(text, text_limits);
    if (!document || !document->is_array()) return damaged(text);
    std::vector<SearchPoint> points;
    for (const json& item : *document) {
        if (!item.is_array() || item.size() != 2 || !item[0].is_number_unsigned() || !item[1].is_string()) return damaged(text);
        const auto hash = model::Bytes32::parse(item[1].get<std::string>());
        if (!hash) return damaged(text);
        points.push_back(SearchPoint{item[0].get<std::uint64_t>(), *hash});
    }
    return points;
}

}  // namespace margind::daemon
