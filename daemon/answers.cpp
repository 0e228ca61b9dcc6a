// The bodies of the REST endpoint's answers: a published state in, JSON out.
#include "daemon/answers.hpp"

#include "daemon/as_json.hpp"
#include "daemon/first.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace margind::daemon {
namespace {

using nlohmann::json;

json decimal(const model::U256& raw, std::uint8_t decimals) {
    const auto value = model::I256::from(raw);
    return value ? json(model::decimal_text(*value, decimals)) : json(nullptr);
}

json troubles_json(const std::vector<model::SourceTrouble>& troubles) {
    auto list = json::array();
    for (const model::SourceTrouble& trouble : troubles) {
        auto row = json::object();
        row["kind"] = model::to_string(trouble.kind);
        row["reason"] = trouble.reason;
        list.push_back(std::move(row));
    }
    return list;
}

json null_if_empty(const std::string& text) { return text.empty() ? json(nullptr) : json(text); }

// Prices and amounts also as decimal text.
json candidate_json(const model::Candidate& candidate) {
    json body = as_json(candidate);
    body["price_text"] = decimal(candidate.price, candidate.decimals);
    body["liquidation_price_text"] = decimal(candidate.liquidation_price, candidate.decimals);
    return body;
}

json actions_json(const std::vector<model::Action>& actions) {
    auto list = json::array();
    for (const model::Action& action : actions) {
        json body = as_json(action);
        body["amount_text"] = decimal(action.amount_raw, action.decimals);
        list.push_back(std::move(body));
    }
    return list;
}

json account_json(const model::AccountReport& account) {
    json body = as_json(account);
    body["candidates"] = json::array();
    for (const model::Candidate& candidate : account.candidates) body["candidates"].push_back(candidate_json(candidate));
    body["actions"] = actions_json(account.actions);
    body["incident_actions"] = actions_json(account.incident_actions);
    return body;
}

const model::PortfolioMemory* remembered(const Evaluation& evaluation, const std::string& name) {
    const auto found = evaluation.after->portfolios.find(name);
    return found == evaluation.after->portfolios.end() ? nullptr : &found->second;
}

const model::Headline& headline(const Evaluation& evaluation, const model::PortfolioReport& report) {
    const model::PortfolioMemory* memory = remembered(evaluation, report.name);
    return memory ? memory->headline : report.headline;
}

json first_json(const model::PortfolioReport& report) {
    const FirstLiquidation first = first_liquidation(report);
    if (!first.account) return nullptr;
    const model::AccountReport& account = *first.account;
    auto body = json::object();
    body["account_key"] = account.key.to_string();
    body["venue"] = account.key.venue.to_string();
    body["level"] = model::to_string(account.level);
    body["candidate"] = first.candidate ? candidate_json(*first.candidate) : json(nullptr);
    body["loss_if_liquidated_usd"] = as_json(account.loss_if_liquidated_usd);
    body["terms"] = account.level == model::Level::liquidatable ? as_json(account.terms_now) : as_json(account.terms_at_liquidation);
    body["actions"] = actions_json(account.actions);
    return body;
}

json base(const Published& state, const Clocks& clocks, const model::PortfolioReport& report) {
    auto body = json::object();
    body["name"] = report.name;
    body["time"] = state.evaluation->report->time;
    body["as_of"] = as_of(state, clocks);
    return body;
}

// Stored events are our own JSON.
json event_json(const std::string& text) {
    auto body = json::parse(text, nullptr, false);
    if (body.is_object()) return body;
    auto broken = json::object();
    broken["unreadable"] = text;
    return broken;
}

}  // namespace

json as_of(const Published& state, const Clocks& clocks) {
    auto list = json::array();
    for (const ChainStatus& chain : state.chains) {
        auto row = json::object();
        row["chain_id"] = chain.id.value;
        row["name"] = chain.name;
        const bool known = chain.evaluated.has_value();
        row["number"] = known ? json(chain.evaluated->number) : json(nullptr);
        row["hash"] = known ? json(chain.evaluated->hash.to_string()) : json(nullptr);
        row["time"] = known ? json(chain.evaluated->time) : json(nullptr);
        // The report is of the latest block of all chains.
        row["skew_s"] = known && state.evaluation ? json(state.evaluation->report->time - chain.evaluated->time) : json(nullptr);
        row["age_s"] = known ? json(clocks.wall() - chain.evaluated->time) : json(nullptr);
        row["confirmed_age_s"] = chain.confirmed ? json(std::chrono::duration<double>(clocks.steady() - *chain.confirmed).count()) : json(nullptr);
        row["error"] = null_if_empty(chain.error);
        row["troubles"] = troubles_json(chain.troubles);
        list.push_back(std::move(row));
    }
    return list;
}

json portfolio_row(const Evaluation& evaluation, const model::PortfolioReport& report) {
    auto row = json::object();
    row["name"] = report.name;
    row["headline"] = as_json(headline(evaluation, report));
    row["headline_reason"] = nullptr;
    return row;
}

json portfolio_answer(const Published& state, const Clocks& clocks, const model::PortfolioReport& report) {
    const Evaluation& evaluation = *state.evaluation;
    json body = base(state, clocks, report);
    body["headline"] = as_json(headline(evaluation, report));
    body["first_liquidation"] = first_json(report);
    body["first_liquidation_reason"] = body["first_liquidation"].is_null() ? json("no price in the scanned range liquidates a known account") : json(nullptr);
    body["unified"] = as_json(report.unified);
    body["unified_reason"] = null_if_empty(report.unified_reason);
    body["last_unified"] = nullptr;
    const model::PortfolioMemory* memory = remembered(evaluation, report.name);
    if (memory && memory->unified) {
        auto last = json::object();
        last["time"] = memory->unified_time;
        last["age_s"] = clocks.wall() - memory->unified_time;
        last["unified"] = as_json(*memory->unified);
        body["last_unified"] = std::move(last);
    }
    body["partial"] = report.partial;
    body["known_equity_usd"] = report.known_equity_usd;
    body["wallets"] = as_json(report.wallets);
    body["wallets_usd"] = as_json(report.wallets_usd);
    body["unified_with_wallets"] = as_json(report.unified_with_wallets);
    body["snapshot_hash"] = evaluation.report->snapshot_hash.to_string();
    body["market_hash"] = evaluation.report->market_hash.to_string();
    body["policy_hash"] = evaluation.report->policy_hash.to_string();
    body["prices"] = as_json(evaluation.report->prices);
    return body;
}

json accounts_answer(const Published& state, const Clocks& clocks, const model::PortfolioReport& report) {
    json body = base(state, clocks, report);
    body["accounts"] = json::array();
    const model::PortfolioMemory* memory = remembered(*state.evaluation, report.name);
    for (const model::AccountReport& account : report.accounts) {
        json row = account_json(account);
        row["remembered"] = nullptr;
        if (memory) {
            if (const auto found = memory->accounts.find(account.key); found != memory->accounts.end()) {
                json last = as_json(found->second);
                last["age_s"] = clocks.wall() - found->second.good_time;
                row["remembered"] = std::move(last);
            }
        }
        body["accounts"].push_back(std::move(row));
    }
    return body;
}

json scenarios_answer(const Published& state, const Clocks& clocks, const model::PortfolioReport& report) {
    json body = base(state, clocks, report);
    body["scenarios"] = report.unified ? as_json(report.unified->scenarios) : json(nullptr);
    body["worst_scenario"] = report.unified ? json(report.unified->worst_scenario) : json(nullptr);
    body["stress"] = report.unified ? as_json(report.stress) : json(nullptr);
    body["reason"] = null_if_empty(report.unified_reason);
    return body;
}

json attribution_answer(const Published& state, const Clocks& clocks, const model::PortfolioReport& report) {
    json body = base(state, clocks, report);
    body["attribution"] = as_json(report.attribution);
    body["mm_rests_on"] = report.unified ? json(report.unified->mm_rests_on) : json(nullptr);
    body["add_ons"] = report.unified ? as_json(report.unified->add_ons) : json(nullptr);
    body["tail"] = report.unified ? as_json(report.unified->tail) : json(nullptr);
    body["tail_reason"] = report.unified ? null_if_empty(report.unified->tail_reason) : json(nullptr);
    body["cross_checks"] = as_json(report.cross_checks);
    body["cross_checks_reason"] = null_if_empty(report.cross_checks_reason);
    body["policy"] = as_json(state.evaluation->report->policy);
    body["market_version"] = state.evaluation->report->market_version;
    body["reason"] = null_if_empty(report.unified_reason);
    return body;
}

json history_answer(const std::string& portfolio, const std::vector<storage::HistoryPoint>& points) {
    auto body = json::object();
    body["name"] = portfolio;
    body["points"] = json::array();
    for (const storage::HistoryPoint& point : points) {
        auto row = json::object();
        row["time"] = point.time;
        row["level"] = point.level;
        row["reason"] = point.reason;
        row["binding"] = null_if_empty(point.binding);
        row["z"] = as_json(point.z);
        row["room"] = as_json(point.room);
        row["equity_usd"] = as_json(point.equity_usd);
        row["mm_usd"] = as_json(point.mm_usd);
        row["cover"] = as_json(point.cover);
        row["h_u"] = as_json(point.h_u);
        row["z_u"] = as_json(point.z_u);
        row["net_delta_usd"] = as_json(point.net_delta_usd);
        row["netting_usd"] = as_json(point.netting_usd);
        body["points"].push_back(std::move(row));
    }
    return body;
}

json incidents_answer(const std::vector<storage::StoredEvent>& events, const std::vector<storage::StoredEvent>& open,
                      const std::vector<std::string>& uncommitted, std::uint64_t after) {
    auto body = json::object();
    body["next_after"] = events.empty() ? after : events.back().number;
    const auto numbered = [](const storage::StoredEvent& event) {
        json row = event_json(event.json);
        row["number"] = event.number;
        return row;
    };
    body["events"] = json::array();
    for (const storage::StoredEvent& event : events) body["events"].push_back(numbered(event));
    // The database may have taken one since the state was published.
    const auto same = [](const json& a, const json& b) {
        return a.value("id", json()) == b.value("id", json()) && a.value("sequence", json()) == b.value("sequence", json());
    };
    for (const std::string& text : uncommitted) {
        json row = event_json(text);
        row["number"] = nullptr;
        const bool stored = std::any_of(body["events"].begin(), body["events"].end(), [&](const json& event) { return same(event, row); });
        if (!stored) body["events"].push_back(std::move(row));
    }
    // By incident: the last event of each that has not ended, those that the database has not taken among them.
    std::vector<json> last;
    for (const storage::StoredEvent& event : open) last.push_back(numbered(event));
    for (const std::string& text : uncommitted) {
        json row = event_json(text);
        row["number"] = nullptr;
        std::erase_if(last, [&](const json& earlier) { return earlier.value("id", json()) == row.value("id", json()); });
        const std::string type = row.value("type", "");
        if (type != "cleared" && type != "retracted") last.push_back(std::move(row));
    }
    body["open"] = last;
    return body;
}

json on_demand_answer(const Evaluation& evaluation) {
    const model::PortfolioReport& report = evaluation.report->portfolios.front();
    auto body = json::object();
    body["address"] = report.name;
    body["headline"] = as_json(report.headline);
    body["accounts"] = json::array();
    for (const model::AccountReport& account : report.accounts) body["accounts"].push_back(account_json(account));
    body["unified"] = as_json(report.unified);
    body["unified_reason"] = null_if_empty(report.unified_reason);
    body["blocks"] = as_json(evaluation.report->blocks);
    body["troubles"] = troubles_json(evaluation.report->troubles);
    return body;
}

}  // namespace margind::daemon
