// Fields of the calibration and of the policy.
#pragma once

#include "risk/model/content.hpp"
#include "risk/model/fields.hpp"
#include "risk/model/json_print.hpp"
#include "risk/model/json_reader.hpp"
#include "risk/model/json_writer.hpp"
#include "risk/model/market.hpp"
#include "risk/model/policy.hpp"

#include <string_view>
#include <tuple>
#include <utility>

namespace margind::model {

constexpr auto describe(const Liquidity*) {
    return std::tuple(field("half_spread", &Liquidity::half_spread), field("adv_usd", &Liquidity::adv_usd),
                      field("source", &Liquidity::source), field("date", &Liquidity::date));
}

constexpr auto describe(const StressDay*) {
    return std::tuple(field("name", &StressDay::name), field("end", &StressDay::end), field("factor", &StressDay::factor),
                      field("moves", &StressDay::moves));
}

constexpr auto describe(const GasPrice*) {
    return std::tuple(field("chain", &GasPrice::chain), field("p95_gwei", &GasPrice::p95_gwei), field("native", &GasPrice::native),
                      field("source", &GasPrice::source), field("date", &GasPrice::date));
}

constexpr auto describe(const PastSeries*) {
    return std::tuple(field("returns", &PastSeries::returns), field("sigmas", &PastSeries::sigmas));
}

constexpr auto describe(const PastMoves*) {
    return std::tuple(field("end_hours", &PastMoves::end_hours), field("assets", &PastMoves::assets),
                      field("stressed_end_hours", &PastMoves::stressed_end_hours),
                      field("stressed_factor", &PastMoves::stressed_factor), field("stressed", &PastMoves::stressed));
}

inline void write_json(const JsonWriter& out, const Past& past) { write_json(out, past.moves()); }
inline void print_value(JsonPrinter& out, const Past& past) { print_value(out, past.moves()); }
inline void add_content(Content& content, const Past& past) { content.add(past.hash()); }
inline void read_json(const JsonReader& in, Past& out) {
    PastMoves moves;
    read_json(in, moves);
    if (!in.failed()) out = Past(std::move(moves));
}

constexpr auto describe(const AssetCalibration*) {
    return std::tuple(field("sigma_24h", &AssetCalibration::sigma_24h), field("beta", &AssetCalibration::beta),
                      field("residual_24h", &AssetCalibration::residual_24h), field("range", &AssetCalibration::range),
                      field("days", &AssetCalibration::days), field("ewma_24h", &AssetCalibration::ewma_24h),
                      field("sigma_floor", &AssetCalibration::sigma_floor), field("sigma_from", &AssetCalibration::sigma_from),
                      field("pegged", &AssetCalibration::pegged), field("claim", &AssetCalibration::claim),
                      field("funding_long_24h", &AssetCalibration::funding_long_24h),
                      field("funding_short_24h", &AssetCalibration::funding_short_24h),
                      field("basis_24h", &AssetCalibration::basis_24h), field("liquidity", &AssetCalibration::liquidity));
}

constexpr int since(const AssetCalibration*, std::string_view name) {
    const bool first = is_one_of(name, {"sigma_24h", "beta", "residual_24h", "range", "days"});
    return first ? 0 : 4;
}

constexpr auto describe(const Market*) {
    return std::tuple(field("version", &Market::version), field("provenance", &Market::provenance),
                      field("market_sigma_24h", &Market::market_sigma_24h), field("market_range", &Market::market_range),
                      field("assets", &Market::assets), field("calibrated_to", &Market::calibrated_to),
                      field("market_ewma_24h", &Market::market_ewma_24h),
                      field("market_sigma_floor", &Market::market_sigma_floor), field("stress_days", &Market::stress_days),
                      field("gas", &Market::gas), field("past", &Market::past));
}

constexpr int since(const Market*, std::string_view name) {
    return is_one_of(name, {"calibrated_to", "market_ewma_24h", "market_sigma_floor", "stress_days", "gas", "past"}) ? 4 : 0;
}

constexpr auto describe(const Policy*) {
    return std::tuple(field("z_watch", &Policy::z_watch), field("z_warn", &Policy::z_warn), field("z_call", &Policy::z_call),
                      field("z_critical", &Policy::z_critical),
                      field("critical_room_in_deviations", &Policy::critical_room_in_deviations),
                      field("cover_watch", &Policy::cover_watch), field("cover_warn", &Policy::cover_warn),
                      field("leave_factor", &Policy::leave_factor), field("leave_after_s", &Policy::leave_after_s),
                      field("action_z", &Policy::action_z), field("action_z_incident", &Policy::action_z_incident),
                      field("material_usd", &Policy::material_usd), field("material_share", &Policy::material_share),
                      field("unknown_blocks", &Policy::unknown_blocks), field("unknown_after_s", &Policy::unknown_after_s),
                      field("unknown_quiet_s", &Policy::unknown_quiet_s), field("remind_after_s", &Policy::remind_after_s),
                      field("action_valid_blocks", &Policy::action_valid_blocks),
                      field("reaction_time_s", &Policy::reaction_time_s), field("touch_warn", &Policy::touch_warn),
                      field("touch_call", &Policy::touch_call), field("touch_critical", &Policy::touch_critical),
                      field("delay_matters_s", &Policy::delay_matters_s), field("scan_steps", &Policy::scan_steps),
                      field("scan_down", &Policy::scan_down), field("scan_up", &Policy::scan_up), field("eta", &Policy::eta),
                      field("mm_factor", &Policy::mm_factor), field("floor_net", &Policy::floor_net),
                      field("floor_hedged", &Policy::floor_hedged), field("residual_floor", &Policy::residual_floor),
                      field("residual_sigmas", &Policy::residual_sigmas), field("range_sigmas", &Policy::range_sigmas),
                      field("range_cap", &Policy::range_cap), field("vol_up", &Policy::vol_up), field("vol_down", &Policy::vol_down),
                      field("vol_up_least", &Policy::vol_up_least), field("vol_power_short", &Policy::vol_power_short),
                      field("vol_power_long", &Policy::vol_power_long), field("vol_days_floor", &Policy::vol_days_floor),
                      field("tail_weight", &Policy::tail_weight), field("default_sigma_24h", &Policy::default_sigma_24h),
                      field("default_beta", &Policy::default_beta), field("default_range", &Policy::default_range),
                      field("var_tail_bps", &Policy::var_tail_bps),
                      field("es_tail_bps", &Policy::es_tail_bps),
                      field("es_stressed_weight", &Policy::es_stressed_weight),
                      field("es_paths_least", &Policy::es_paths_least),
                      field("basis_floor", &Policy::basis_floor),
                      field("basis_sigmas", &Policy::basis_sigmas),
                      field("tenor_short_days", &Policy::tenor_short_days),
                      field("tenor_middle_days", &Policy::tenor_middle_days),
                      field("tenor_long_days", &Policy::tenor_long_days),
                      field("tenor_vol", &Policy::tenor_vol),
                      field("adv_share", &Policy::adv_share),
                      field("short_charge", &Policy::short_charge),
                      field("peg_charge", &Policy::peg_charge),
                      field("oracle_charge", &Policy::oracle_charge),
                      field("gas_per_action", &Policy::gas_per_action),
                      field("stress_overshoot", &Policy::stress_overshoot));
}

constexpr int since(const Policy*, std::string_view name) {
    return is_one_of(name, {"var_tail_bps", "es_tail_bps", "es_stressed_weight", "es_paths_least", "basis_floor", "basis_sigmas", "tenor_short_days",
                            "tenor_middle_days", "tenor_long_days", "tenor_vol", "adv_share", "short_charge", "peg_charge", "oracle_charge",
                            "gas_per_action", "stress_overshoot"}) ? 4 : 0;
}

}  // namespace margind::model
