// What is known of every owner at every venue from one block to the next. Pure.
#include "daemon/carried.hpp"

#include <algorithm>
#include <utility>

namespace margind::daemon {
namespace {

using Kind = CarriedEntry::Kind;

}  // namespace

void Carried::drop_above(std::uint64_t number) {
    for (std::vector<CarriedEntry>& venue : entries_)
        for (CarriedEntry& entry : venue) {
            if (entry.read_at.number > number) entry = CarriedEntry{};
            else if (entry.verified_at.number > number) entry.verified_at = entry.read_at;
        }
}

void Carried::drop_venue(std::uint32_t venue) {
    for (CarriedEntry& entry : entries_[venue]) {
        if (entry.kind == Kind::held) entry = CarriedEntry{};
        entry.doubtful = entry.kind == Kind::empty;
    }
}

VenuePlan plan_venue(const Carried& carried, std::uint32_t venue, const Passage& passage, const model::BlockRef& block, std::uint32_t verify_every) {
    VenuePlan plan;
    std::vector<std::pair<std::uint64_t, Holder>> candidates;
    for (std::uint32_t owner = 0; owner < carried.owners(); ++owner) {
        const Holder holder{venue, owner};
        const CarriedEntry& entry = carried.at(holder);
        if (entry.kind == Kind::absent || entry.doubtful || entry.read_at.number > passage.fork) {
            plan.read.push_back(holder);
            continue;
        }
        const bool borne_out_elsewhere = entry.verified_at.number > passage.fork;
        candidates.emplace_back(borne_out_elsewhere ? entry.read_at.number : entry.verified_at.number, holder);
    }
    const std::uint64_t passed = std::min<std::uint64_t>(passage.gap, verify_every);
    const std::size_t turn = (candidates.size() * passed + verify_every - 1) / verify_every;
    const auto last = candidates.begin() + static_cast<std::ptrdiff_t>(turn);
    if (last != candidates.begin() && last != candidates.end()) std::nth_element(candidates.begin(), last - 1, candidates.end());
    for (std::size_t i = 0; i < candidates.size(); ++i) {
        const auto& [verified, holder] = candidates[i];
        if (i >= turn && verified + verify_every > block.number) continue;
        (carried.at(holder).kind == Kind::held ? plan.views : plan.empties).push_back(holder);
    }
    std::sort(plan.views.begin(), plan.views.end());
    std::sort(plan.empties.begin(), plan.empties.end());
    return plan;
}

}  // namespace margind::daemon
