// A book's days against their margin: how often it was broken, how much it asked for, and whether VaR and ES were right.
#pragma once

#include "risk/backtest/books.hpp"

#include <vector>

namespace margind::risk::backtest {

/// Aims: risk/README.md, "Backtest". \pre days are not empty
BookResult judge(const BookSpec& spec, std::vector<BookDay> days, const model::Policy& policy);

/// Of a series of positive figures a day apart: the largest over the smallest, and the largest rise within five days, 0.6 is 60 %.
struct Swing {
    double peak_to_trough = 1;
    double worst_rise_5d = 0;
};
Swing swing_of(const std::vector<double>& values);

}  // namespace margind::risk::backtest
