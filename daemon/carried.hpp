// What is known of every owner at every venue from one block to the next. Pure.
#pragma once

#include "daemon/questions.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace margind::daemon {

struct CarriedEntry {
    enum class Kind : std::uint8_t { absent, empty, held };
    Kind kind = Kind::absent;
    /// Of `held`: at least one, with the views of `read_at`.
    std::shared_ptr<const adapters::AccountReadings> accounts;
    /// The block at which accounts (or that there are none) were read.
    model::BlockRef read_at;
    /// The last block at which the venue itself bore them out.
    model::BlockRef verified_at;
    /// One operator alone said so, or vouched that nothing changed since, while more were configured.
    bool single_source = false;
    bool unpinned = false;
    /// Not to be carried forward: operators contradict each other, the rule does not bear the views out, or one of the accounts
    /// could not be read.
    bool doubtful = false;
};

class Carried {
public:
    Carried(std::size_t venues, std::size_t owners) : owners_(owners), entries_(venues, std::vector<CarriedEntry>(owners)) {}

    const CarriedEntry& at(const Holder& holder) const { return entries_[holder.venue][holder.owner]; }
    CarriedEntry& at(const Holder& holder) { return entries_[holder.venue][holder.owner]; }
    std::size_t venues() const { return entries_.size(); }
    std::size_t owners() const { return owners_; }

    /// Forgets what was read above `number`; what was only borne out there keeps its facts.
    void drop_above(std::uint64_t number);
    /// Forgets what is held at a venue; who had nothing there stays known, to be read again.
    void drop_venue(std::uint32_t venue);

private:
    std::size_t owners_;
    std::vector<std::vector<CarriedEntry>> entries_;
};

/// How to go on from the block that was read last.
struct Passage {
    /// Above this block's number everything is of another branch.
    std::uint64_t fork = 0;
    /// Blocks from there to the one that is read.
    std::uint64_t gap = 0;
};

/// What is to be read and verified of one venue at a block.
struct VenuePlan {
    /// Not known, not to be carried forward, or of another branch.
    std::vector<Holder> read;
    /// Carried forward, and due to be compared with the venue's view.
    std::vector<Holder> views;
    /// Known to have nothing, and due to be looked at again.
    std::vector<Holder> empties;
};

/// Of those carried forward, the ones that were verified longest ago: as many as it takes for each to have its turn within
/// `verify_every` blocks, and all whose turn has passed.
VenuePlan plan_venue(const Carried& carried, std::uint32_t venue, const Passage& passage, const model::BlockRef& block, std::uint32_t verify_every);

}  // namespace margind::daemon
