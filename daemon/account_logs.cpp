// The logs after which some account's stored state may be another, over all venues of a chain. Pure.
#include "daemon/account_logs.hpp"

#include <algorithm>
#include <span>

namespace margind::daemon {
namespace {

template <class T>
void sort_unique(std::vector<T>& list) {
    std::sort(list.begin(), list.end());
    list.erase(std::unique(list.begin(), list.end()), list.end());
}

template <class T>
bool any_in(const std::vector<T>& items, const adapters::rpc::Bloom& bloom) {
    return std::any_of(items.begin(), items.end(), [&](const T& item) { return adapters::rpc::may_hold(bloom, std::as_bytes(std::span(item.bytes))); });
}

}  // namespace

SortedWatch::SortedWatch(adapters::Watch watch) : addresses(std::move(watch.addresses)), topics(std::move(watch.topics)) {
    sort_unique(addresses);
    sort_unique(topics);
}

std::optional<adapters::Logs> merged_filter(const Watches& watches) {
    adapters::Logs filter;
    std::vector<model::Bytes32> topics;
    for (const auto& watch : watches) {
        if (!watch) continue;
        filter.addresses.insert(filter.addresses.end(), watch->addresses.begin(), watch->addresses.end());
        topics.insert(topics.end(), watch->topics.begin(), watch->topics.end());
    }
    // An empty list would mean any.
    if (filter.addresses.empty() || topics.empty()) return std::nullopt;
    sort_unique(filter.addresses);
    sort_unique(topics);
    filter.topics.push_back(std::move(topics));
    filter.from_block = 1;
    return filter;
}

bool concerns(const SortedWatch& watch, const adapters::Log& log) {
    return !log.topics.empty() && std::binary_search(watch.topics.begin(), watch.topics.end(), log.topics.front()) &&
           std::binary_search(watch.addresses.begin(), watch.addresses.end(), log.address);
}

bool may_concern(const SortedWatch& watch, const adapters::rpc::Bloom& bloom) { return any_in(watch.topics, bloom) && any_in(watch.addresses, bloom); }

std::set<Holder> touched_by(const std::vector<adapters::Log>& logs, const Watches& watches, const Scope& scope, const std::vector<model::Address>& owners) {
    std::set<Holder> touched;
    for (const adapters::Log& log : logs)
        for (std::uint32_t venue = 0; venue < watches.size(); ++venue) {
            if (!watches[venue] || !concerns(*watches[venue], log)) continue;
            for (const model::Address& owner : scope.venues[venue]->touched(log)) {
                const auto found = std::lower_bound(owners.begin(), owners.end(), owner);
                if (found != owners.end() && *found == owner) touched.insert(Holder{venue, static_cast<std::uint32_t>(found - owners.begin())});
            }
        }
    return touched;
}

std::vector<SilentBlock> silent_blocks(const std::vector<adapters::rpc::BlockHeader>& headers, const Watches& watches, const std::vector<adapters::Log>& logs) {
    std::vector<SilentBlock> silent;
    for (const adapters::rpc::BlockHeader& header : headers)
        for (std::uint32_t venue = 0; venue < watches.size(); ++venue) {
            if (!watches[venue] || !may_concern(*watches[venue], header.logs_bloom)) continue;
            const bool spoken = std::any_of(logs.begin(), logs.end(), [&](const adapters::Log& log) {
                return log.block_hash == header.ref.hash && concerns(*watches[venue], log);
            });
            if (!spoken) silent.push_back(SilentBlock{venue, header.ref.number});
        }
    return silent;
}

}  // namespace margind::daemon
