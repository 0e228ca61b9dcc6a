// The unified margin against a second writing of the model in long doubles. MARGIND_TWIN_BOOKS: how many random books.
#include "tests/support/margin_twin.hpp"
#include "tests/support/paper_random.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <iostream>
#include <string_view>

namespace margind::testing {
namespace {

std::uint64_t books_asked_for() {
    const char* const text = std::getenv("MARGIND_TWIN_BOOKS");
    std::uint64_t count = 150;
    if (text != nullptr) std::from_chars(text, text + std::string_view(text).size(), count);
    return count;
}

TEST(MarginTwin, agrees_on_random_books) {
    const std::uint64_t count = books_asked_for();
    std::cout << "seeds 1 to " << count << '\n';
    std::size_t by_es = 0;
    std::size_t by_grid = 0;
    for (std::uint64_t seed = 1; seed <= count; ++seed) {
        const PaperBook book = random_paper_book(seed);
        const auto ours = book.unify();
        ASSERT_TRUE(ours) << "seed " << seed << ": " << ours.error().message;
        const model::Unified& u = ours->figures;
        ASSERT_TRUE(u.tail) << "seed " << seed << ": " << u.tail_reason;
        const TwinFigures twin = margin_twin(book);
        by_es += std::size_t{u.mm_rests_on == "es"};
        by_grid += std::size_t{u.mm_rests_on == "grid"};
        const auto same = [&](const char* name, double value, long double other) {
            // Of what is held; the least is for sums of nothing.
            const long double bound = 1e-9L * std::max({1.0L, twin.size, std::abs(other)});
            EXPECT_LE(std::abs(value - other), bound) << "seed " << seed << ": " << name << ": " << value << " and " << static_cast<double>(other);
        };
        same("equity", u.equity_usd, twin.equity);
        same("joint", u.margin_eta_0, twin.joint);
        same("sum", u.margin_eta_1, twin.sum);
        same("grid", u.grid_margin_usd, twin.grid);
        same("var", u.tail->var_usd, twin.var);
        same("es", u.tail->es_usd, twin.es);
        same("es stressed", u.tail->es_stressed_usd, twin.es_stressed);
        same("es star", u.tail->es_star_usd, twin.es_star);
        same("core", u.core_usd, std::max(twin.grid, twin.es_star));
        same("floor", u.floor_usd, twin.floor);
        same("mm", u.mm_usd, twin.mm);
        same("im", u.im_usd, twin.im);
        same("netting", u.netting_usd, twin.netting);
        if (HasFailure()) return;
    }
    // The books tell something of each branch.
    EXPECT_GT(by_es, 0U);
    EXPECT_GT(by_grid, 0U);
}

}  // namespace
}  // namespace margind::testing
