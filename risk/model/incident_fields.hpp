// Fields of incidents and of what is remembered.
#pragma once

#include "risk/model/incident.hpp"
#include "risk/model/report_fields.hpp"

#include <tuple>

namespace margind::model {

constexpr auto describe(const IncidentEvent*) {
    return std::tuple(field("id", &IncidentEvent::id), field("sequence", &IncidentEvent::sequence),
                      field("type", &IncidentEvent::type), field("portfolio", &IncidentEvent::portfolio),
                      field("rule", &IncidentEvent::rule), field("blocks", &IncidentEvent::blocks),
                      field("finality", &IncidentEvent::finality), field("expires_at_block", &IncidentEvent::expires_at_block),
                      field("account", &IncidentEvent::account), field("grade", &IncidentEvent::grade),
                      field("operators_agreeing", &IncidentEvent::operators_agreeing), field("level", &IncidentEvent::level),
                      field("from", &IncidentEvent::from), field("reason", &IncidentEvent::reason),
                      field("log_only", &IncidentEvent::log_only), field("z", &IncidentEvent::z),
                      field("room", &IncidentEvent::room), field("h", &IncidentEvent::h),
                      field("liquidation_price", &IncidentEvent::liquidation_price),
                      field("price_decimals", &IncidentEvent::price_decimals),
                      field("price_source", &IncidentEvent::price_source), field("liquidatable", &IncidentEvent::liquidatable),
                      field("close_factor_bps", &IncidentEvent::close_factor_bps),
                      field("penalty_bps", &IncidentEvent::penalty_bps),
                      field("loss_if_liquidated_usd", &IncidentEvent::loss_if_liquidated_usd),
                      field("actions", &IncidentEvent::actions));
}

constexpr auto describe(const OpenIncident*) {
    return std::tuple(field("id", &OpenIncident::id), field("sequence", &OpenIncident::sequence),
                      field("rule", &OpenIncident::rule), field("level", &OpenIncident::level),
                      field("opened_at", &OpenIncident::opened_at), field("last_event_time", &OpenIncident::last_event_time),
                      field("leaving_since", &OpenIncident::leaving_since), field("log_only", &OpenIncident::log_only));
}

constexpr auto describe(const EndedIncident*) {
    return std::tuple(field("sequence", &EndedIncident::sequence), field("time", &EndedIncident::time));
}

constexpr auto describe(const AccountMemory*) {
    return std::tuple(field("level", &AccountMemory::level), field("z", &AccountMemory::z),
                      field("equity_usd", &AccountMemory::equity_usd), field("at_stake_usd", &AccountMemory::at_stake_usd),
                      field("material", &AccountMemory::material), field("good_time", &AccountMemory::good_time),
                      field("unknown_since", &AccountMemory::unknown_since),
                      field("unknown_blocks", &AccountMemory::unknown_blocks), field("open", &AccountMemory::open));
}

constexpr auto describe(const PortfolioMemory*) {
    return std::tuple(field("accounts", &PortfolioMemory::accounts), field("open", &PortfolioMemory::open),
                      field("unified", &PortfolioMemory::unified), field("unified_time", &PortfolioMemory::unified_time),
                      field("headline", &PortfolioMemory::headline), field("ended", &PortfolioMemory::ended));
}

constexpr auto describe(const Memory*) {
    return std::tuple(field("time", &Memory::time), field("blocks", &Memory::blocks),
                      field("portfolios", &Memory::portfolios));
}

}  // namespace margind::model
