// What one operator has said of the chain that it is on.
#pragma once

#include "adapters/rpc/chain.hpp"

#include <cstddef>
#include <cstdint>
#include <map>

namespace margind::daemon {

/// The operator's head and what it told of the blocks below, by number: linked by parent hashes, or told as «my block of that
/// number» while the head was this one or an ancestor of it. Holds its own words alone, so what an operator says of a block
/// stands for nobody else.
class Branch {
public:
    using Header = adapters::rpc::BlockHeader;

    bool empty() const { return present_.empty(); }
    /// \pre !empty()
    const Header& head() const { return present_.rbegin()->second; }
    void set_head(const Header& head);
    /// A block below the head; false when it contradicts what the operator told before.
    bool add(const Header& told);
    /// Null where the operator told nothing, or has no such block.
    const Header* at(std::uint64_t number) const;
    /// Null when nothing above is known.
    const Header* lowest_above(std::uint64_t number) const;
    bool holds(const Header& header) const;
    /// Forgets what lies below, except the head.
    void prune(std::uint64_t lowest);

private:
    /// The most that an operator can make us keep.
    static constexpr std::size_t longest = 2'048;
    using Blocks = std::map<std::uint64_t, Header>;

    void link(const Header& lowest);

    Blocks present_;
    /// Told of an earlier head from which no link to the present one is known.
    Blocks before_;
};

}  // namespace margind::daemon
