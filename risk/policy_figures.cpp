// Where each number of the policy comes from; risk/README.md tells more of most.
#include "risk/policy_figures.hpp"

#include "risk/model/market_fields.hpp"

#include <array>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace margind::risk {

using namespace model;

namespace {

std::string_view source_of(std::string_view name) {
    static constexpr auto sources = std::to_array<std::pair<std::string_view, std::string_view>>({
        {"z_watch", "measured: touched within 24 h on 1.5 % of days, BTC and ETH longs 2018 to 2025"},
        {"z_warn", "measured: touched within 24 h on 4.5 % of days"},
        {"z_call", "measured: touched within 24 h on 18 % of days"},
        {"z_critical", "measured: touched within 24 h on 43 % of days"},
        {"critical_room_in_deviations", "ours: the next update of the feed may be the last"},
        {"cover_watch", "ours: one clearing house's margin"},
        {"cover_warn", "ours: half of one"},
        {"leave_factor", "ours: hysteresis against flapping"},
        {"leave_after_s", "ours"},
        {"action_z", "ours: where WATCH ends"},
        {"action_z_incident", "ours: leave_factor x z_watch, so that the incident clears"},
        {"material_usd", "ours"},
        {"material_share", "ours"},
        {"unknown_blocks", "ours"},
        {"unknown_after_s", "ours"},
        {"unknown_quiet_s", "ours"},
        {"remind_after_s", "ours"},
        {"action_valid_blocks", "ours"},
        {"reaction_time_s", "ours: a person half an hour, a bot two minutes"},
        {"touch_warn", "ours"},
        {"touch_call", "ours"},
        {"touch_critical", "ours"},
        {"delay_matters_s", "ours"},
        {"scan_steps", "ours"},
        {"scan_down", "ours: to -95 %"},
        {"scan_up", "Deribit's extended table goes to +500 %"},
        {"eta", "ours: the share of offset lost; Variational's decorrelation_risk is the same knob"},
        {"mm_factor", "Derive PMRM 2: MM is 0.8 of the worst loss"},
        {"floor_net", "Paradex: 2 % of net delta"},
        {"floor_hedged", "Paradex: 1 % of hedged delta"},
        {"residual_floor", "ours"},
        {"residual_sigmas", "measured: 4 sigma hold MM of a BTC/ETH pair on all but 3 of 2,828 days"},
        {"range_sigmas", "measured: breached at the close on 0.07 % (BTC) and 0.32 % (ETH) of days"},
        {"range_cap", "ours"},
        {"vol_up", "Deribit and Derive PMRM 2"},
        {"vol_down", "Deribit and Derive PMRM 2"},
        {"vol_up_least", "Derive PMRM 2 (vectors)"},
        {"vol_power_short", "Deribit and Derive PMRM 2"},
        {"vol_power_long", "Deribit and Derive PMRM 2"},
        {"vol_days_floor", "Derive PMRM 2: days to expiry are floored"},
        {"tail_weight", "Derive PMRM 2: 0.1386 of a range of 0.18"},
        {"default_sigma_24h", "ours: above the sigma of every calibrated asset"},
        {"default_beta", "ours"},
        {"default_range", "ours: the row of mid-sized assets"},
        {"var_tail_bps", "Basel's backtest: 99 %"},
        {"es_tail_bps", "Basel FRTB: 97.5 %"},
        {"es_stressed_weight", "EMIR article 28: a quarter on stressed observations"},
        {"es_paths_least", "two years of every 13th hour"},
        {"basis_floor", "ours"},
        {"basis_sigmas", "ours: as range_sigmas"},
        {"tenor_short_days", "ours"},
        {"tenor_middle_days", "Deribit's 30 days"},
        {"tenor_long_days", "ours"},
        {"tenor_vol", "ours"},
        {"adv_share", "ours"},
        {"short_charge", "Derive PMRM 2: 0.3 % and 0.2 % more for initial margin"},
        {"peg_charge", "ours"},
        {"oracle_charge", "ours"},
        {"gas_per_action", "ours: an Aave repayment with a swap"},
        {"stress_overshoot", "ours"},
    });
    for (const auto& [known, source] : sources)
        if (known == name) return source;
    throw std::logic_error("no source of the policy's " + std::string(name));
}

}  // namespace

std::vector<PolicyFigure> policy_figures(const Policy& policy) {
    const Policy standard;
    std::vector<PolicyFigure> figures;
    for_each_field<Policy>([&](const char* name, auto member) {
        figures.push_back({name, static_cast<double>(policy.*member), static_cast<double>(standard.*member), std::string(source_of(name))});
    });
    return figures;
}

}  // namespace margind::risk
