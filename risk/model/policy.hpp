// Every number a judgement stands on, with its default; risk/README.md gives their sources.
#pragma once

#include <cstdint>

namespace margind::model {

struct Policy {
    // Levels on z (risk/README.md, "Levels").
    double z_watch = 3.0;
    double z_warn = 2.0;
    double z_call = 1.0;
    double z_critical = 0.5;
    /// CRITICAL also when room < this many deviations of the triggering feed.
    double critical_room_in_deviations = 2.0;
    double cover_watch = 1.0;
    double cover_warn = 0.5;
    /// A level is left when z is at least this multiple of its entry, for `leave_after_s`.
    double leave_factor = 1.2;
    std::int64_t leave_after_s = 60;
    /// Actions reach this z: without, and with an open incident.
    double action_z = 3.0;
    double action_z_incident = 3.6;
    double material_usd = 500;
    double material_share = 0.01;
    std::int64_t unknown_blocks = 3;
    std::int64_t unknown_after_s = 60;
    std::int64_t unknown_quiet_s = 600;
    std::int64_t remind_after_s = 3600;
    std::int64_t action_valid_blocks = 50;
    std::int64_t reaction_time_s = 1800;
    /// P(touch within the funding delay) that raises to WARN, CALL, CRITICAL, where the delay exceeds `delay_matters_s`.
    double touch_warn = 0.01;
    double touch_call = 0.05;
    double touch_critical = 0.20;
    std::int64_t delay_matters_s = 14400;
    // Scan for liquidation prices.
    std::int64_t scan_steps = 200;
    double scan_down = 0.95;
    double scan_up = 5.0;
    // Unified margin, main grid.
    double eta = 0.2;
    double mm_factor = 0.8;
    double floor_net = 0.02;
    double floor_hedged = 0.01;
    double residual_floor = 0.10;
    double residual_sigmas = 4.0;
    double range_sigmas = 4.0;
    double range_cap = 0.9;
    // Vols in the grid; only books that hold options have such scenarios.
    double vol_up = 0.50;
    double vol_down = 0.25;
    /// A vol that goes up is at least this.
    double vol_up_least = 0.45;
    /// Exponents of 30 days / days to expiry, to 30 days and beyond.
    double vol_power_short = 0.30;
    double vol_power_long = 0.13;
    double vol_days_floor = 1;
    /// A tail's loss counts by min(1, tail_weight x R / |shock|).
    double tail_weight = 0.77;
    /// For an asset without calibration.
    double default_sigma_24h = 0.06;
    double default_beta = 1.0;
    double default_range = 0.35;
    // VaR and ES by filtered historical simulation: shares of the paths in basis points.
    std::int64_t var_tail_bps = 100;
    std::int64_t es_tail_bps = 250;
    /// Weight of the stressed days in ES*.
    double es_stressed_weight = 0.25;
    std::int64_t es_paths_least = 1348;
    // Add-ons. Basis per venue pair: max(floor, sigmas x sigma of the basis).
    double basis_floor = 0.005;
    double basis_sigmas = 4;
    /// Bounds of the tenor buckets, and the share of its vol that a bucket's vega is charged.
    double tenor_short_days = 7;
    double tenor_middle_days = 30;
    double tenor_long_days = 90;
    double tenor_vol = 0.10;
    /// Share of the daily volume that may be traded without moving the price.
    double adv_share = 0.1;
    /// Of the notional: per naked short option, per net exposure to a stable, per lacking confidence of a price.
    double short_charge = 0.005;
    double peg_charge = 0.03;
    double oracle_charge = 0.05;
    double gas_per_action = 500'000;
    /// How far one venue's oracle goes beyond the others in the stress library.
    double stress_overshoot = 0.05;
    friend bool operator==(const Policy&, const Policy&) = default;
};

}  // namespace margind::model
