// The daemon's own judgement, bar after bar.
#include "risk/backtest/hold.hpp"

#include "risk/distance.hpp"
#include "risk/evaluate.hpp"
#include "risk/level.hpp"
#include "risk/path.hpp"

#include <algorithm>
#include <utility>

namespace margind::risk::backtest {

using namespace model;
using calibration::day_s;

namespace {

/// Levels ease at 1.2 x 3 at most: what is further away is OK.
constexpr double within_z = 4;
constexpr std::int64_t false_after_s = 86'400;

/// An account where the venue's prices of one asset stand elsewhere; all else as it was read.
class Moved final : public PreparedAccount {
public:
    Moved(const PreparedAccount& account, const AssetId& asset, double factor) : account_(account), inputs_(account.inputs()) {
        for (PriceInput& input : inputs_)
            if (input.underlying == asset) input.price = scaled(input.price, factor).value_or(input.price);
    }
    const std::vector<PriceInput>& inputs() const override { return inputs_; }
    const std::vector<VolInput>& vol_inputs() const override { return account_.vol_inputs(); }
    std::string stale() const override { return account_.stale(); }
    OffChain off_chain() const override { return account_.off_chain(); }
    Result<Standing> at(const State& state) const override { return account_.at(state); }
    Result<bool> liquidatable(const State& state) const override { return account_.liquidatable(state); }
    std::optional<Enclosure> between(const State& low, const State& high) const override { return account_.between(low, high); }
    Result<std::vector<NativeFigure>> native(const State& state) const override { return account_.native(state); }
    Result<LiquidationTerms> terms(const State& state) const override { return account_.terms(state); }
    Result<std::vector<Position>> positions(const State& state) const override { return account_.positions(state); }
    std::vector<AdjustmentOption> options() const override { return {}; }
    Result<std::unique_ptr<PreparedAccount>> with(const Adjustment& adjustment) const override { return account_.with(adjustment); }

private:
    const PreparedAccount& account_;
    std::vector<PriceInput> inputs_;
};

class Holding {
public:
    Holding(const AlarmVenue& venue, const AssetId& asset, const Policy& policy) : policy_(policy) {
        report_.blocks = {BlockRef{chain, 0, {}, 0}};
        report_.portfolios.resize(1);
        report_.portfolios[0].name = "backtest";
        report_.portfolios[0].accounts.resize(1);
        AccountReport& account = report_.portfolios[0].accounts[0];
        account.key = {{venue.name, chain, ""}, {}, ""};
        account.grade.kind = GradeKind::recomputed;
        if (venue.feed_deviation <= 0) return;
        ReferencePrice& feed = feeds_.emplace_back();
        feed.asset = asset;
        feed.chain = chain;
        feed.deviation_ppm = static_cast<std::uint32_t>(venue.feed_deviation * 1e6);
    }

    struct Seen {
        bool liquidatable = false;
        /// With its hysteresis.
        Level level = Level::ok;
        double p_touch = 0;
        /// The incident that is open reached CALL with this look.
        bool called = false;
        double liquidation_price = 0;
    };

    Result<Seen> look(const PreparedAccount& account, const Market& market, std::int64_t time) {
        Result<Distances> found = distances(account, market, policy_, feeds_, chain, 0, within_z);
        if (!found) return fail(found.error());
        Judgement judgement = judge(*found, policy_);
        AccountReport& report = report_.portfolios[0].accounts[0];
        report.level = judgement.level;
        report.reason = std::move(judgement.reason);
        report.candidates = std::move(found->candidates);
        report_.time = time;
        report_.blocks[0].number += 1;
        report_.blocks[0].time = time;
        StepResult next = step(memory_, report_, policy_);
        memory_ = std::move(next.memory);

        Seen seen;
        seen.liquidatable = found->standing.liquidatable;
        if (!report.candidates.empty()) {
            const Candidate& binding = report.candidates.front();
            seen.p_touch = binding.p_touch_24h;
            seen.liquidation_price = binding.direction == Direction::down ? 1 / binding.h : binding.h;
        }
        const AccountMemory& memory = memory_.portfolios.at("backtest").accounts.at(report.key);
        seen.level = memory.level.value_or(Level::ok);
        const auto incident = memory.open.find("distance");
        const bool open = incident != memory.open.end();
        if (!open) called_ = false;
        if (open && incident->second.level <= Level::call && !called_) {
            called_ = true;
            seen.called = true;
        }
        return seen;
    }

private:
    static constexpr ChainId chain{1};
    const Policy& policy_;
    std::vector<ReferencePrice> feeds_;
    Report report_;
    Memory memory_;
    bool called_ = false;
};

}  // namespace

Result<HoldOutcome> hold(const AlarmSources& sources, const AlarmVenue& venue, const Opening& opening, std::size_t first, std::int64_t hold_s,
                         const std::vector<std::shared_ptr<const Market>>& markets, const Policy& policy) {
    HoldOutcome outcome;
    const auto account = venue.open(opening);
    if (!account) return fail(account.error());
    if (!*account) {
        outcome.refused = true;
        return outcome;
    }
    const auto begins = [&](std::int64_t time) -> const Market& { return *markets[static_cast<std::size_t>(time / day_s - sources.walk.first_day())]; };
    Holding holding(venue, sources.asset, policy);
    const std::int64_t opened = sources.bars[first].end;
    const std::int64_t ends = opened + hold_s;
    std::vector<std::int64_t> calls;
    std::vector<std::pair<std::int64_t, double>> forecasts;
    std::int64_t last = opened;
    for (std::size_t i = first + 1; i < sources.bars.size() && sources.bars[i].end <= ends + false_after_s && !outcome.liquidated_at; ++i) {
        const Bar& bar = sources.bars[i];
        last = bar.end;
        for (const double price : {opening.is_long ? bar.low : bar.high, bar.close}) {
            const Moved moved(**account, opening.asset, price / opening.entry);
            const auto seen = holding.look(moved, begins(bar.end), bar.end);
            if (!seen) return fail(seen.error());
            if (seen->called && bar.end <= ends) calls.push_back(bar.end);
            if (seen->level <= Level::call) {
                if (!outcome.called_since) outcome.called_since = bar.end;
            } else {
                outcome.called_since.reset();
            }
            outcome.trace.push_back({bar.end, price, seen->level});
            if (seen->liquidation_price > 0 && !seen->liquidatable) outcome.liquidation_price = price * seen->liquidation_price;
            if (seen->liquidatable) {
                outcome.liquidated_at = bar.end;
                break;
            }
            if (price == bar.close && (forecasts.empty() || bar.end >= forecasts.back().first + day_s)) forecasts.emplace_back(bar.end, seen->p_touch);
        }
    }
    const auto liquidated_within = [&](std::int64_t from) { return outcome.liquidated_at && *outcome.liquidated_at <= from + false_after_s; };
    for (const std::int64_t call : calls) {
        if (!liquidated_within(call) && last < call + false_after_s) continue;
        ++outcome.calls;
        outcome.false_calls += std::int64_t{!liquidated_within(call)};
    }
    for (const auto& [time, forecast] : forecasts)
        if (liquidated_within(time) || last >= time + day_s) outcome.forecasts.emplace_back(forecast, liquidated_within(time));
    // After the hold the account is only watched for what became of its calls.
    outcome.held_s = std::min(last, ends) - opened;
    if (outcome.liquidated_at && *outcome.liquidated_at > ends) outcome.liquidated_at.reset();
    if (!outcome.liquidated_at) outcome.trace.clear();
    return outcome;
}

}  // namespace margind::risk::backtest
