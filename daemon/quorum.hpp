// Which block is the head of a chain, by the word of its operators. Pure: no I/O, no clock.
#pragma once

#include "daemon/branch.hpp"
#include "risk/model/snapshot.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace margind::daemon {

struct QuorumOptions {
    model::ChainId chain;
    std::vector<std::string> operators;
    std::chrono::milliseconds block_time{};
    /// Mines on demand: the block time says nothing.
    bool quiet = false;
};

/// The README has the rule. Operators are named by their place in the options; each call is an event at `now`, and times do
/// not go backwards.
class Quorum {
public:
    using Header = adapters::rpc::BlockHeader;
    using Time = std::chrono::steady_clock::time_point;

    explicit Quorum(QuorumOptions options);

    /// Its head.
    void saw(std::size_t op, const Header& head, Time now);
    /// It answered, and said nothing newer than what is known.
    void answered(std::size_t op, Time now);
    /// It did not say its head when it was asked.
    void failed(std::size_t op, Time now);
    /// A block below its head, of its chain; false when it contradicts its own words.
    bool told(std::size_t op, const Header& header, Time now);
    /// It could not say what was wanted: not asked again before its next answer.
    void lacks(std::size_t op, std::uint64_t number, Time now);
    /// Whoever failed last is silent already.
    void hurry(Time now);

    /// What to ask of an operator to find how the heads are linked: by hash, or else its block of that number.
    struct Wanted {
        std::size_t op = 0;
        std::uint64_t number = 0;
        std::optional<model::Bytes32> hash;
    };
    const std::vector<Wanted>& wanted() const { return wanted_; }

    const std::optional<Header>& head() const { return accepted_; }
    /// The block of the accepted chain, as far as it is remembered.
    std::optional<Header> canonical(std::uint64_t number) const;
    /// What operators agreed on, of a block below the accepted head. False where it does not fit its neighbours of the accepted chain, as far
    /// as they are remembered: it is of another one.
    bool remember(const Header& header);

    /// Operators that must agree at present, and those who may speak: of these, who answer and hold the accepted head.
    std::size_t needed() const { return lead_ ? 1 : quorum_; }
    std::vector<std::size_t> supporters() const;
    /// When `needed` operators had answered last with the accepted head or a descendant.
    std::optional<Time> confirmed() const { return confirmed_; }
    bool alive(std::size_t op) const;
    bool demoted(std::size_t op) const { return voices_[op].demoted; }
    /// False where it is not known.
    bool holds(std::size_t op, const model::BlockRef& block) const;
    std::vector<model::SourceTrouble> troubles() const;

    /// How far below the accepted head blocks are remembered.
    static constexpr std::uint64_t depth = 1'024;

private:
    struct Voice {
        Branch branch;
        /// The highest that its head was; after the chain was cut, since then.
        std::uint64_t highest = 0;
        std::optional<Time> answered;
        std::optional<Time> failing_since;
        /// Others are ahead, and it has not moved since then.
        std::optional<Time> behind_since;
        bool demoted = false;
        /// Its chain is known not to be the accepted one.
        std::optional<Time> contrary_since;
        std::string contrary;
        /// Not asked for these again before its next answer.
        std::set<std::uint64_t> lacks;
    };
    /// Of two operators, the one that goes on alone.
    struct Lead {
        std::size_t op = 0;
        model::TroubleKind kind = model::TroubleKind::single_source;
        std::string reason;
    };
    struct Tally {
        /// The highest that enough voters hold.
        std::optional<Header> block;
        /// They contradict each other at the highest number that enough of them have reached.
        bool split = false;
        std::uint64_t top = 0;
    };

    /// Voters that are known not to hold the accepted head, and those of which it is not known.
    struct Left {
        std::size_t lacking = 0;
        std::vector<std::size_t> unknown;
    };

    void decide(Time now);
    void find_lead(Time now);
    /// Not so far behind that waiting for it would hold up the head.
    bool near_accepted(const Header& block) const;
    void watch_split(const Tally& tally, Time now);
    void watch_voices(Time now);
    /// Looks no lower than `lowest`, and wants nothing below `ask_from`.
    Tally tally(const std::vector<std::size_t>& voters, std::size_t needed, std::uint64_t lowest, std::uint64_t ask_from);
    Left who_left(const std::vector<std::size_t>& voters) const;
    std::uint64_t above_accepted() const { return accepted_ ? accepted_->ref.number + 1 : 0; }
    void want(std::size_t op, std::uint64_t number);
    void step_to(const Tally& tally, const std::vector<std::size_t>& voters, Time now);
    bool may_go_back(const Header& block, const std::vector<std::size_t>& voters, Time now) const;
    void accept(const Header& block, const std::vector<std::size_t>& voters);
    std::vector<std::size_t> voters() const;
    bool lacks_accepted(std::size_t op) const;
    bool silent(std::size_t op, Time now) const;
    std::string standing(std::size_t op, std::uint64_t number) const;

    QuorumOptions options_;
    std::size_t quorum_;
    std::chrono::milliseconds silence_;
    std::chrono::milliseconds dispute_;
    bool hurried_ = false;
    std::vector<Voice> voices_;
    std::optional<Header> accepted_;
    /// The accepted head and blocks below it.
    std::map<std::uint64_t, Header> canonical_;
    std::optional<Time> confirmed_;
    std::vector<Wanted> wanted_;
    std::optional<Lead> lead_;
    std::optional<Time> split_since_;
    std::string split_;
    /// Since then so many lack the accepted head that it could not be accepted.
    std::optional<Time> back_since_;
};

}  // namespace margind::daemon
