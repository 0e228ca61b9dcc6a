// Morpho Blue's fixed point and a market's interest.
#include "adapters/protocols/morpho_blue/math.hpp"

#include <algorithm>

namespace margind::adapters::protocols::morpho_blue {

using model::U256;

namespace {

constexpr std::uint64_t wad_unit = 1'000'000'000'000'000'000;
constexpr std::uint64_t virtual_shares = 1'000'000;
constexpr std::uint64_t virtual_assets = 1;
constexpr std::uint64_t largest_incentive = 1'150'000'000'000'000'000;
constexpr std::uint64_t liquidation_cursor = 300'000'000'000'000'000;

Maybe add(const Maybe& a, const Maybe& b) { return a && b ? model::checked_add(*a, *b) : std::nullopt; }
Maybe sub(const Maybe& a, const Maybe& b) { return a && b ? model::checked_sub(*a, *b) : std::nullopt; }
Maybe mul(const Maybe& a, const Maybe& b) { return a && b ? model::checked_mul(*a, *b) : std::nullopt; }
Maybe div(const Maybe& a, const Maybe& b) { return a && b ? model::checked_div(*a, *b) : std::nullopt; }

/// A total is kept in 128 bits.
Maybe total(const Maybe& value) { return value && value->bit_width() <= 128 ? value : std::nullopt; }

/// e^(rate x seconds) - 1 by the first three terms of its series.
Maybe growth_of(const U256& rate, std::uint64_t seconds) {
    const Maybe first = mul(rate, U256(seconds));
    const Maybe second = mul_div_down(first, first, U256(2 * wad_unit));
    const Maybe third = mul_div_down(second, first, U256(3 * wad_unit));
    return add(add(first, second), third);
}

}  // namespace

U256 wad() { return U256(wad_unit); }

U256 price_scale() {
    static const U256 scale = U256::pow10(36);
    return scale;
}

Maybe mul_div_down(const Maybe& a, const Maybe& b, const Maybe& divisor) { return div(mul(a, b), divisor); }

Maybe mul_div_up(const Maybe& a, const Maybe& b, const Maybe& divisor) {
    return div(add(mul(a, b), sub(divisor, U256(1))), divisor);
}

Maybe w_mul_down(const Maybe& a, const Maybe& b) { return mul_div_down(a, b, wad()); }
Maybe w_div_down(const Maybe& a, const Maybe& b) { return mul_div_down(a, wad(), b); }
Maybe w_div_up(const Maybe& a, const Maybe& b) { return mul_div_up(a, wad(), b); }

Maybe assets_down(const Maybe& shares, const U256& assets, const U256& all_shares) {
    return mul_div_down(shares, add(assets, U256(virtual_assets)), add(all_shares, U256(virtual_shares)));
}

Maybe assets_up(const Maybe& shares, const U256& assets, const U256& all_shares) {
    return mul_div_up(shares, add(assets, U256(virtual_assets)), add(all_shares, U256(virtual_shares)));
}

Maybe shares_down(const Maybe& amount, const U256& assets, const U256& all_shares) {
    return mul_div_down(amount, add(all_shares, U256(virtual_shares)), add(assets, U256(virtual_assets)));
}

U256 liquidation_incentive_factor(const U256& lltv) {
    const Maybe discount = w_mul_down(U256(liquidation_cursor), sub(wad(), lltv));
    const Maybe factor = w_div_down(wad(), sub(wad(), discount));
    return std::min(factor.value_or(U256(largest_incentive)), U256(largest_incentive));
}

std::optional<Totals> accrued(const Totals& stored, const U256& rate, std::uint64_t seconds, const U256& fee) {
    if (seconds == 0) return stored;
    const Maybe interest = w_mul_down(stored.borrow_assets, growth_of(rate, seconds));
    const Maybe borrow = total(add(stored.borrow_assets, interest));
    const Maybe supply = total(add(stored.supply_assets, interest));
    if (!borrow || !supply) return std::nullopt;
    Totals later{*supply, stored.supply_shares, *borrow, stored.borrow_shares};
    if (fee.is_zero()) return later;
    const Maybe kept = w_mul_down(interest, fee);
    const Maybe others = sub(later.supply_assets, kept);
    const Maybe minted = others ? shares_down(kept, *others, stored.supply_shares) : std::nullopt;
    const Maybe shares = total(add(stored.supply_shares, minted));
    if (!shares) return std::nullopt;
    later.supply_shares = *shares;
    return later;
}

}  // namespace margind::adapters::protocols::morpho_blue
