// The unified margin once more: plain loops over long doubles, written from the model, sharing no code with risk/.
#pragma once

#include "tests/support/paper_book.hpp"

namespace margind::testing {

struct TwinFigures {
    long double equity = 0;
    long double joint = 0;
    long double sum = 0;
    long double grid = 0;
    long double var = 0;
    long double es = 0;
    long double es_stressed = 0;
    long double es_star = 0;
    long double floor = 0;
    long double mm = 0;
    long double im = 0;
    long double netting = 0;
    /// All that is held, in dollars: what rounding is measured by.
    long double size = 0;
};

/// Of a book whose market has a past for every asset, and no gas prices.
TwinFigures margin_twin(const PaperBook& book);

}  // namespace margind::testing
