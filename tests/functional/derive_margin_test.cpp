// Derive's margin against doubles of its managers over random books and prices: every view to the unit, and the liquidation prices that the
// rule tells. MARGIND_VENUE_CHECKS and MARGIND_PRICE_CHECKS ask for more of them.
#include "tests/support/derive_world.hpp"

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <optional>

namespace margind::tests {
namespace {

using model::I256;
using model::U256;

/// From the environment: MARGIND_VENUE_CHECKS, MARGIND_PRICE_CHECKS.
int wanted(const char* variable, int otherwise) {
    const char* given = std::getenv(variable);
    return given == nullptr ? otherwise : std::atoi(given);
}

TEST(DeriveMargin, equals_the_doubles_views_over_random_prices_and_balances) {
    DeriveWorld world;
    const DeriveBook book = open_book(world);
    RandomTrades random(world, book, 7);
    const int checks = wanted("MARGIND_VENUE_CHECKS", 125);
    int liquidatable = 0;
    int done = 0;
    for (int round = 0; done < checks; ++round) {
        random.trade(round);
        random.price();
        expect_all_verified(world, book);
        for (const auto& [id, manager] : book.all()) liquidatable += world.margin(id, manager, false).is_negative();
        done += static_cast<int>(book.all().size());
        if (HasFailure()) FAIL() << "round " << round;
    }
    std::cout << "Derive over the doubles: " << done << " checks of accounts, " << liquidatable << " liquidatable\n";
    EXPECT_GT(liquidatable, done / 10);
    EXPECT_LT(liquidatable, done * 9 / 10);
}

/// The prices of ETH on both sides of which the account is liquidatable, or not, one unit apart, on the way up or down by at most 60 %.
std::optional<std::pair<U256, U256>> flip(const model::PreparedAccount& account, bool up) {
    const model::State current = account.current();
    const auto at = [&](const U256& price) {
        model::State state = current;
        for (std::size_t i = 0; i < state.prices.size(); ++i)
            if (account.inputs()[i].underlying.symbol == "ETH") state.prices[i] = price;
        return account.liquidatable(state).value();
    };
    const auto eth = std::find_if(account.inputs().begin(), account.inputs().end(), [](const auto& input) { return input.underlying.symbol == "ETH"; });
    if (eth == account.inputs().end()) return std::nullopt;
    U256 near = current.prices[static_cast<std::size_t>(eth - account.inputs().begin())];
    const U256 start = near;
    const bool before = at(near);
    for (std::uint64_t percent = 2; percent <= 60; percent += 2) {
        U256 far = *model::mul_div(start, U256(up ? 100 + percent : 100 - percent), U256(100), model::Rounding::down);
        if (at(far) == before) {
            near = far;
            continue;
        }
        for (;;) {
            const U256 apart = up ? *checked_sub(far, near) : *checked_sub(near, far);
            if (apart == U256(1)) return std::pair(near, far);
            const U256 half = shift_right(apart, 1);
            const U256 middle = up ? *checked_add(near, half) : *checked_sub(near, half);
            (at(middle) == before ? near : far) = middle;
        }
    }
    return std::nullopt;
}

TEST(DeriveMargin, liquidates_at_the_price_that_it_tells_and_not_one_unit_before) {
    DeriveWorld world;
    const DeriveBook book = open_book(world);
    RandomTrades random(world, book, 23);
    const int prices = wanted("MARGIND_PRICE_CHECKS", 12);
    int flipped = 0;
    for (int round = 0; flipped < prices && round < 20 * prices; ++round) {
        random.trade(round);
        random.price();
        const DeriveWorld::Read read = world.read(world.alice);
        for (const auto& [id, manager] : book.all()) {
            const auto account = world.account(read, id);
            for (const bool up : {false, true}) {
                const auto found = flip(*account, up);
                if (!found) continue;
                const I256 interest = read.of(id).facts->i256("interest").value();
                const bool before = account->liquidatable(account->current()).value();
                for (const auto& [price, expected] : {std::pair{found->first, before}, std::pair{found->second, !before}}) {
                    world.call("ETH.spot", "set", {price.to_decimal(), wei("1")});
                    world.mine();
                    // Interest is settled before an auction begins.
                    EXPECT_EQ(checked_add(world.margin(id, manager, false), interest)->is_negative(), expected)
                        << "subaccount " << id << " at " << price.to_decimal() << ", round " << round << ", margin " << world.margin(id, manager, false).to_decimal();
                }
                ++flipped;
            }
        }
        if (HasFailure()) FAIL();
    }
    std::cout << "Derive over the doubles: " << flipped << " liquidation prices flip the contracts to the unit\n";
    EXPECT_GE(flipped, prices);
}

}  // namespace
}  // namespace margind::tests
