// Names of the native figures, after the views that they must equal.
#pragma once

namespace margind::adapters::protocols::derive {

inline constexpr const char* view_maintenance = "getMargin(maintenance)";
inline constexpr const char* view_initial = "getMargin(initial)";
inline constexpr const char* view_mark_to_market = "markToMarket";
/// PMRM 2: an index; the number of scenarios where the basis contingency is the worst.
inline constexpr const char* view_worst_scenario = "worstScenario";

}  // namespace margind::adapters::protocols::derive
