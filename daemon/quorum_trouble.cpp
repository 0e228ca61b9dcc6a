// Of the quorum: who is silent, who stands still, who stands elsewhere.
#include "daemon/quorum.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace margind::daemon {

std::string Quorum::standing(std::size_t op, std::uint64_t number) const {
    const Branch& branch = voices_[op].branch;
    const Header* block = branch.empty() ? nullptr : branch.at(number);
    if (!block && !branch.empty()) block = &branch.head();
    if (!block) return options_.operators[op] + " says none";
    return fmt::format("{} has {} at block {}", options_.operators[op], block->ref.hash.to_string().substr(0, 10), block->ref.number);
}

bool Quorum::near_accepted(const Header& block) const {
    if (!accepted_ || block.ref.number >= accepted_->ref.number) return true;
    if (lacks_accepted(0) && lacks_accepted(1)) return true;
    if (lead_ && block == voices_[lead_->op].branch.head()) return true;
    const std::uint64_t lag = accepted_->ref.number - block.ref.number;
    return lag <= 2 && options_.block_time > std::chrono::milliseconds(0);
}

void Quorum::find_lead(Time now) {
    std::vector<std::size_t> speaking;
    for (const std::size_t op : {std::size_t{0}, std::size_t{1}}) {
        const std::size_t other = 1 - op;
        if (alive(op)) speaking.push_back(op);
        if (silent(op, now) && alive(other) && (!lead_ || lead_->op == op || lead_->kind == model::TroubleKind::disputed)) {
            Lead lead;
            lead.op = other;
            lead.reason = fmt::format("operator {} does not answer, so {} decides alone since block {}", options_.operators[op], options_.operators[other],
                                      voices_[other].branch.head().ref.number);
            lead_ = std::move(lead);
        }
    }
    if (speaking.size() < 2) return;
    // Whether the one that is ahead is on the branch of the other is asked when it begins to matter.
    const bool matters = lead_ || std::any_of(speaking.begin(), speaking.end(), [&](std::size_t op) {
        return voices_[op].behind_since && now - *voices_[op].behind_since >= silence_ / 2;
    });
    const bool left = accepted_ && lacks_accepted(0) && lacks_accepted(1);
    std::uint64_t lowest = 0;
    if (accepted_ && !left)
        lowest = std::min({accepted_->ref.number, voices_[0].branch.head().ref.number, voices_[1].branch.head().ref.number});
    const Tally both = tally(speaking, 2, lowest, matters ? 0 : above_accepted());
    if (both.block && both.block->ref.number == both.top && near_accepted(*both.block)) lead_.reset();
    if (!both.split) {
        if (both.block && both.block->ref.number == both.top) split_since_.reset();
    } else if (!split_since_) {
        split_since_ = now;
    }
    if (split_since_ && both.split && now - *split_since_ >= dispute_ && (!lead_ || lead_->kind != model::TroubleKind::disputed)) {
        Lead lead;
        lead.kind = model::TroubleKind::disputed;
        if (lead_) lead.op = lead_->op;
        else if (accepted_ && lacks_accepted(0) && !lacks_accepted(1)) lead.op = 1;
        lead.reason = fmt::format("the operators stand on different branches: {}, {}; the branch of {} goes on", standing(0, both.top), standing(1, both.top),
                                  options_.operators[lead.op]);
        lead_ = std::move(lead);
    }
    // Where both have left the accepted head, they go back together.
    if (left) return;
    for (const std::size_t op : speaking) {
        const std::size_t other = 1 - op;
        const Branch& ahead = voices_[other].branch;
        const Branch& behind = voices_[op].branch;
        if (lead_ || !voices_[op].behind_since || now - *voices_[op].behind_since < silence_ || !ahead.holds(behind.head())) continue;
        Lead lead;
        lead.op = other;
        lead.reason = fmt::format("operator {} stands still at block {}, so {} decides alone since block {}", options_.operators[op], behind.head().ref.number,
                                  options_.operators[other], ahead.head().ref.number);
        lead_ = std::move(lead);
    }
}

void Quorum::watch_split(const Tally& counted, Time now) {
    if (!counted.split) {
        if (counted.block && counted.block->ref.number == counted.top) split_since_.reset();
    } else if (!split_since_) {
        split_since_ = now;
        split_.clear();
    }
    if (!split_since_ || now - *split_since_ < dispute_ || !split_.empty()) return;
    for (const std::size_t op : voters()) split_ += (split_.empty() ? "" : ", ") + standing(op, counted.top);
    split_ = fmt::format("no {} of {} operators agree on a block above {}: {}", quorum_, voices_.size(), accepted_ ? accepted_->ref.number : 0, split_);
}

void Quorum::watch_voices(Time now) {
    for (std::size_t op = 0; op < voices_.size(); ++op) {
        Voice& voice = voices_[op];
        if (!alive(op)) {
            voice.contrary_since.reset();
            voice.contrary.clear();
            continue;
        }
        const std::uint64_t height = voice.branch.head().ref.number;
        std::uint64_t others = accepted_ && voices_.size() > 2 ? accepted_->ref.number : 0;
        if (voices_.size() == 2 && alive(1 - op)) others = voices_[1 - op].branch.head().ref.number;
        if (height >= others) voice.behind_since.reset();
        else if (!voice.behind_since) voice.behind_since = now;
        voice.demoted = voice.behind_since && now - *voice.behind_since >= silence_;
        if (!accepted_ || voices_.size() < 3) continue;
        const std::uint64_t number = std::min(height, accepted_->ref.number);
        const Header* there = voice.branch.at(number);
        const auto ours = canonical(number);
        if (!there || !ours) continue;
        if (*there == *ours || voice.demoted) {
            voice.contrary_since.reset();
            voice.contrary.clear();
        } else if (!voice.contrary_since) {
            voice.contrary_since = now;
        } else if (voice.contrary.empty() && now - *voice.contrary_since >= dispute_) {
            voice.contrary = fmt::format("{}, where the quorum has {}", standing(op, number), ours->ref.hash.to_string().substr(0, 10));
        }
    }
}

std::vector<model::SourceTrouble> Quorum::troubles() const {
    std::vector<model::SourceTrouble> found;
    std::string disputes;
    if (lead_ && lead_->kind == model::TroubleKind::single_source) {
        model::SourceTrouble single;
        single.chain = options_.chain;
        single.kind = model::TroubleKind::single_source;
        single.reason = lead_->reason;
        found.push_back(std::move(single));
    } else if (lead_) {
        disputes = lead_->reason;
    }
    if (voices_.size() > 2 && split_since_ && !split_.empty()) disputes = split_;
    for (const Voice& voice : voices_)
        if (!voice.contrary.empty()) disputes += (disputes.empty() ? "" : "; ") + voice.contrary;
    if (disputes.empty()) return found;
    model::SourceTrouble dispute;
    dispute.chain = options_.chain;
    dispute.kind = model::TroubleKind::disputed;
    dispute.reason = std::move(disputes);
    found.push_back(std::move(dispute));
    return found;
}

}  // namespace margind::daemon
