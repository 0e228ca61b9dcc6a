// The searches of all venues and owners of a reading, carried from one block to the next. Pure.
#pragma once

#include "daemon/account_logs.hpp"
#include "daemon/search.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace margind::daemon {

/// One search, and what a reading knows of it.
struct CarriedSearch {
    std::uint32_t venue = 0;
    /// Empty: for all owners.
    std::optional<std::uint32_t> owner;
    std::shared_ptr<const WantedSearch> wanted;
    SearchState state;
    /// Everything below `state.next` was searched, on the branch that is read, and `next` is not far below its head.
    bool reached = false;
    /// Why it is not, for people.
    std::string reason;
};

class VenueSearches {
public:
    /// Names the searches of a venue by its configuration, where that is another than the last time. Fails as wanted() does.
    model::Result<void> name(std::uint32_t venue, const adapters::Adapter& adapter, const model::FactsPtr& config, const std::vector<model::Address>& owners,
                             bool lasting);
    std::vector<CarriedSearch>& all() { return all_; }
    const std::vector<CarriedSearch>& all() const { return all_; }
    bool searches(std::uint32_t venue) const;

    void drop_above(std::uint64_t number);
    /// Nothing is known to be of the branch that is read.
    void forget();

    /// The first block that some search that was reached has not searched; empty where there is none.
    std::optional<std::uint64_t> first_open() const;
    /// Addresses and first topics of those that were reached, by venue.
    Watches watches(std::size_t venues) const;
    /// Empty: all searches for all owners (`owner` empty) or for this one have been reached.
    std::string unreached(std::uint32_t venue, std::optional<std::uint32_t> owner) const;
    /// One operator alone gave some of what was found for it.
    bool alone(std::uint32_t venue, std::uint32_t owner) const;

    struct News {
        std::set<std::uint32_t> venues;
        std::set<Holder> holders;
    };
    /// All logs from first_open() to `block`: by two operators, or by one alone.
    News take(const std::vector<adapters::Log>& logs, std::uint64_t block, bool by_two);
    /// What two operators were not heard about from this block on.
    void doubt(std::uint32_t venue, std::uint64_t block);

    std::shared_ptr<const VenueFound> found(std::uint32_t venue) const;
    std::shared_ptr<const std::vector<adapters::Log>> found_of(const Holder& holder) const;

private:
    /// Sorted by venue and owner, those for all owners first.
    std::vector<CarriedSearch> all_;
    std::map<std::uint32_t, model::FactsPtr> named_by_;
};

}  // namespace margind::daemon
