// What one operator has said of the chain that it is on.
#include "daemon/branch.hpp"

#include <iterator>
#include <utility>

namespace margind::daemon {
namespace {

bool is_parent(const adapters::rpc::BlockHeader& parent, const adapters::rpc::BlockHeader& child) {
    return child.ref.number > 0 && parent.ref.number == child.ref.number - 1 && parent.ref.hash == child.parent;
}

}  // namespace

void Branch::set_head(const Header& head) {
    const std::uint64_t number = head.ref.number;
    if (holds(head)) {
        present_.erase(std::next(present_.find(number)), present_.end());
        return;
    }
    const Header* below = number > 0 ? at(number - 1) : nullptr;
    if (below && is_parent(*below, head)) {
        present_.erase(present_.lower_bound(number), present_.end());
        present_.emplace(number, head);
    } else {
        before_ = std::exchange(present_, Blocks{});
        present_.emplace(number, head);
    }
    while (present_.size() > longest) present_.erase(present_.begin());
}

bool Branch::add(const Header& told) {
    const std::uint64_t number = told.ref.number;
    if (empty() || number >= head().ref.number) return false;
    if (const Header* known = at(number)) return *known == told;
    const Header* above = at(number + 1);
    if (above && !is_parent(told, *above)) return false;
    const Header* below = number > 0 ? at(number - 1) : nullptr;
    // What was told by number before is of another branch.
    if (below && !is_parent(*below, told)) present_.erase(present_.begin(), present_.lower_bound(number));
    present_.emplace(number, told);
    link(told);
    while (present_.size() > longest) present_.erase(present_.begin());
    return true;
}

void Branch::link(const Header& lowest) {
    const auto same = before_.find(lowest.ref.number);
    const auto below = lowest.ref.number > 0 ? before_.find(lowest.ref.number - 1) : before_.end();
    const bool linked = (same != before_.end() && same->second == lowest) || (below != before_.end() && is_parent(below->second, lowest));
    if (!linked) return;
    before_.erase(before_.lower_bound(lowest.ref.number), before_.end());
    present_.merge(before_);
    before_.clear();
}

const Branch::Header* Branch::at(std::uint64_t number) const {
    const auto found = present_.find(number);
    return found == present_.end() ? nullptr : &found->second;
}

const Branch::Header* Branch::lowest_above(std::uint64_t number) const {
    const auto found = present_.upper_bound(number);
    return found == present_.end() ? nullptr : &found->second;
}

bool Branch::holds(const Header& header) const {
    const Header* known = at(header.ref.number);
    return known && *known == header;
}

void Branch::prune(std::uint64_t lowest) {
    while (present_.size() > 1 && present_.begin()->first < lowest) present_.erase(present_.begin());
    before_.erase(before_.begin(), before_.lower_bound(lowest));
}

}  // namespace margind::daemon
