// Uniswap v3's tick and liquidity arithmetic.
#include "adapters/protocols/perp_v2/liquidity.hpp"

#include "adapters/protocols/perp_v2/checked.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>

namespace margind::adapters::protocols::perp_v2 {

namespace {

using model::U256;

// 2^128 / sqrt(1.0001)^(2^i) for bit i of the tick, as the pool's library rounds them: high word, low word.
constexpr std::array<std::pair<std::uint64_t, std::uint64_t>, 20> tick_factors{{
    {0xfffcb933bd6fad37, 0xaa2d162d1a594001}, {0xfff97272373d4132, 0x59a46990580e213a},
    {0xfff2e50f5f656932, 0xef12357cf3c7fdcc}, {0xffe5caca7e10e4e6, 0x1c3624eaa0941cd0},
    {0xffcb9843d60f6159, 0xc9db58835c926644}, {0xff973b41fa98c081, 0x472e6896dfb254c0},
    {0xff2ea16466c96a38, 0x43ec78b326b52861}, {0xfe5dee046a99a2a8, 0x11c461f1969c3053},
    {0xfcbe86c7900a88ae, 0xdcffc83b479aa3a4}, {0xf987a7253ac41317, 0x6f2b074cf7815e54},
    {0xf3392b0822b70005, 0x940c7a398e4b70f3}, {0xe7159475a2c29b74, 0x43b29c7fa6e889d9},
    {0xd097f3bdfd2022b8, 0x845ad8f792aa5825}, {0xa9f746462d870fdf, 0x8a65dc1f90e061e5},
    {0x70d869a156d2a1b8, 0x90bb3df62baf32f7}, {0x31be135f97d08fd9, 0x81231505542fcfa6},
    {0x09aa508b5b7a84e1, 0xc677de54f3e99bc9}, {0x005d6af8dedb8119, 0x6699c329225ee604},
    {0x00002216e584f5fa, 0x1ea926041bedfe98}, {0x00000000048a1703, 0x91f7dc42444e8fa2},
}};

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

U256 sqrt_ratio_at_tick(std::int32_t tick) {
    Checked m;
    const auto magnitude = static_cast<std::uint32_t>(std::abs(tick));
    U256 ratio = U256::pow2(128);
    for (std::size_t i = 0; i < tick_factors.size(); ++i) {
        if (((magnitude >> i) & 1U) == 0) continue;
        const U256 factor({tick_factors[i].second, tick_factors[i].first, 0, 0});
        ratio = shift_right(m.mul(ratio, factor), 128);
    }
    if (tick > 0) ratio = m.div(U256::max(), ratio);
    const bool exact = (ratio.limbs()[0] & 0xffffffffU) == 0;
    return m.add(shift_right(ratio, 32), U256(exact ? 0 : 1));
}

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
