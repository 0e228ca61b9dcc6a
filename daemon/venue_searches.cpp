// The searches of all venues and owners of a reading, carried from one block to the next. Pure.
#include "daemon/venue_searches.hpp"

#include <algorithm>
#include <span>
#include <utility>

namespace margind::daemon {
namespace {

using adapters::Log;
using model::Result;

using Place = std::pair<std::uint32_t, std::optional<std::uint32_t>>;

Place place_of(const CarriedSearch& search) { return {search.venue, search.owner}; }

// Of the sorted searches those of a venue for all owners, or for one.
std::span<const CarriedSearch> those_of(const std::vector<CarriedSearch>& all, const Place& place) {
    const auto first = std::partition_point(all.begin(), all.end(), [&](const CarriedSearch& search) { return place_of(search) < place; });
    const auto last = std::partition_point(first, all.end(), [&](const CarriedSearch& search) { return place_of(search) == place; });
    return std::span(first, last);
}

bool is_alone(const CarriedSearch& search) { return search.reached && search.state.agreed < search.state.next; }

}  // namespace

Result<void> VenueSearches::name(std::uint32_t venue, const adapters::Adapter& adapter, const model::FactsPtr& config, const std::vector<model::Address>& owners,
                                 bool lasting) {
    const auto before = named_by_.find(venue);
    if (before != named_by_.end() && before->second == config) return {};
    std::map<model::Bytes32, CarriedSearch> known;
    for (CarriedSearch& search : all_)
        if (search.venue == venue) known.emplace(search.wanted->id, std::move(search));
    std::erase_if(all_, [venue](const CarriedSearch& search) { return search.venue == venue; });
    const auto add = [&](const model::Address* owner, std::optional<std::uint32_t> place) -> Result<void> {
        for (adapters::Search& search : adapter.searches(*config, owner)) {
            auto made = wanted(adapter.venue(), owner, std::move(search));
            if (!made) return model::fail(made.error());
            if (const auto old = known.find(made->id); old != known.end()) {
                all_.push_back(std::move(old->second));
                known.erase(old);
                continue;
            }
            made->lasting = lasting || owner == nullptr;
            CarriedSearch& fresh = all_.emplace_back();
            fresh.venue = venue;
            fresh.owner = place;
            fresh.state.next = fresh.state.agreed = made->search.from_block;
            fresh.wanted = std::make_shared<const WantedSearch>(std::move(*made));
        }
        return {};
    };
    if (auto done = add(nullptr, std::nullopt); !done) return done;
    for (std::uint32_t owner = 0; owner < owners.size(); ++owner)
        if (auto done = add(&owners[owner], owner); !done) return done;
    std::stable_sort(all_.begin(), all_.end(), [](const CarriedSearch& a, const CarriedSearch& b) { return place_of(a) < place_of(b); });
    named_by_[venue] = config;
    return {};
}

bool VenueSearches::searches(std::uint32_t venue) const {
    return std::any_of(all_.begin(), all_.end(), [venue](const CarriedSearch& search) { return search.venue == venue; });
}

void VenueSearches::drop_above(std::uint64_t number) {
    for (CarriedSearch& search : all_)
        if (search.reached) drop_found_above(search.state, number);
}

void VenueSearches::forget() {
    for (CarriedSearch& search : all_) {
        search.reached = false;
        search.state = SearchState{};
        search.state.next = search.state.agreed = search.wanted->search.from_block;
    }
}

std::optional<std::uint64_t> VenueSearches::first_open() const {
    std::optional<std::uint64_t> first;
    for (const CarriedSearch& search : all_)
        if (search.reached) first = std::min(first.value_or(search.state.next), search.state.next);
    return first;
}

Watches VenueSearches::watches(std::size_t venues) const {
    Watches watches(venues);
    for (const CarriedSearch& search : all_) {
        if (!search.reached) continue;
        const adapters::Logs& filter = search.wanted->search.filter;
        adapters::Watch watch;
        if (watches[search.venue]) {
            watch.addresses = watches[search.venue]->addresses;
            watch.topics = watches[search.venue]->topics;
        }
        watch.addresses.insert(watch.addresses.end(), filter.addresses.begin(), filter.addresses.end());
        watch.topics.insert(watch.topics.end(), filter.topics.front().begin(), filter.topics.front().end());
        watches[search.venue].emplace(std::move(watch));
    }
    return watches;
}

std::string VenueSearches::unreached(std::uint32_t venue, std::optional<std::uint32_t> owner) const {
    for (const CarriedSearch& search : those_of(all_, Place(venue, owner)))
        if (!search.reached) return search.reason.empty() ? "searching" : search.reason;
    return {};
}

bool VenueSearches::alone(std::uint32_t venue, std::uint32_t owner) const {
    const auto shared = those_of(all_, Place(venue, std::nullopt));
    const auto own = those_of(all_, Place(venue, owner));
    return std::any_of(shared.begin(), shared.end(), is_alone) || std::any_of(own.begin(), own.end(), is_alone);
}

VenueSearches::News VenueSearches::take(const std::vector<Log>& logs, std::uint64_t block, bool by_two) {
    News news;
    for (CarriedSearch& search : all_) {
        if (!search.reached || search.state.next > block) continue;
        const bool agreed = search.state.agreed >= search.state.next;
        const bool more = add_found(search.state, search.wanted->search.filter, logs, search.state.next);
        search.state.next = block + 1;
        if (agreed && by_two) search.state.agreed = search.state.next;
        if (!more) continue;
        news.venues.insert(search.venue);
        if (search.owner) news.holders.insert(Holder{search.venue, *search.owner});
    }
    return news;
}

void VenueSearches::doubt(std::uint32_t venue, std::uint64_t block) {
    for (CarriedSearch& search : all_)
        if (search.venue == venue && search.reached) search.state.agreed = std::min(search.state.agreed, block);
}

std::shared_ptr<const VenueFound> VenueSearches::found(std::uint32_t venue) const {
    auto found = std::make_shared<VenueFound>();
    for (const CarriedSearch& search : all_) {
        if (search.venue != venue || !search.reached) continue;
        std::vector<Log>& into = search.owner ? found->owned : found->shared;
        into.insert(into.end(), search.state.found->begin(), search.state.found->end());
    }
    sort_logs(found->shared);
    sort_logs(found->owned);
    return found;
}

std::shared_ptr<const std::vector<Log>> VenueSearches::found_of(const Holder& holder) const {
    auto found = std::make_shared<std::vector<Log>>();
    for (const CarriedSearch& search : those_of(all_, Place(holder.venue, holder.owner)))
        if (search.reached) found->insert(found->end(), search.state.found->begin(), search.state.found->end());
    sort_logs(*found);
    return found;
}

}  // namespace margind::daemon
