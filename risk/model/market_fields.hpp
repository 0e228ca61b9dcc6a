// Fields of the calibration and of the policy.
#pragma once

#include "risk/model/fields.hpp"
#include "risk/model/market.hpp"
#include "risk/model/policy.hpp"

#include <tuple>

namespace margind::model {

constexpr auto describe(const AssetCalibration*) {
    return std::tuple(field("sigma_24h", &AssetCalibration::sigma_24h), field("beta", &AssetCalibration::beta),
                      field("residual_24h", &AssetCalibration::residual_24h), field("range", &AssetCalibration::range),
                      field("days", &AssetCalibration::days));
}

constexpr auto describe(const Market*) {
    return std::tuple(field("version", &Market::version), field("provenance", &Market::provenance),
                      field("market_sigma_24h", &Market::market_sigma_24h), field("market_range", &Market::market_range),
                      field("assets", &Market::assets));
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
                      field("default_beta", &Policy::default_beta), field("default_range", &Policy::default_range));
}

}  // namespace margind::model
