// Fields of a report and of all it is made of.
#pragma once

#include "risk/model/report.hpp"
#include "risk/model/snapshot_fields.hpp"

#include <string_view>
#include <tuple>

namespace margind::model {

constexpr auto describe(const Grade*) {
    return std::tuple(field("kind", &Grade::kind), field("reason", &Grade::reason), field("qualifiers", &Grade::qualifiers));
}

constexpr auto describe(const OptionTerms*) {
    return std::tuple(field("kind", &OptionTerms::kind), field("strike", &OptionTerms::strike), field("expiry", &OptionTerms::expiry),
                      field("vol", &OptionTerms::vol), field("vol_source", &OptionTerms::vol_source), field("delta", &OptionTerms::delta),
                      field("settlement_price", &OptionTerms::settlement_price));
}

constexpr auto describe(const Position*) {
    return std::tuple(field("instrument", &Position::instrument), field("underlying", &Position::underlying),
                      field("label", &Position::label), field("quantity", &Position::quantity), field("mark", &Position::mark),
                      field("notional", &Position::notional), field("entry", &Position::entry),
                      field("accrued", &Position::accrued), field("carry_per_day", &Position::carry_per_day),
                      field("collateral", &Position::collateral), field("option", &Position::option));
}

constexpr auto describe(const Standing*) {
    return std::tuple(field("equity", &Standing::equity), field("maintenance", &Standing::maintenance),
                      field("initial", &Standing::initial), field("liquidatable", &Standing::liquidatable));
}

constexpr auto describe(const LiquidationTerms*) {
    return std::tuple(field("close_factor_bps", &LiquidationTerms::close_factor_bps),
                      field("penalty_bps", &LiquidationTerms::penalty_bps), field("loss", &LiquidationTerms::loss));
}

constexpr auto describe(const Band*) {
    return std::tuple(field("half_width", &Band::half_width), field("near_room", &Band::near_room), field("near_z", &Band::near_z));
}

constexpr auto describe(const Candidate*) {
    return std::tuple(field("asset", &Candidate::asset), field("direction", &Candidate::direction),
                      field("label", &Candidate::label), field("role", &Candidate::role), field("price", &Candidate::price),
                      field("liquidation_price", &Candidate::liquidation_price), field("decimals", &Candidate::decimals),
                      field("h", &Candidate::h), field("room", &Candidate::room), field("z", &Candidate::z),
                      field("p_touch_24h", &Candidate::p_touch_24h), field("sigma_24h", &Candidate::sigma_24h),
                      field("sigma_is_default", &Candidate::sigma_is_default),
                      field("feed_deviation", &Candidate::feed_deviation), field("band", &Candidate::band));
}

constexpr auto describe(const Action*) {
    return std::tuple(field("verb", &Action::verb), field("asset", &Action::asset), field("label", &Action::label),
                      field("amount_raw", &Action::amount_raw), field("decimals", &Action::decimals),
                      field("amount_usd", &Action::amount_usd), field("target_z", &Action::target_z),
                      field("h_after", &Action::h_after), field("n_after", &Action::n_after),
                      field("m_after", &Action::m_after), field("valid_until_block", &Action::valid_until_block));
}

constexpr auto describe(const AccountReport*) {
    return std::tuple(field("key", &AccountReport::key), field("grade", &AccountReport::grade),
                      field("level", &AccountReport::level), field("reason", &AccountReport::reason),
                      field("standing", &AccountReport::standing), field("native", &AccountReport::native),
                      field("views", &AccountReport::views), field("positions", &AccountReport::positions),
                      field("candidates", &AccountReport::candidates), field("unscanned", &AccountReport::unscanned),
                      field("terms_now", &AccountReport::terms_now),
                      field("terms_at_liquidation", &AccountReport::terms_at_liquidation),
                      field("equity_usd", &AccountReport::equity_usd),
                      field("maintenance_usd", &AccountReport::maintenance_usd),
                      field("initial_usd", &AccountReport::initial_usd), field("at_stake_usd", &AccountReport::at_stake_usd),
                      field("loss_if_liquidated_usd", &AccountReport::loss_if_liquidated_usd),
                      field("carry_per_day_usd", &AccountReport::carry_per_day_usd),
                      field("material", &AccountReport::material), field("actions", &AccountReport::actions),
                      field("incident_actions", &AccountReport::incident_actions));
}

constexpr auto describe(const UnderlyingExposure*) {
    return std::tuple(field("asset", &UnderlyingExposure::asset), field("net_delta", &UnderlyingExposure::net_delta),
                      field("gross_delta", &UnderlyingExposure::gross_delta), field("net_delta_usd", &UnderlyingExposure::net_delta_usd),
                      field("gross_delta_usd", &UnderlyingExposure::gross_delta_usd), field("worst_loss_usd", &UnderlyingExposure::worst_loss_usd),
                      field("gamma_usd", &UnderlyingExposure::gamma_usd), field("vega_usd", &UnderlyingExposure::vega_usd),
                      field("theta_usd", &UnderlyingExposure::theta_usd), field("price_usd", &UnderlyingExposure::price_usd),
                      field("sigma_24h", &UnderlyingExposure::sigma_24h), field("sigma_from", &UnderlyingExposure::sigma_from));
}

constexpr int since(const UnderlyingExposure*, std::string_view name) {
    return is_one_of(name, {"gamma_usd", "vega_usd", "theta_usd", "price_usd", "sigma_24h", "sigma_from"}) ? 4 : 0;
}

constexpr auto describe(const TailLoss*) {
    return std::tuple(field("paths", &TailLoss::paths), field("from", &TailLoss::from), field("to", &TailLoss::to),
                      field("var_usd", &TailLoss::var_usd), field("es_usd", &TailLoss::es_usd), field("stressed_days", &TailLoss::stressed_days),
                      field("es_stressed_usd", &TailLoss::es_stressed_usd), field("es_star_usd", &TailLoss::es_star_usd),
                      field("filled", &TailLoss::filled), field("kernel", &TailLoss::kernel));
}

constexpr auto describe(const AddOnInput*) {
    return std::tuple(field("of", &AddOnInput::of), field("figures", &AddOnInput::figures), field("usd", &AddOnInput::usd),
                      field("source", &AddOnInput::source));
}

constexpr auto describe(const AddOn*) {
    return std::tuple(field("name", &AddOn::name), field("usd", &AddOn::usd), field("reason", &AddOn::reason), field("in_mm", &AddOn::in_mm),
                      field("inputs", &AddOn::inputs));
}

constexpr auto describe(const StressResult*) {
    return std::tuple(field("name", &StressResult::name), field("kind", &StressResult::kind), field("shocks", &StressResult::shocks),
                      field("pnl_usd", &StressResult::pnl_usd), field("liquidated", &StressResult::liquidated),
                      field("reason", &StressResult::reason));
}

constexpr auto describe(const Shares*) {
    return std::tuple(field("es_usd", &Shares::es_usd), field("grid_usd", &Shares::grid_usd), field("mm_usd", &Shares::mm_usd),
                      field("incremental_es_usd", &Shares::incremental_es_usd));
}

constexpr auto describe(const PositionShare*) {
    return std::tuple(field("account", &PositionShare::account), field("label", &PositionShare::label),
                      field("underlying", &PositionShare::underlying), field("shares", &PositionShare::shares));
}

constexpr auto describe(const PartShare*) { return std::tuple(field("of", &PartShare::of), field("shares", &PartShare::shares)); }

constexpr auto describe(const Attribution*) {
    return std::tuple(field("total", &Attribution::total), field("positions", &Attribution::positions), field("venues", &Attribution::venues),
                      field("underlyings", &Attribution::underlyings), field("factors", &Attribution::factors));
}

constexpr auto describe(const BreachMove*) {
    return std::tuple(field("asset", &BreachMove::asset), field("move", &BreachMove::move), field("importance", &BreachMove::importance));
}

constexpr auto describe(const CrossChecks*) {
    return std::tuple(field("parametric_var_usd", &CrossChecks::parametric_var_usd), field("cornish_fisher_var_usd", &CrossChecks::cornish_fisher_var_usd),
                      field("monotone", &CrossChecks::monotone), field("shrinkage", &CrossChecks::shrinkage),
                      field("least_eigenvalue", &CrossChecks::least_eigenvalue), field("repaired", &CrossChecks::repaired),
                      field("paths_normal_var_usd", &CrossChecks::paths_normal_var_usd),
                      field("paths_cornish_fisher_var_usd", &CrossChecks::paths_cornish_fisher_var_usd), field("simm_usd", &CrossChecks::simm_usd),
                      field("breach_beta", &CrossChecks::breach_beta), field("breach_probability", &CrossChecks::breach_probability),
                      field("breach", &CrossChecks::breach), field("breach_reason", &CrossChecks::breach_reason), field("alarms", &CrossChecks::alarms));
}

constexpr auto describe(const PolicyFigure*) {
    return std::tuple(field("name", &PolicyFigure::name), field("value", &PolicyFigure::value), field("standard", &PolicyFigure::standard),
                      field("source", &PolicyFigure::source));
}

constexpr auto describe(const ScenarioResult*) {
    return std::tuple(field("name", &ScenarioResult::name), field("joint", &ScenarioResult::joint),
                      field("shocks", &ScenarioResult::shocks), field("vols", &ScenarioResult::vols),
                      field("weight", &ScenarioResult::weight), field("pnl_usd", &ScenarioResult::pnl_usd));
}

constexpr auto describe(const Unified*) {
    return std::tuple(
        field("equity_usd", &Unified::equity_usd), field("grid_margin_usd", &Unified::grid_margin_usd), field("floor_usd", &Unified::floor_usd),
        field("mm_usd", &Unified::mm_usd), field("im_usd", &Unified::im_usd), field("cover", &Unified::cover),
        field("netting_usd", &Unified::netting_usd), field("capital_lockup_usd", &Unified::capital_lockup_usd),
        field("gross_delta_usd", &Unified::gross_delta_usd), field("net_delta_usd", &Unified::net_delta_usd), field("leverage", &Unified::leverage),
        field("carry_per_day_usd", &Unified::carry_per_day_usd), field("days_to_liquidation_by_carry", &Unified::days_to_liquidation_by_carry),
        field("binding", &Unified::binding), field("h_u", &Unified::h_u), field("z_u", &Unified::z_u), field("unscanned", &Unified::unscanned),
        field("exposures", &Unified::exposures), field("scenarios", &Unified::scenarios), field("worst_scenario", &Unified::worst_scenario),
        field("margin_eta_0", &Unified::margin_eta_0), field("margin_eta_half", &Unified::margin_eta_half),
        field("margin_eta_1", &Unified::margin_eta_1), field("eta_at_breach", &Unified::eta_at_breach), field("core_usd", &Unified::core_usd),
        field("tail", &Unified::tail), field("tail_reason", &Unified::tail_reason), field("add_ons", &Unified::add_ons),
        field("margin_lacks", &Unified::margin_lacks), field("mm_rests_on", &Unified::mm_rests_on), field("gamma_usd", &Unified::gamma_usd),
        field("vega_usd", &Unified::vega_usd), field("theta_usd", &Unified::theta_usd));
}

constexpr int since(const Unified*, std::string_view name) {
    return is_one_of(name, {"core_usd", "tail", "tail_reason", "add_ons", "margin_lacks", "mm_rests_on", "gamma_usd", "vega_usd", "theta_usd"}) ? 4
                                                                                                                                                : 0;
}

constexpr auto describe(const Headline*) {
    return std::tuple(field("level", &Headline::level), field("reason", &Headline::reason),
                      field("binding", &Headline::binding), field("room", &Headline::room), field("z", &Headline::z),
                      field("doubtful_price", &Headline::doubtful_price));
}

constexpr auto describe(const WalletReport*) {
    return std::tuple(field("key", &WalletReport::key), field("reason", &WalletReport::reason), field("positions", &WalletReport::positions),
                      field("value_usd", &WalletReport::value_usd));
}

constexpr auto describe(const PortfolioReport*) {
    return std::tuple(field("name", &PortfolioReport::name), field("headline", &PortfolioReport::headline),
                      field("accounts", &PortfolioReport::accounts), field("unified", &PortfolioReport::unified),
                      field("unified_reason", &PortfolioReport::unified_reason), field("partial", &PortfolioReport::partial),
                      field("known_equity_usd", &PortfolioReport::known_equity_usd), field("wallets", &PortfolioReport::wallets),
                      field("wallets_usd", &PortfolioReport::wallets_usd), field("unified_with_wallets", &PortfolioReport::unified_with_wallets),
                      field("stress", &PortfolioReport::stress), field("attribution", &PortfolioReport::attribution),
                      field("cross_checks", &PortfolioReport::cross_checks), field("cross_checks_reason", &PortfolioReport::cross_checks_reason));
}

constexpr auto describe(const Report*) {
    return std::tuple(field("time", &Report::time), field("blocks", &Report::blocks), field("snapshot_hash", &Report::snapshot_hash),
                      field("market_hash", &Report::market_hash), field("policy_hash", &Report::policy_hash), field("prices", &Report::prices),
                      field("troubles", &Report::troubles), field("portfolios", &Report::portfolios),
                      field("market_version", &Report::market_version), field("policy", &Report::policy));
}

}  // namespace margind::model
