// Searches over a whole chain: what each has found and up to where. Pure.
#pragma once

#include "daemon/questions.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace margind::daemon {

/// A search that is no further behind the head is finished by a reading itself, which pins blocks by their hashes.
inline constexpr std::uint64_t near_the_head = 256;

/// Sorted by block and index, no two the same; never null.
using FoundLogs = std::shared_ptr<const std::vector<adapters::Log>>;

/// A search with a name that is the same in every run.
struct WantedSearch {
    /// Over venue, owner and filter.
    model::Bytes32 id;
    adapters::Search search;
    /// Of a portfolio, or shared by all owners of a venue: kept from one run to the next.
    bool lasting = true;
};

struct SearchState {
    FoundLogs found = std::make_shared<const std::vector<adapters::Log>>();
    /// The first block that was not searched.
    std::uint64_t next = 0;
    /// The first block that not two operators were heard about; at most `next`.
    std::uint64_t agreed = 0;
};

/// A place on the chain where it was searched, to be looked at again: another hash there means that what lies below may be another too.
struct SearchPoint {
    std::uint64_t number = 0;
    model::Bytes32 hash;
    friend bool operator==(const SearchPoint&, const SearchPoint&) = default;
};

/// Fails for a filter without an address or without a topic 0: it would take in the whole chain.
model::Result<WantedSearch> wanted(const model::VenueId& venue, const model::Address* owner, adapters::Search search);

/// By block and index; of two that are the same one goes.
void sort_logs(std::vector<adapters::Log>& logs);
bool asks_for(const adapters::Logs& filter, const adapters::Log& log);
/// Those of `logs` that the filter asks for, from block `from` on, beside what was found; true when there were any new.
bool add_found(SearchState& state, const adapters::Logs& filter, const std::vector<adapters::Log>& logs, std::uint64_t from);
/// Nothing of blocks above `number` counts any more.
void drop_found_above(SearchState& state, std::uint64_t number);

/// The filters as few as can be: equal but for one topic, they are one with the choices of both. None has more than `most` choices.
std::vector<adapters::Logs> merged(std::vector<adapters::Logs> filters, std::size_t most);

/// "searching: 37 % of blocks 18883124 to 21000000".
std::string searching_text(const SearchState& state, std::uint64_t from, std::uint64_t head);

/// What a log holds besides its block's number and its index, and back.
std::string found_text(const adapters::Log& log);
model::Result<adapters::Log> found_of(const std::string& text, std::uint64_t number, std::uint32_t index);
std::string points_text(const std::vector<SearchPoint>& points);
model::Result<std::vector<SearchPoint>> points_of(const std::string& text);

}  // namespace margind::daemon
