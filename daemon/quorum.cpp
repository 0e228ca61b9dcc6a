// Which block is the head of a chain, by the word of its operators.
#include "daemon/quorum.hpp"

#include <algorithm>
#include <functional>
#include <utility>

namespace margind::daemon {
namespace {

using namespace std::chrono_literals;

// A chain that stands lower for this long was cut; where it only looks like lag, two block times if that is more.
constexpr std::chrono::milliseconds cut_after = 5s;
// A single operator that never was as high as the accepted head is followed only after this long, or 20 block times.
constexpr std::chrono::milliseconds laggard_after = 120s;

std::size_t quorum_of(std::size_t operators) { return operators <= 1 ? 1 : operators / 2 + 1; }

}  // namespace

Quorum::Quorum(QuorumOptions options) : options_(std::move(options)), quorum_(quorum_of(options_.operators.size())) {
    if (options_.quiet) options_.block_time = 0ms;
    silence_ = std::max<std::chrono::milliseconds>(3 * options_.block_time, 10s);
    dispute_ = std::max<std::chrono::milliseconds>(2 * options_.block_time, 10s);
    voices_.resize(options_.operators.size());
}

void Quorum::saw(std::size_t op, const Header& head, Time now) {
    Voice& voice = voices_[op];
    voice.answered = now;
    voice.failing_since.reset();
    voice.lacks.clear();
    voice.branch.set_head(head);
    if (head.ref.number > voice.highest) {
        voice.highest = head.ref.number;
        if (voice.behind_since) voice.behind_since = now;
    }
    decide(now);
}

void Quorum::answered(std::size_t op, Time now) {
    Voice& voice = voices_[op];
    voice.answered = now;
    voice.failing_since.reset();
    voice.lacks.clear();
    decide(now);
}

void Quorum::failed(std::size_t op, Time now) {
    Voice& voice = voices_[op];
    if (!voice.failing_since) voice.failing_since = now;
    decide(now);
}

bool Quorum::told(std::size_t op, const Header& header, Time now) {
    const bool coherent = voices_[op].branch.add(header);
    if (!coherent) voices_[op].lacks.insert(header.ref.number);
    decide(now);
    return coherent;
}

void Quorum::lacks(std::size_t op, std::uint64_t number, Time now) {
    voices_[op].lacks.insert(number);
    decide(now);
}

void Quorum::hurry(Time now) {
    hurried_ = true;
    decide(now);
    hurried_ = false;
}

bool Quorum::alive(std::size_t op) const { return !voices_[op].branch.empty() && !voices_[op].failing_since; }

bool Quorum::silent(std::size_t op, Time now) const {
    const Voice& voice = voices_[op];
    return voice.failing_since && (hurried_ || now - *voice.failing_since >= silence_);
}

std::vector<std::size_t> Quorum::voters() const {
    std::vector<std::size_t> found;
    for (std::size_t op = 0; op < voices_.size(); ++op)
        if (alive(op) && (!lead_ || lead_->op == op)) found.push_back(op);
    return found;
}

bool Quorum::lacks_accepted(std::size_t op) const {
    const Branch& branch = voices_[op].branch;
    if (branch.head().ref.number < accepted_->ref.number) return true;
    const Header* there = branch.at(accepted_->ref.number);
    return there && *there != *accepted_;
}

void Quorum::decide(Time now) {
    wanted_.clear();
    if (voices_.size() == 2) find_lead(now);
    const std::vector<std::size_t> speaking = voters();
    if (speaking.size() >= needed()) {
        const Left left = who_left(speaking);
        const bool elsewhere = left.lacking >= needed();
        if (left.lacking + left.unknown.size() < needed()) back_since_.reset();
        else if (elsewhere && !back_since_) back_since_ = now;
        const std::uint64_t lowest = accepted_ && !elsewhere ? accepted_->ref.number : 0;
        const Tally counted = tally(speaking, needed(), lowest, elsewhere ? 0 : above_accepted());
        step_to(counted, speaking, now);
        const Left still = who_left(speaking);
        if (still.lacking > 0 && still.lacking < needed() && still.lacking + still.unknown.size() >= needed())
            for (const std::size_t op : still.unknown) want(op, accepted_->ref.number);
        if (voices_.size() > 2) watch_split(counted, now);
    } else {
        back_since_.reset();
        if (voices_.size() > 2) split_since_.reset();
    }
    watch_voices(now);
    const std::vector<std::size_t> with = supporters();
    if (!accepted_ || with.size() < needed()) return;
    std::vector<Time> times;
    for (const std::size_t op : with) times.push_back(*voices_[op].answered);
    std::sort(times.begin(), times.end(), std::greater<>());
    confirmed_ = times[needed() - 1];
}

Quorum::Left Quorum::who_left(const std::vector<std::size_t>& voters) const {
    Left left;
    if (!accepted_) return left;
    for (const std::size_t op : voters) {
        if (lacks_accepted(op)) ++left.lacking;
        else if (!voices_[op].branch.at(accepted_->ref.number)) left.unknown.push_back(op);
    }
    return left;
}

Quorum::Tally Quorum::tally(const std::vector<std::size_t>& voters, std::size_t needed, std::uint64_t lowest, std::uint64_t ask_from) {
    Tally result;
    if (voters.size() < needed) return result;
    std::vector<std::uint64_t> heights;
    for (const std::size_t op : voters) heights.push_back(voices_[op].branch.head().ref.number);
    std::sort(heights.begin(), heights.end(), std::greater<>());
    result.top = heights[needed - 1];
    const std::uint64_t bottom = std::max(lowest, result.top > depth ? result.top - depth : 0);
    std::vector<bool> asked(voices_.size(), false);
    for (std::uint64_t number = result.top;; --number) {
        if (number < bottom) break;
        std::vector<std::pair<const Header*, std::size_t>> groups;
        std::vector<std::size_t> unknown;
        std::size_t largest = 0;
        for (const std::size_t op : voters) {
            if (voices_[op].branch.head().ref.number < number) continue;
            const Header* block = voices_[op].branch.at(number);
            if (!block) {
                unknown.push_back(op);
                continue;
            }
            auto group = std::find_if(groups.begin(), groups.end(), [&](const auto& other) { return *other.first == *block; });
            if (group == groups.end()) group = groups.insert(groups.end(), std::pair(block, std::size_t{0}));
            largest = std::max(largest, ++group->second);
            if (group->second < needed) continue;
            result.block = *block;
            return result;
        }
        if (number == result.top) result.split = largest + unknown.size() < needed;
        std::erase_if(unknown, [&](std::size_t op) { return asked[op]; });
        const bool open = largest + unknown.size() >= needed && number >= ask_from;
        for (const std::size_t op : unknown) {
            if (!open) break;
            asked[op] = true;
            want(op, number);
        }
        if (number == 0) break;
    }
    return result;
}

void Quorum::want(std::size_t op, std::uint64_t number) {
    if (voices_[op].lacks.contains(number)) return;
    const bool already = std::any_of(wanted_.begin(), wanted_.end(), [&](const Wanted& wanted) { return wanted.op == op && wanted.number == number; });
    if (already) return;
    Wanted wanted;
    wanted.op = op;
    wanted.number = number;
    const Header* above = voices_[op].branch.lowest_above(number);
    if (above && above->ref.number - number == 1) wanted.hash = above->parent;
    wanted_.push_back(std::move(wanted));
}

void Quorum::step_to(const Tally& counted, const std::vector<std::size_t>& voters, Time now) {
    if (!counted.block || counted.block == accepted_) return;
    if (accepted_ && counted.block->ref.number < accepted_->ref.number) {
        if (who_left(voters).lacking < needed() || !back_since_ || !may_go_back(*counted.block, voters, now)) return;
        // What was cut off is nobody's height any more.
        for (Voice& voice : voices_)
            if (!voice.branch.empty()) voice.highest = std::min(voice.highest, voice.branch.head().ref.number);
    }
    accept(*counted.block, voters);
    back_since_.reset();
    if (voices_.size() > 2) split_since_.reset();
}

bool Quorum::may_go_back(const Header& block, const std::vector<std::size_t>& voters, Time now) const {
    const bool fell = std::any_of(voters.begin(), voters.end(),
                                  [&](std::size_t op) { return voices_[op].highest >= accepted_->ref.number && lacks_accepted(op); });
    const auto below = canonical(block.ref.number);
    std::chrono::milliseconds patience = cut_after;
    if (!fell && voices_.size() > 1) patience = std::max<std::chrono::milliseconds>(laggard_after, 20 * options_.block_time);
    else if (below == block) patience = std::max<std::chrono::milliseconds>(cut_after, 2 * options_.block_time);
    return now - *back_since_ >= patience;
}

void Quorum::accept(const Header& block, const std::vector<std::size_t>& voters) {
    const std::uint64_t keep_from = block.ref.number > depth ? block.ref.number - depth : 0;
    std::vector<Header> fresh(1, block);
    bool linked = false;
    while (fresh.back().ref.number > keep_from) {
        const Header lowest = fresh.back();
        const std::uint64_t number = lowest.ref.number - 1;
        const auto old = canonical_.find(number);
        linked = old != canonical_.end() && old->second.ref.hash == lowest.parent;
        if (linked) break;
        std::vector<const Header*> told;
        for (const std::size_t op : voters)
            if (const Header* header = voices_[op].branch.at(number); header && header->ref.hash == lowest.parent) told.push_back(header);
        const auto agreed = std::find_if(told.begin(), told.end(), [&](const Header* header) {
            return static_cast<std::size_t>(std::count_if(told.begin(), told.end(), [&](const Header* other) { return *other == *header; })) >= needed();
        });
        if (agreed == told.end()) break;
        fresh.push_back(**agreed);
    }
    if (linked) canonical_.erase(canonical_.lower_bound(fresh.back().ref.number), canonical_.end());
    else canonical_.clear();
    for (const Header& header : fresh) canonical_.emplace(header.ref.number, header);
    canonical_.erase(canonical_.begin(), canonical_.lower_bound(keep_from));
    for (Voice& voice : voices_) voice.branch.prune(keep_from);
    accepted_ = block;
    confirmed_.reset();
}

std::optional<Quorum::Header> Quorum::canonical(std::uint64_t number) const {
    const auto found = canonical_.find(number);
    return found == canonical_.end() ? std::nullopt : std::optional(found->second);
}

bool Quorum::remember(const Header& header) {
    const std::uint64_t number = header.ref.number;
    const auto above = canonical(number + 1);
    const auto below = number > 0 ? canonical(number - 1) : std::nullopt;
    if ((above && above->parent != header.ref.hash) || (below && below->ref.hash != header.parent)) return false;
    if (accepted_ && number < accepted_->ref.number && accepted_->ref.number - number <= depth) canonical_.emplace(number, header);
    return true;
}

std::vector<std::size_t> Quorum::supporters() const {
    std::vector<std::size_t> found;
    if (!accepted_) return found;
    for (const std::size_t op : voters())
        if (voices_[op].branch.holds(*accepted_)) found.push_back(op);
    return found;
}

bool Quorum::holds(std::size_t op, const model::BlockRef& block) const {
    const Branch& branch = voices_[op].branch;
    if (branch.empty() || branch.head().ref.number < block.number) return false;
    if (const Header* there = branch.at(block.number)) return there->ref == block;
    const auto known = canonical(block.number);
    return known && known->ref == block && branch.holds(*accepted_);
}

}  // namespace margind::daemon
