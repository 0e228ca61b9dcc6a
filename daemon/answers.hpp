// The bodies of the REST endpoint's answers: a published state in, JSON out.
#pragma once

#include "daemon/published.hpp"
#include "storage/history.hpp"

#include <nlohmann/json_fwd.hpp>

#include <optional>
#include <string>
#include <vector>

namespace margind::daemon {

/// `report` is one of `evaluation`'s portfolios; the headline is the remembered one.
nlohmann::json portfolio_row(const Evaluation& evaluation, const model::PortfolioReport& report);
nlohmann::json portfolio_answer(const Published& state, const Clocks& clocks, const model::PortfolioReport& report);
nlohmann::json accounts_answer(const Published& state, const Clocks& clocks, const model::PortfolioReport& report);
nlohmann::json scenarios_answer(const Published& state, const Clocks& clocks, const model::PortfolioReport& report);
nlohmann::json attribution_answer(const Published& state, const Clocks& clocks, const model::PortfolioReport& report);
/// One block per chain with its age by the wall clock and since an endpoint last confirmed it as the head.
nlohmann::json as_of(const Published& state, const Clocks& clocks);
nlohmann::json history_answer(const std::string& portfolio, const std::vector<storage::HistoryPoint>& points);
nlohmann::json incidents_answer(const std::vector<storage::StoredEvent>& events, const std::vector<storage::StoredEvent>& open,
                                const std::vector<std::string>& uncommitted, std::uint64_t after);
nlohmann::json on_demand_answer(const Evaluation& evaluation);

}  // namespace margind::daemon
