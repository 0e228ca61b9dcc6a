// Incidents: what is remembered from one evaluation to the next, and the events that follow from it.
#include "risk/evaluate.hpp"

#include "risk/account.hpp"
#include "risk/level.hpp"
#include "risk/model/keccak.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace margind::risk {

using namespace model;

namespace {

constexpr std::int64_t keep_ended_s = 86'400;
constexpr std::array levels_bad_to_good{Level::liquidatable, Level::critical, Level::call, Level::warn};

bool alarming(Level level) { return level <= Level::warn; }

/// The z at which a level is entered; LIQUIDATABLE is left as CRITICAL is.
double entry_z(Level level, const Policy& policy) {
    switch (level) {
        case Level::liquidatable:
        case Level::critical: return policy.z_critical;
        case Level::call: return policy.z_call;
        case Level::warn: return policy.z_warn;
        case Level::unknown:
        case Level::watch: return policy.z_watch;
        case Level::ok: return 0;
    }
    return 0;
}

Bytes32 incident_id(const std::string& portfolio, const std::string& rule, const std::optional<AccountKey>& account,
                    const std::vector<BlockRef>& blocks) {
    std::string text = "margind.incident/1\n" + portfolio + '\n' + rule + '\n' + (account ? account->to_string() : "") + '\n';
    for (const BlockRef& block : blocks) text += std::to_string(block.chain.value) + ':' + block.hash.to_string() + '\n';
    return keccak256(text);
}

/// One thing that can raise an incident, as the present report sees it.
struct Condition {
    std::string rule;
    Level level = Level::ok;
    /// Distance to compare with `leave_factor x entry`; null: the level is left as soon as the condition is gone.
    std::optional<double> margin;
    /// Entry to compare `margin` with, by level.
    double (*entry)(Level, const Policy&) = nullptr;
    /// Nothing is known this time: the incident stays as it is.
    bool hold = false;
    /// The figures are old ones or contradicted: they may open and escalate, and neither ease nor clear.
    bool worse_only = false;
    /// Of an incident of the sources.
    std::optional<ChainId> chain;
    std::uint32_t operators_agreeing = 1;
    std::string reason;
};

/// Applies one report to one portfolio's memory and collects the events.
class Stepper {
public:
    Stepper(const Report& report, const Policy& policy, const std::string& portfolio, PortfolioMemory& memory,
            std::vector<IncidentEvent>& events)
        : report_(report), policy_(policy), portfolio_(portfolio), memory_(memory), events_(events) {}

    /// The level after hysteresis.
    Level apply(std::map<std::string, OpenIncident>& open, const Condition& condition, const AccountReport* account,
                const std::optional<AccountKey>& key, bool log_only) {
        const auto it = open.find(condition.rule);
        if (it == open.end()) {
            if (!condition.hold && alarming(condition.level)) {
                OpenIncident fresh;
                fresh.id = incident_id(portfolio_, condition.rule, key, report_.blocks);
                fresh.rule = condition.rule;
                fresh.level = condition.level;
                fresh.opened_at = report_.blocks;
                fresh.log_only = log_only;
                // The same block evaluated again after a reorganisation and back gives the same id: its sequence goes on.
                if (const auto ended = memory_.ended.find(fresh.id); ended != memory_.ended.end()) {
                    fresh.sequence = ended->second.sequence;
                    memory_.ended.erase(ended);
                }
                OpenIncident& incident = open.emplace(condition.rule, std::move(fresh)).first->second;
                emit(incident, IncidentType::opened, Level::ok, condition, account, key);
            }
            return condition.level;
        }
        OpenIncident& incident = it->second;
        const Level before = incident.level;
        // Whoever was told of an incident hears how it ends; whoever was not hears of it when it becomes material.
        const bool untold = incident.log_only && !log_only;
        incident.log_only = incident.log_only && log_only;
        if (condition.hold) {
            incident.leaving_since.clear();
            remind(incident, untold, condition, account, key);
            return before;
        }
        if (condition.level < before) {
            incident.level = condition.level;
            emit(incident, IncidentType::escalated, before, condition, account, key);
        }
        if (condition.worse_only) {
            incident.leaving_since.clear();
            remind(incident, untold && incident.level == before, condition, account, key);
            return incident.level;
        }
        update_timers(incident, condition);
        const Level after = level_left_to(incident, condition);
        if (!alarming(after)) {
            incident.level = after;
            emit(incident, IncidentType::cleared, before, condition, account, key);
            memory_.ended[incident.id] = EndedIncident{incident.sequence, report_.time};
            open.erase(it);
            return after;
        }
        if (after > incident.level) {
            incident.level = after;
            emit(incident, IncidentType::eased, before, condition, account, key);
        } else {
            remind(incident, untold && incident.level == before, condition, account, key);
        }
        return incident.level;
    }

    void forget_old_ends() {
        std::erase_if(memory_.ended, [&](const auto& row) { return report_.time - row.second.time > keep_ended_s; });
    }

private:
    bool may_leave(Level level, const Condition& condition) const {
        if (condition.level <= level) return false;
        if (!condition.margin) return true;
        return *condition.margin >= policy_.leave_factor * condition.entry(level, policy_);
    }

    void update_timers(OpenIncident& incident, const Condition& condition) const {
        for (const Level level : levels_bad_to_good) {
            if (may_leave(level, condition))
                incident.leaving_since.try_emplace(level, report_.time);
            else
                incident.leaving_since.erase(level);
        }
    }

    /// Level by level towards the good, as far as each one's own time has passed.
    Level level_left_to(const OpenIncident& incident, const Condition& condition) const {
        Level level = incident.level;
        for (const Level step : levels_bad_to_good) {
            if (step < level) continue;
            const auto since = incident.leaving_since.find(step);
            const bool over = since != incident.leaving_since.end() &&
                              (!condition.margin || report_.time - since->second >= policy_.leave_after_s);
            if (!over) return level;
            level = step == Level::warn ? std::max(condition.level, Level::watch) : static_cast<Level>(static_cast<int>(step) + 1);
        }
        return level;
    }

    void remind(OpenIncident& incident, bool at_once, const Condition& condition, const AccountReport* account,
                const std::optional<AccountKey>& key) {
        if (at_once || report_.time - incident.last_event_time >= policy_.remind_after_s)
            emit(incident, IncidentType::reminded, incident.level, condition, account, key);
    }

    void emit(OpenIncident& incident, IncidentType type, Level from, const Condition& condition,
              const AccountReport* account, const std::optional<AccountKey>& key) {
        incident.last_event_time = report_.time;
        IncidentEvent event;
        event.id = incident.id;
        event.sequence = ++incident.sequence;
        event.type = type;
        event.portfolio = portfolio_;
        event.rule = condition.rule;
        event.blocks = report_.blocks;
        event.account = key;
        event.level = incident.level;
        event.from = from;
        event.reason = condition.reason;
        event.log_only = incident.log_only;
        // Of the account's or the sources' chain; of the first one for an incident of the book.
        const std::optional<ChainId> chain = key ? key->venue.chain : condition.chain;
        for (const BlockRef& block : report_.blocks)
            if (chain ? block.chain == *chain : &block == &report_.blocks.front())
                event.expires_at_block = block.number + static_cast<std::uint64_t>(policy_.action_valid_blocks);
        event.operators_agreeing = condition.operators_agreeing;
        if (account != nullptr) fill(event, *account);
        events_.push_back(std::move(event));
    }

    static void fill(IncidentEvent& event, const AccountReport& account) {
        event.grade = account.grade;
        event.liquidatable = account.level == Level::liquidatable;
        event.z = z_of(account);
        event.room = room_of(account);
        if (!account.candidates.empty()) {
            const Candidate& binding = account.candidates.front();
            event.h = binding.h;
            event.liquidation_price = binding.liquidation_price;
            event.price_decimals = binding.decimals;
            event.price_source = account.key.venue.to_string() + ' ' + to_string(binding.role) + ' ' + binding.label;
        }
        const auto& terms = account.terms_at_liquidation ? account.terms_at_liquidation : account.terms_now;
        if (terms) {
            event.close_factor_bps = terms->close_factor_bps;
            event.penalty_bps = terms->penalty_bps;
        }
        event.loss_if_liquidated_usd = account.loss_if_liquidated_usd;
        event.actions = account.incident_actions;
    }

    const Report& report_;
    const Policy& policy_;
    const std::string& portfolio_;
    PortfolioMemory& memory_;
    std::vector<IncidentEvent>& events_;
};

double distance_entry(Level level, const Policy& policy) { return entry_z(level, policy); }
double cover_entry(Level, const Policy& policy) { return policy.cover_warn; }

/// No root in the scanned range is as far away as can be.
double distance_of(const AccountReport& account) { return z_of(account).value_or(std::numeric_limits<double>::infinity()); }

Condition unknown_condition(const AccountMemory& memory, std::int64_t now, const Policy& policy, const std::string& reason) {
    Condition condition;
    condition.rule = "unknown";
    condition.reason = "known again";
    if (!memory.unknown_since) return condition;
    const std::int64_t age = now - *memory.unknown_since;
    const bool near = memory.z && *memory.z < policy.z_warn;
    const bool due = near ? memory.unknown_blocks >= policy.unknown_blocks || age >= policy.unknown_after_s
                          : age >= policy.unknown_quiet_s;
    if (due) {
        condition.level = memory.z && *memory.z < policy.z_call ? Level::call : Level::warn;
        condition.reason = "unknown for " + std::to_string(age) + " s: " + reason;
    }
    return condition;
}

std::int64_t block_time(const Report& report, ChainId chain) {
    for (const BlockRef& block : report.blocks)
        if (block.chain == chain) return block.time;
    return 0;
}

/// Operators contradict each other about what it rests on, and none decides: its good news may be forged.
bool contested(const AccountReport& account, const Report& report) {
    return account.grade.qualifiers.disputed && find_trouble(report.troubles, account.key.venue.chain, TroubleKind::disputed) != nullptr;
}

/// What is read is compared between two operators, and a third decides between two that differ: two agree, or one stands alone.
std::uint32_t operators_agreeing(const AccountReport& account, const Report& report) {
    return account.grade.qualifiers.single_source || contested(account, report) ? 1 : 2;
}

/// Last level, materiality and timers of one account; returns the level that counts for the headline.
Level step_account(Stepper& stepper, AccountMemory& memory, const AccountReport& account, const Report& report,
                   const Policy& policy) {
    // No distance: the account could not be read, or what is near could not be scanned.
    const bool unknown = account.level == Level::unknown;
    // It has an incident of its own.
    const bool drifting = account.grade.kind == GradeKind::drift;
    // So has its chain: what was unknown before stays so, for as long as before.
    const bool stale = find_trouble(report.troubles, account.key.venue.chain, TroubleKind::stale) != nullptr;
    if (stale) {
        // No time of that chain passes.
    } else if (unknown && !drifting) {
        if (!memory.unknown_since) memory.unknown_since = report.time;
        ++memory.unknown_blocks;
    } else {
        memory.unknown_since.reset();
        memory.unknown_blocks = 0;
    }
    if (!unknown) memory.z = distance_of(account);
    if (!unknown || account.grade.kind != GradeKind::unknown) {
        memory.equity_usd = account.equity_usd;
        memory.at_stake_usd = account.at_stake_usd;
        memory.material = account.material;
        if (!stale) memory.good_time = report.time;
        else if (memory.good_time == 0) memory.good_time = block_time(report, account.key.venue.chain);
    }
    const bool log_only = !memory.material;

    Condition distance;
    distance.rule = "distance";
    distance.level = account.level;
    distance.margin = unknown ? std::nullopt : std::optional<double>(distance_of(account));
    distance.entry = distance_entry;
    distance.hold = unknown;
    distance.worse_only = stale || contested(account, report);
    distance.reason = account.reason;
    distance.operators_agreeing = operators_agreeing(account, report);
    const Level held = stepper.apply(memory.open, distance, &account, account.key, log_only);
    if (!unknown) memory.level = worse(held, account.level);

    Condition blind = unknown_condition(memory, report.time, policy, account.reason);
    blind.hold = stale;
    blind.operators_agreeing = distance.operators_agreeing;
    stepper.apply(memory.open, blind, &account, account.key, log_only);

    Condition drift;
    drift.rule = "drift";
    drift.level = drifting ? Level::warn : Level::ok;
    drift.operators_agreeing = distance.operators_agreeing;
    drift.reason = drifting ? account.grade.reason : "the venue's views and our figures agree";
    // Only views of the evaluated block tell that the figures agree again.
    drift.hold = account.grade.kind == GradeKind::unknown || account.grade.kind == GradeKind::recomputed;
    stepper.apply(memory.open, drift, &account, account.key, log_only);

    return unknown ? worse(Level::unknown, memory.level.value_or(Level::unknown)) : *memory.level;
}

/// Why the headline has another level than the report.
std::string held_reason(Level reported, bool contested, const std::string& reason) {
    if (reported == Level::unknown) return "last known level, at present unknown: " + reason;
    return (contested ? "held while operators contradict each other; " : "held until it has been far enough for long enough; ") + reason;
}

struct Standpoint {
    const AccountReport* account;
    const AccountMemory* memory;
    Level level;
    bool contested;
};

/// The worst material account, the nearer of two at the same level; all accounts where none is material.
Headline headline_of(const std::vector<Standpoint>& standpoints) {
    const bool any_material = std::any_of(standpoints.begin(), standpoints.end(),
                                          [](const Standpoint& point) { return point.memory->material; });
    Headline headline;
    headline.level = Level::ok;
    headline.reason = "nothing to be liquidated";
    for (const Standpoint& point : standpoints) {
        if (any_material && !point.memory->material) continue;
        const AccountReport& account = *point.account;
        const std::optional<double> z = z_of(account);
        const double infinity = std::numeric_limits<double>::infinity();
        if (headline.binding && std::pair(point.level, z.value_or(infinity)) >= std::pair(headline.level, headline.z.value_or(infinity)))
            continue;
        headline.level = point.level;
        headline.binding = account.key;
        headline.reason = point.level < account.level ? held_reason(account.level, point.contested, account.reason) : account.reason;
        headline.z = z;
        headline.room = room_of(account);
    }
    return headline;
}

constexpr std::string_view source_rules = "source.";

/// Of every chain on which the portfolio holds an account, known or not.
void step_sources(Stepper& stepper, PortfolioMemory& memory, const PortfolioReport& portfolio, const Report& report) {
    std::map<std::string, Condition> conditions;
    for (const auto& [rule, incident] : memory.open) {
        if (!rule.starts_with(source_rules)) continue;
        Condition over;
        over.rule = rule;
        const std::size_t colon = rule.find(':');
        over.reason = "chain " + rule.substr(colon + 1) + ": no longer " + rule.substr(source_rules.size(), colon - source_rules.size());
        conditions.emplace(rule, std::move(over));
    }
    for (const SourceTrouble& trouble : report.troubles) {
        const bool holds = std::any_of(portfolio.accounts.begin(), portfolio.accounts.end(),
                                       [&](const AccountReport& account) { return account.key.venue.chain == trouble.chain; });
        if (!holds) continue;
        Condition condition;
        condition.rule = source_rule(trouble);
        condition.level = Level::warn;
        condition.chain = trouble.chain;
        condition.operators_agreeing = trouble.kind == TroubleKind::stale ? 0 : 1;
        condition.reason = trouble.reason;
        conditions.insert_or_assign(condition.rule, condition);
    }
    for (const auto& [rule, condition] : conditions) stepper.apply(memory.open, condition, nullptr, std::nullopt, false);
}

void step_portfolio(PortfolioMemory& memory, const PortfolioReport& portfolio, const Report& report, const Policy& policy,
                    std::vector<IncidentEvent>& events) {
    Stepper stepper(report, policy, portfolio.name, memory, events);
    stepper.forget_old_ends();

    std::vector<Standpoint> standpoints;
    for (const AccountReport& account : portfolio.accounts) {
        AccountMemory& remembered = memory.accounts[account.key];
        const Level level = step_account(stepper, remembered, account, report, policy);
        standpoints.push_back({&account, &remembered, level, contested(account, report)});
    }
    // An account that is no longer there has nothing to be liquidated.
    for (auto it = memory.accounts.begin(); it != memory.accounts.end();) {
        const bool present = std::any_of(portfolio.accounts.begin(), portfolio.accounts.end(),
                                         [&](const AccountReport& account) { return account.key == it->first; });
        if (present) {
            ++it;
            continue;
        }
        for (const char* rule : {"distance", "unknown", "drift"}) {
            Condition gone;
            gone.rule = rule;
            gone.reason = "the account holds nothing at this venue";
            stepper.apply(it->second.open, gone, nullptr, it->first, !it->second.material);
        }
        it = memory.accounts.erase(it);
    }

    step_sources(stepper, memory, portfolio, report);

    Condition cover;
    cover.rule = "cover";
    cover.entry = cover_entry;
    cover.reason = "there is no unified margin to cover";
    cover.operators_agreeing = 2;
    for (const AccountReport& account : portfolio.accounts) cover.operators_agreeing = std::min(cover.operators_agreeing, operators_agreeing(account, report));
    if (portfolio.unified) {
        memory.unified = portfolio.unified;
        memory.unified_time = report.time;
    } else {
        cover.hold = true;
    }
    if (memory.unified && memory.unified->cover) {
        Judgement judgement = judge_cover(*memory.unified->cover, policy);
        cover.level = judgement.level;
        cover.reason = std::move(judgement.reason);
    }
    if (cover.hold)
        cover.reason += fmt::format("; last known {} s ago: {}", report.time - memory.unified_time, portfolio.unified_reason);
    else
        cover.margin = portfolio.unified->cover.value_or(std::numeric_limits<double>::infinity());
    const Level book = stepper.apply(memory.open, cover, nullptr, std::nullopt, false);

    memory.headline = headline_of(standpoints);
    memory.headline.doubtful_price = portfolio.headline.doubtful_price;
    if (book < memory.headline.level) {
        memory.headline = Headline{};
        memory.headline.level = book;
        memory.headline.reason = book < cover.level ? held_reason(cover.level, false, cover.reason) : cover.reason;
        memory.headline.doubtful_price = portfolio.headline.doubtful_price;
    }
}

}  // namespace

std::string source_rule(const SourceTrouble& trouble) { return fmt::format("source.{}:{}", to_string(trouble.kind), trouble.chain.value); }

StepResult step(const Memory& memory, const Report& report, const Policy& policy) {
    StepResult result;
    result.memory = memory;
    result.memory.time = report.time;
    result.memory.blocks = report.blocks;
    std::erase_if(result.memory.portfolios, [&](const auto& row) {
        return std::none_of(report.portfolios.begin(), report.portfolios.end(),
                            [&](const PortfolioReport& portfolio) { return portfolio.name == row.first; });
    });
    for (const PortfolioReport& portfolio : report.portfolios)
        step_portfolio(result.memory.portfolios[portfolio.name], portfolio, report, policy, result.events);
    return result;
}

}  // namespace margind::risk
