// A backtest for people and for programs.
#pragma once

#include "risk/backtest/result.hpp"

#include <string>
#include <vector>

namespace margind::daemon {

/// Tables, then the aims that are not met.
std::string backtest_text(const risk::backtest::Backtest& result);
/// Everything, with each day of each book; one line.
std::string backtest_json(const risk::backtest::Backtest& result);
/// One HTML file with the same and charts of it: nothing is loaded from anywhere.
std::string backtest_page(const risk::backtest::Backtest& result);

/// Of books and alarms, in their order.
std::vector<risk::backtest::Aim> aims_of(const risk::backtest::Backtest& result);

}  // namespace margind::daemon
