// What a reading does about searches: it takes them up where they have come near the head, and carries them on from block to block.
#include "daemon/block_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace margind::daemon {

using model::Result;

Watches BlockReader::all_watches() const {
    Watches all = known_.watches;
    Watches searches = known_.searches.watches(venues_.size());
    std::move(searches.begin(), searches.end(), std::back_inserter(all));
    return all;
}

void BlockReader::add_found_to(Questions& questions) const {
    for (const auto& [venue, config] : questions.venues)
        if (known_.searches.searches(venue)) questions.found.emplace(venue, known_.searches.found(venue));
    const auto add = [&](const Holder& holder) {
        if (known_.searches.searches(holder.venue)) questions.found_of_owner.emplace(holder, known_.searches.found_of(holder));
    };
    for (const auto& [holder, venue] : questions.accounts) add(holder);
    for (const auto& [holder, venue] : questions.empties) add(holder);
}

// Takes over what the searcher knows, if that is near enough and of this branch.
asio::awaitable<Result<void>> BlockReader::adopt(CarriedSearch& search) {
    auto offer = parts_.searcher->offer(search.wanted->id);
    if (!offer) {
        search.reason = "searching";
        co_return Result<void>{};
    }
    if (search.reached && search.state.next == 0) co_return Result<void>{};
    if (search.reached) {
        // What was confirmed beside the readings.
        SearchState confirmed = offer->state;
        drop_found_above(confirmed, search.state.next - 1);
        if (confirmed.agreed <= search.state.agreed) co_return Result<void>{};
        add_found(search.state, search.wanted->search.filter, *confirmed.found, 0);
        search.state.agreed = confirmed.agreed;
        co_return Result<void>{};
    }
    search.reason = searching_text(offer->state, search.wanted->search.from_block, block_.number);
    if (!parts_.searcher->trouble().empty()) search.reason += "; " + parts_.searcher->trouble();
    if (offer->state.next + near_the_head <= block_.number) co_return Result<void>{};
    if (offer->point && offer->point->number <= block_.number) {
        const std::uint64_t number = offer->point->number;
        const auto header = co_await header_at(number);
        if (!header) co_return model::fail(header.error());
        if (!*header || (*header)->ref.hash != offer->point->hash) {
            parts_.searcher->doubt(search.wanted->id);
            co_return Result<void>{};
        }
    }
    search.state = std::move(offer->state);
    drop_found_above(search.state, block_.number);
    search.reached = true;
    search.reason.clear();
    co_return Result<void>{};
}

asio::awaitable<Result<void>> BlockReader::find_searches() {
    VenueSearches& searches = known_.searches;
    for (std::uint32_t venue = 0; venue < venues_.size(); ++venue) {
        if (!known_.configs[venue]) continue;
        const auto named = searches.name(venue, *scope_.venues[venue], known_.configs[venue]->facts, *owners_, carried_);
        if (named) continue;
        known_.configs[venue].reset();
        venues_[venue].reason = in_short(named.error());
    }
    std::vector<WantedSearch> wanted;
    for (const CarriedSearch& search : searches.all())
        if (!search.reached) wanted.push_back(*search.wanted);
    if (parts_.searcher) {
        parts_.searcher->want(wanted);
        for (CarriedSearch& search : searches.all()) {
            const auto adopted = co_await adopt(search);
            if (!adopted) co_return model::fail(adopted.error());
        }
    }
    set_unreached();
    co_return Result<void>{};
}

void BlockReader::set_unreached() {
    for (std::uint32_t venue = 0; venue < venues_.size(); ++venue) {
        if (!known_.searches.searches(venue)) continue;
        const std::string shared = known_.searches.unreached(venue, std::nullopt);
        if (!shared.empty()) venues_[venue].reason = shared;
        for (std::uint32_t owner = 0; owner < owners_->size(); ++owner) {
            const Holder holder{venue, owner};
            const std::string own = shared.empty() ? known_.searches.unreached(venue, owner) : std::string();
            if (shared.empty() && own.empty()) continue;
            // Who had nothing may have something that was not found.
            known_.carried.at(holder) = CarriedEntry{};
            if (shared.empty()) failed_[holder] = own;
        }
    }
}

// What was found in this very block tells of more that is to be read of the venue.
asio::awaitable<Result<void>> BlockReader::read_found(std::set<std::uint32_t> venues) {
    Questions questions;
    for (const std::uint32_t venue : venues)
        if (known_.configs[venue] && venues_[venue].facts) questions.venues[venue] = known_.configs[venue]->facts;
    if (questions.venues.empty()) co_return Result<void>{};
    add_found_to(questions);
    const auto settled = co_await agree(std::move(questions));
    if (!settled) co_return model::fail(settled.error());
    take_venues(*settled);
    block_answers_.single_source = block_answers_.single_source || settled->single_source;
    take_watches();
    co_return Result<void>{};
}

}  // namespace margind::daemon
