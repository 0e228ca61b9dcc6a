// Evaluation of one account.
#include "risk/account.hpp"

#include "risk/level.hpp"
#include "risk/planning.hpp"

#include <algorithm>
#include <utility>

namespace margind::risk {

using namespace model;

namespace {

const Venue* find_venue(const Snapshot& snapshot, const VenueId& id) {
    for (const Venue& venue : snapshot.venues)
        if (venue.id == id) return &venue;
    return nullptr;
}

Qualifiers qualifiers_of(const MarginAccount& account, const PreparedAccount& prepared, const Snapshot& snapshot) {
    Qualifiers qualifiers = account.qualifiers;
    for (const PriceInput& input : prepared.inputs()) {
        const FeedDoubt doubt = feed_doubt(snapshot.prices, account.key.venue.chain, input.underlying);
        qualifiers.stale = qualifiers.stale || doubt.stale;
        qualifiers.disputed = qualifiers.disputed || doubt.disputed;
    }
    return qualifiers;
}

/// The views were asked at the very block that is evaluated.
bool views_are_current(const MarginAccount& account, const Snapshot& snapshot) {
    const auto block = snapshot.blocks.find(account.key.venue.chain);
    return !account.views.empty() && block != snapshot.blocks.end() && block->second.hash == account.verified_at.hash &&
           block->second.number == account.verified_at.number;
}

/// No figure of ours: what the venue's views say alone decides, else UNKNOWN.
void set_unknown(AccountReport& report, const VenueRule* rule, bool views_current, std::string reason) {
    report.grade.kind = GradeKind::unknown;
    report.grade.reason = std::move(reason);
    report.level = Level::unknown;
    report.reason = report.grade.reason;
    if (rule == nullptr || !views_current) return;
    if (rule->liquidatable_by_views(report.views).value_or(false)) {
        report.level = Level::liquidatable;
        report.reason = "liquidatable by the venue's own views; " + report.grade.reason;
    }
}

std::optional<double> optional_of(const Result<double>& value) {
    return value ? std::optional<double>(*value) : std::nullopt;
}

/// Positive part of an amount in USD.
std::optional<double> positive_usd(const Money& money, const Valuation& valuation) {
    const Result<double> usd = valuation.usd(money);
    return usd ? std::optional<double>(std::max(*usd, 0.0)) : std::nullopt;
}

void set_money(AccountReport& report, const Distances& found, const Valuation& valuation) {
    report.equity_usd = optional_of(valuation.usd(found.standing.equity));
    report.maintenance_usd = optional_of(valuation.usd(found.standing.maintenance));
    report.initial_usd = optional_of(valuation.usd(found.standing.initial));
    const auto& terms = report.terms_now ? report.terms_now : report.terms_at_liquidation;
    if (terms)
        report.loss_if_liquidated_usd = positive_usd(terms->loss, valuation);
    else if (report.candidates.empty() && report.unscanned.empty())
        report.loss_if_liquidated_usd = 0;
    const std::optional<double> equity = positive_usd(found.standing.equity, valuation);
    if (equity && report.loss_if_liquidated_usd) report.at_stake_usd = *equity + *report.loss_if_liquidated_usd;
    double carry = 0;
    for (const Position& position : report.positions) {
        if (!counts(position)) continue;
        const Result<double> usd = valuation.usd(position.carry_per_day);
        if (!usd) return;
        carry += *usd;
    }
    report.carry_per_day_usd = carry;
}

/// Grade, and the worse of what the views and the rule say.
Result<Grade> grade_of(const MarginAccount& account, const PreparedAccount& prepared, bool views_current, AccountReport& report) {
    Result<std::vector<NativeFigure>> native = prepared.native(prepared.current());
    if (!native) return fail(native.error());
    report.native = *std::move(native);
    Grade grade;
    grade.kind = GradeKind::recomputed;
    if (views_current) {
        grade.reason = difference(account.views, report.native);
        grade.kind = grade.reason.empty() ? GradeKind::verified : GradeKind::drift;
    }
    return grade;
}

}  // namespace

bool counts(const Position& position) {
    return position.collateral || (position.instrument != Instrument::spot && position.instrument != Instrument::vault_share);
}

std::optional<double> z_of(const AccountReport& account) {
    if (account.level == Level::liquidatable) return 0;
    return account.candidates.empty() ? std::nullopt : std::optional<double>(z_of(account.candidates.front()));
}

std::optional<double> room_of(const AccountReport& account) {
    if (account.level == Level::liquidatable) return 0;
    return account.candidates.empty() ? std::nullopt : std::optional<double>(room_of(account.candidates.front()));
}

std::string difference(const std::vector<NativeFigure>& views, const std::vector<NativeFigure>& ours) {
    for (const NativeFigure& view : views) {
        const auto own = std::find_if(ours.begin(), ours.end(), [&](const NativeFigure& row) { return row.name == view.name; });
        if (own == ours.end()) return view.name + ": view " + view.value.to_decimal() + ", ours missing";
        if (*own != view) return view.name + ": view " + view.value.to_decimal() + ", ours " + own->value.to_decimal();
    }
    return "";
}

AccountEvaluation evaluate_account(const MarginAccount& account, const Surroundings& around) {
    AccountEvaluation result;
    AccountReport& report = result.report;
    report.key = account.key;
    report.views = account.views;
    report.grade.qualifiers = account.qualifiers;

    const bool views_current = views_are_current(account, around.snapshot);
    const VenueRule* const rule = around.rules(account.key.venue.protocol);
    const Venue* const venue = find_venue(around.snapshot, account.key.venue);
    const auto unknown = [&](std::string reason) {
        set_unknown(report, rule, views_current, std::move(reason));
        return std::move(result);
    };
    if (!account.facts) return unknown(account.reason);
    if (venue == nullptr) return unknown("the snapshot holds no venue " + account.key.venue.to_string());
    if (!venue->facts) return unknown(venue->reason);
    if (rule == nullptr) return unknown("no rule for protocol " + account.key.venue.protocol);

    Result<std::unique_ptr<PreparedAccount>> prepared = rule->prepare(*venue->facts, *account.facts, around.assets);
    if (!prepared) return unknown(std::string(to_string(prepared.error().code)) + ": " + prepared.error().message);
    const PreparedAccount& ready = **prepared;
    const ChainId chain = account.key.venue.chain;
    Result<Distances> found = distances(ready, around.market, around.policy, around.snapshot.prices, chain);
    if (!found) return unknown(found.error().message);
    Result<Grade> grade = grade_of(account, ready, views_current, report);
    if (!grade) return unknown(grade.error().message);
    Result<std::vector<Position>> positions = ready.positions(ready.current());
    if (!positions) return unknown(positions.error().message);

    report.grade = *std::move(grade);
    report.grade.qualifiers = qualifiers_of(account, ready, around.snapshot);
    if (const std::string stale = ready.stale(); !stale.empty()) {
        report.grade.qualifiers.stale = true;
        if (report.grade.reason.empty()) report.grade.reason = "by the last prices of what the venue refuses as too old: " + stale;
    }
    const OffChain off_chain = ready.off_chain();
    const auto note = [&report](const std::string& text) { report.grade.reason += (report.grade.reason.empty() ? "" : "; ") + text; };
    const bool drifting = report.grade.kind == GradeKind::drift;
    if (off_chain.band_ppm && !drifting) note("it liquidates on prices that are not on chain: room is a band, and its near edge counts");
    for (const std::string& text : off_chain.notes)
        if (!drifting) note(text);
    report.positions = *std::move(positions);
    Judgement judgement = judge(*found, around.policy);
    report.level = judgement.level;
    report.reason = std::move(judgement.reason);
    if (report.grade.kind == GradeKind::drift && rule->liquidatable_by_views(account.views).value_or(false) &&
        report.level != Level::liquidatable) {
        report.level = Level::liquidatable;
        report.reason = "liquidatable by the venue's own views; drift " + report.grade.reason;
    }
    if (report.grade.kind == GradeKind::drift && report.level > Level::unknown) {
        // A distance from figures that the venue contradicts is no reason for calm.
        report.level = Level::unknown;
        report.reason = "drift " + report.grade.reason + "; by our figures " + report.reason;
    }
    report.standing = found->standing;
    for (const Gap& gap : found->gaps) report.unscanned.push_back(gap.text);
    const auto terms_at = [&](const State& state) -> std::optional<LiquidationTerms> {
        Result<LiquidationTerms> terms = ready.terms(state);
        if (terms) return *std::move(terms);
        report.unscanned.push_back("what a liquidation takes: " + terms.error().message);
        return std::nullopt;
    };
    if (!found->states.empty()) report.terms_at_liquidation = terms_at(found->states.front());
    if (found->standing.liquidatable) report.terms_now = terms_at(ready.current());
    report.candidates = std::move(found->candidates);
    set_money(report, *found, around.valuation);

    const auto block = around.snapshot.blocks.find(chain);
    if (report.level != Level::ok && block != around.snapshot.blocks.end()) {
        const auto plan = [&](double target_z) {
            const Goal goal{around.market, around.policy, around.snapshot.prices, chain, target_z};
            return smallest_actions(ready, goal, around.valuation, block->second.number);
        };
        report.actions = plan(around.policy.action_z);
        report.incident_actions = plan(around.policy.action_z_incident);
    }
    result.prepared = *std::move(prepared);
    return result;
}

}  // namespace margind::risk
