// A report as a person reads it in a terminal.
#pragma once

#include "risk/model/policy.hpp"
#include "risk/model/report.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace margind::daemon {

/// Thousands separated by commas, fixed decimals: "-1,234.50".
std::string grouped(double value, int decimals);
/// As much precision as the size of a price asks for: "64,250.10", "0.000123".
std::string price_text(double value);
/// "2026-11-20 06:51:13 UTC"; a time beyond what a calendar holds stays a number of seconds.
std::string utc_text(std::int64_t time);

/// "put 1,800.00 expires 2026-12-25 08:00:00 UTC, vol 65.20 % (GWAV), delta -0.2510".
std::string option_text(const model::OptionTerms& option);

/// N, M, I and each way into liquidation, of an account that was written down. Ends with a newline.
std::string to_text(const model::Standing& standing, const std::vector<model::Candidate>& candidates);

/// First liquidation, loss, smallest action; then the book; then each account. Ends with a newline.
std::string to_text(const model::PortfolioReport& portfolio, const model::Report& report, const model::Policy& policy);

}  // namespace margind::daemon
