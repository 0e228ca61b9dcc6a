// Uniswap v3's liquidity arithmetic.
#include "adapters/protocols/perp_v2/liquidity.hpp"

#include "adapters/checked.hpp"

#include <algorithm>
#include <utility>

namespace margind::adapters::protocols::perp_v2 {

namespace {

using model::U256;

/// Largest s with s * s <= value.
U256 integer_sqrt(const U256& value) {
    if (value.is_zero()) return {};
    Checked m;
    U256 root = U256::pow2((value.bit_width() + 1) / 2);
    for (;;) {
        const U256 next = shift_right(m.add(root, m.div(value, root)), 1);
        if (next >= root) return root;
        root = next;
    }
}

}  // namespace

TokenAmounts amounts_at(const Range& range, const U256& sqrt_price) {
    Checked m;
    const U256 q96 = U256::pow2(96);
    TokenAmounts held;
    if (sqrt_price < range.sqrt_upper) {
        const U256 from = std::max(sqrt_price, range.sqrt_lower);
        const U256 width = m.sub(range.sqrt_upper, from);
        held.base = m.div(m.mul_div(m.mul(range.liquidity, q96), width, range.sqrt_upper), from);
    }
    if (sqrt_price > range.sqrt_lower)
        held.quote = m.mul_div(range.liquidity, m.sub(std::min(sqrt_price, range.sqrt_upper), range.sqrt_lower), q96);
    return held;
}

U256 moved_sqrt_price(const U256& sqrt_price, const U256& from, const U256& to) {
    if (from == to) return sqrt_price;
    Checked m;
    const U256 ratio_q128 = m.mul_div(to, U256::pow2(128), from);
    return m.mul_div(sqrt_price, integer_sqrt(ratio_q128), U256::pow2(64));
}

}  // namespace margind::adapters::protocols::perp_v2
