// Nothing is computed here: what the margin functions found, written down.
#include "adapters/protocols/derive/margin_report.hpp"

#include "adapters/protocols/derive/fixed.hpp"
#include "adapters/protocols/derive/portfolio_margin.hpp"
#include "adapters/protocols/derive/standard_margin.hpp"
#include "risk/model/json_text.hpp"
#include "risk/model/money.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <iterator>

namespace margind::adapters::protocols::derive {
namespace {

using model::Result;
using nlohmann::json;

std::string amount(const I256& value) { return model::decimal_text(value, 18); }

json pair(const Pair& value) {
    json out = json::object();
    out["maintenance"] = amount(value.maintenance);
    out["initial"] = amount(value.initial);
    return out;
}

struct Lines {
    std::string text;
    void add(std::string_view label, const I256& value, std::string_view note = "") {
        fmt::format_to(std::back_inserter(text), "{:<36}{:>32}{}{}\n", label, amount(value), note.empty() ? "" : "  ", note);
    }
    void add(std::string_view label, const Pair& value) {
        fmt::format_to(std::back_inserter(text), "{:<36}{:>32}{:>32}\n", label, amount(value.maintenance), amount(value.initial));
    }
};

json option_terms(const Option& option) {
    json out = json::object();
    out["kind"] = option.is_call ? "call" : "put";
    out["strike"] = amount(option.strike);
    out["amount"] = amount(option.amount);
    out["volatility"] = amount(option.volatility);
    return out;
}

std::string option_name(const Option& option) {
    return fmt::format("{} {} x {}", option.is_call ? "call" : "put", amount(option.strike), amount(option.amount));
}

json expiry_terms(const Book& book, const Expiry& expiry) {
    json out = json::object();
    out["time"] = expiry.time;
    out["seconds_left"] = seconds_left(book, expiry);
    return out;
}

void write_standard(const Book& book, const StandardMargin& margin, json& out, Lines& lines) {
    fmt::format_to(std::back_inserter(lines.text), "{:<36}{:>32}{:>32}\n", "", "maintenance", "initial");
    json markets = json::array();
    for (std::size_t i = 0; i < book.markets.size(); ++i) {
        const Market& market = book.markets[i];
        const StandardMarket& at = margin.markets[i];
        json row = json::object();
        row["name"] = market.label;
        row["margin"] = pair(at.margin);
        row["mark_to_market"] = amount(at.mtm);
        row["perp"] = pair(at.perp);
        row["perp_unsettled"] = amount(at.perp_unsettled);
        row["perp_confidence_penalty"] = amount(at.perp_confidence_penalty);
        row["base"] = pair(at.base);
        row["base_mark_to_market"] = amount(at.base_mtm);
        row["base_confidence_penalty"] = amount(at.base_confidence_penalty);
        row["depeg_penalty"] = amount(at.depeg_penalty);
        json expiries = json::array();
        lines.add(market.label + " perp", at.perp);
        lines.add(market.label + " perp unsettled", {at.perp_unsettled, at.perp_unsettled});
        lines.add(market.label + " base", at.base);
        lines.add(market.label + " perp confidence", {{}, at.perp_confidence_penalty});
        lines.add(market.label + " base confidence", {{}, at.base_confidence_penalty});
        lines.add(market.label + " depeg", {{}, at.depeg_penalty});
        for (std::size_t e = 0; e < market.expiries.size(); ++e) {
            const Expiry& expiry = market.expiries[e];
            const StandardExpiry& found = at.expiries[e];
            json entry = expiry_terms(book, expiry);
            entry["forward"] = amount(found.forward);
            entry["mark_to_market"] = amount(found.mtm);
            entry["isolated"] = pair(found.isolated);
            entry["max_loss"] = pair(found.max_loss);
            entry["taken"] = pair(found.taken());
            entry["confidence_penalty"] = amount(found.confidence_penalty);
            json options = json::array();
            for (std::size_t o = 0; o < expiry.options.size(); ++o) {
                json option = option_terms(expiry.options[o]);
                option["mark_to_market"] = amount(found.options[o].mtm);
                option["isolated"] = pair(found.options[o].isolated);
                options.push_back(std::move(option));
                lines.add("  " + option_name(expiry.options[o]), found.options[o].isolated);
            }
            entry["options"] = std::move(options);
            expiries.push_back(std::move(entry));
            const std::string name = fmt::format("{} expiry {}", market.label, expiry.time);
            lines.add(name + " isolated", found.isolated);
            lines.add(name + " max loss", found.max_loss);
            lines.add(name + " taken", found.taken());
            lines.add(name + " confidence", {{}, found.confidence_penalty});
        }
        row["expiries"] = std::move(expiries);
        markets.push_back(std::move(row));
    }
    out["markets"] = std::move(markets);
    lines.add("cash", {margin.cash, margin.cash});
}

json contingencies(const Contingencies& all) {
    json out = json::object();
    out["perp"] = amount(all.perp);
    out["options"] = amount(all.options);
    out["collateral"] = amount(all.collateral);
    out["confidence"] = amount(all.confidence);
    out["sum"] = amount(all.sum);
    return out;
}

std::string scenario_name(const Scenario& scenario) {
    const bool plain = scenario.dampening == I256(wad);
    return fmt::format("scenario spot {} vol {}{}", amount(scenario.spot), to_string(scenario.vol), plain ? "" : " x " + amount(scenario.dampening));
}

void write_portfolio(const Book& book, const PortfolioMargin& margin, json& out, Lines& lines) {
    const Market& market = book.markets.front();
    json expiries = json::array();
    for (std::size_t i = 0; i < market.expiries.size(); ++i) {
        const Expiry& expiry = market.expiries[i];
        const PortfolioExpiry& at = margin.expiries[i];
        json row = expiry_terms(book, expiry);
        row["discount"] = amount(at.discount);
        row["mark_to_market"] = amount(at.mtm);
        row["basis_up_mark_to_market"] = amount(at.basis_up_mtm);
        row["basis_down_mark_to_market"] = amount(at.basis_down_mtm);
        row["basis_contingency"] = amount(at.basis_contingency);
        row["vol_up"] = amount(at.vol_up);
        row["vol_down"] = amount(at.vol_down);
        row["discount_long"] = amount(at.discount_long);
        row["discount_short"] = amount(at.discount_short);
        row["naked_shorts"] = amount(at.naked_shorts);
        row["confidence"] = amount(at.confidence);
        json options = json::array();
        for (const Option& option : expiry.options) options.push_back(option_terms(option));
        row["options"] = std::move(options);
        expiries.push_back(std::move(row));
        lines.add(fmt::format("expiry {} mark to market", expiry.time), at.mtm);
    }
    json scenarios = json::array();
    for (std::size_t i = 0; i < book.scenarios.size(); ++i) {
        json row = json::object();
        row["spot"] = amount(book.scenarios[i].spot);
        row["vol"] = to_string(book.scenarios[i].vol);
        row["dampening"] = amount(book.scenarios[i].dampening);
        row["pnl"] = amount(margin.scenario_pnl[i]);
        scenarios.push_back(std::move(row));
        lines.add(scenario_name(book.scenarios[i]), margin.scenario_pnl[i], i == margin.worst_scenario ? "worst" : "");
    }
    const bool basis = margin.worst_scenario == book.scenarios.size();
    lines.add("basis contingency", margin.basis_contingency, basis ? "worst" : "");
    out["expiries"] = std::move(expiries);
    out["scenarios"] = std::move(scenarios);
    out["basis_contingency"] = amount(margin.basis_contingency);
    json worst = json::object();
    worst["scenario"] = basis ? json("basis contingency") : json(margin.worst_scenario);
    worst["pnl"] = amount(margin.worst_loss);
    out["worst"] = std::move(worst);
    out["factor"] = pair({margin.maintenance_factor, margin.initial_factor});
    json both = json::object();
    both["maintenance"] = contingencies(margin.maintenance_contingency);
    both["initial"] = contingencies(margin.initial_contingency);
    out["contingencies"] = std::move(both);
    out["options_mark_to_market"] = amount(margin.options_mtm);
    out["perp_unsettled"] = amount(margin.perp_unsettled);
    out["collateral_value"] = amount(margin.collateral_value);
    lines.add("maintenance factor", margin.maintenance_factor);
    lines.add("initial factor", margin.initial_factor);
    const auto write = [&](std::string_view kind, const Contingencies& all) {
        lines.add(fmt::format("{} contingency perp", kind), all.perp);
        lines.add(fmt::format("{} contingency options", kind), all.options);
        lines.add(fmt::format("{} contingency collateral", kind), all.collateral);
        lines.add(fmt::format("{} contingency confidence", kind), all.confidence);
    };
    write("maintenance", margin.maintenance_contingency);
    write(book.manager == ManagerKind::pmrm_2 ? "initial (beside)" : "initial (only)", margin.initial_contingency);
    lines.add("options mark to market", margin.options_mtm);
    lines.add("perp unsettled", margin.perp_unsettled);
    lines.add("collateral value", margin.collateral_value);
    lines.add("cash", margin.cash);
}

}  // namespace

Result<MarginReport> margin_report(const Book& book) {
    json out = json::object();
    Lines lines;
    fmt::format_to(std::back_inserter(lines.text), "{:<36}{:>32}\n", "manager", to_string(book.manager));
    Pair margin;
    I256 mtm;
    if (book.manager == ManagerKind::standard) {
        const Result<StandardMargin> found = standard_margin(book);
        if (!found) return model::fail(found.error());
        margin = found->margin;
        mtm = found->mtm;
        write_standard(book, *found, out, lines);
    } else {
        const Result<PortfolioMargin> found = portfolio_margin(book);
        if (!found) return model::fail(found.error());
        margin = {found->maintenance, found->initial};
        mtm = found->mtm;
        write_portfolio(book, *found, out, lines);
    }
    Checked m;
    const I256 settled = m.add(margin.maintenance, book.interest);
    if (!m.ok()) return model::fail(model::ErrorCode::out_of_range, "the interest does not fit the contract's integers");
    const bool liquidatable = settled.is_negative();
    lines.add("mark to market", mtm);
    if (!book.interest.is_zero()) lines.add("interest not in the views", book.interest);
    lines.add("maintenance margin", margin.maintenance);
    lines.add("initial margin", margin.initial);
    fmt::format_to(std::back_inserter(lines.text), "{:<36}{:>32}\n", "liquidatable", liquidatable ? "yes" : "no");
    out["format"] = "derive.margin/1";
    out["manager"] = to_string(book.manager);
    out["cash"] = amount(book.cash);
    out["interest"] = amount(book.interest);
    out["mark_to_market"] = amount(mtm);
    out["margin"] = pair(margin);
    out["liquidatable"] = liquidatable;
    return MarginReport{std::move(lines.text), model::print_json(out), liquidatable};
}

}  // namespace margind::adapters::protocols::derive
