// Ranges within which a policy still means what risk/ computes with it.
#include "config/policy_fields.hpp"

#include <array>

namespace margind::config {

using model::Policy;

std::span<const PolicyField> policy_fields() {
    static constexpr double day = 86400;
    static constexpr std::array fields = {
        PolicyField{"z_watch", &Policy::z_watch, 0.01, 20},
        PolicyField{"z_warn", &Policy::z_warn, 0.01, 20},
        PolicyField{"z_call", &Policy::z_call, 0.01, 20},
        PolicyField{"z_critical", &Policy::z_critical, 0.01, 20},
        PolicyField{"critical_room_in_deviations", &Policy::critical_room_in_deviations, 0, 100},
        PolicyField{"cover_watch", &Policy::cover_watch, 0, 100},
        PolicyField{"cover_warn", &Policy::cover_warn, 0, 100},
        PolicyField{"leave_factor", &Policy::leave_factor, 1, 10},
        PolicyField{"leave_after_s", &Policy::leave_after_s, 0, day},
        PolicyField{"action_z", &Policy::action_z, 0.01, 50},
        PolicyField{"action_z_incident", &Policy::action_z_incident, 0.01, 50},
        PolicyField{"material_usd", &Policy::material_usd, 0, 1e15},
        PolicyField{"material_share", &Policy::material_share, 0, 1},
        PolicyField{"unknown_blocks", &Policy::unknown_blocks, 1, 1e6},
        PolicyField{"unknown_after_s", &Policy::unknown_after_s, 0, 7 * day},
        PolicyField{"unknown_quiet_s", &Policy::unknown_quiet_s, 0, 7 * day},
        PolicyField{"remind_after_s", &Policy::remind_after_s, 60, 30 * day},
        PolicyField{"action_valid_blocks", &Policy::action_valid_blocks, 1, 1e6},
        PolicyField{"reaction_time_s", &Policy::reaction_time_s, 1, 30 * day},
        PolicyField{"touch_warn", &Policy::touch_warn, 0, 1},
        PolicyField{"touch_call", &Policy::touch_call, 0, 1},
        PolicyField{"touch_critical", &Policy::touch_critical, 0, 1},
        PolicyField{"delay_matters_s", &Policy::delay_matters_s, 0, 30 * day},
        PolicyField{"scan_steps", &Policy::scan_steps, 10, 10000},
        PolicyField{"scan_down", &Policy::scan_down, 0.1, 0.999},
        PolicyField{"scan_up", &Policy::scan_up, 0.1, 1000},
        PolicyField{"eta", &Policy::eta, 0, 1},
        PolicyField{"mm_factor", &Policy::mm_factor, 0.01, 1},
        PolicyField{"floor_net", &Policy::floor_net, 0, 1},
        PolicyField{"floor_hedged", &Policy::floor_hedged, 0, 1},
        PolicyField{"residual_floor", &Policy::residual_floor, 0, 1},
        PolicyField{"residual_sigmas", &Policy::residual_sigmas, 0, 20},
        PolicyField{"range_sigmas", &Policy::range_sigmas, 0, 20},
        PolicyField{"range_cap", &Policy::range_cap, 0.01, 0.99},
        PolicyField{"vol_up", &Policy::vol_up, 0, 5},
        PolicyField{"vol_down", &Policy::vol_down, 0, 1},
        PolicyField{"vol_up_least", &Policy::vol_up_least, 0, 5},
        PolicyField{"vol_power_short", &Policy::vol_power_short, 0, 1},
        PolicyField{"vol_power_long", &Policy::vol_power_long, 0, 1},
        PolicyField{"vol_days_floor", &Policy::vol_days_floor, 0.01, 30},
        PolicyField{"tail_weight", &Policy::tail_weight, 0, 1},
        PolicyField{"default_sigma_24h", &Policy::default_sigma_24h, 0.001, 1},
        PolicyField{"default_beta", &Policy::default_beta, -10, 10},
        PolicyField{"default_range", &Policy::default_range, 0.01, 0.99},
        PolicyField{"var_tail_bps", &Policy::var_tail_bps, 1, 10000},
        PolicyField{"es_tail_bps", &Policy::es_tail_bps, 1, 10000},
        PolicyField{"es_stressed_weight", &Policy::es_stressed_weight, 0, 1},
        PolicyField{"es_paths_least", &Policy::es_paths_least, 1, 100000},
        PolicyField{"basis_floor", &Policy::basis_floor, 0, 1},
        PolicyField{"basis_sigmas", &Policy::basis_sigmas, 0, 20},
        PolicyField{"tenor_short_days", &Policy::tenor_short_days, 0.01, 3650},
        PolicyField{"tenor_middle_days", &Policy::tenor_middle_days, 0.01, 3650},
        PolicyField{"tenor_long_days", &Policy::tenor_long_days, 0.01, 3650},
        PolicyField{"tenor_vol", &Policy::tenor_vol, 0, 5},
        PolicyField{"adv_share", &Policy::adv_share, 0.001, 10},
        PolicyField{"short_charge", &Policy::short_charge, 0, 1},
        PolicyField{"peg_charge", &Policy::peg_charge, 0, 1},
        PolicyField{"oracle_charge", &Policy::oracle_charge, 0, 1},
        PolicyField{"gas_per_action", &Policy::gas_per_action, 0, 1000000000.0},
        PolicyField{"stress_overshoot", &Policy::stress_overshoot, 0, 0.9},
    };
    return fields;
}

std::span<const PolicyOrder> policy_orders() {
    static constexpr std::array orders = {
        PolicyOrder{"z_critical", "z_call", true},        PolicyOrder{"z_call", "z_warn", true},
        PolicyOrder{"z_warn", "z_watch", true},           PolicyOrder{"cover_warn", "cover_watch", true},
        PolicyOrder{"z_warn", "action_z", false},         PolicyOrder{"action_z", "action_z_incident", false},
        PolicyOrder{"touch_warn", "touch_call", false},   PolicyOrder{"touch_call", "touch_critical", false},
        PolicyOrder{"floor_hedged", "floor_net", false},  PolicyOrder{"var_tail_bps", "es_tail_bps", false},
        PolicyOrder{"tenor_short_days", "tenor_middle_days", true}, PolicyOrder{"tenor_middle_days", "tenor_long_days", true},
    };
    return orders;
}

}  // namespace margind::config
