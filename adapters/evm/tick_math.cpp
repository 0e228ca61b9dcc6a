// Prices of Uniswap v3's ticks.
#include "adapters/evm/tick_math.hpp"

#include <array>
#include <cstdlib>
#include <utility>

namespace margind::adapters::evm {

using model::Rounding;
using model::U256;

namespace {

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

}  // namespace

U256 sqrt_ratio_at_tick(std::int32_t tick) {
    const auto magnitude = static_cast<std::uint32_t>(std::abs(tick));
    // Both factors are at most 2^128, so no product here leaves 256 bits.
    U256 ratio = U256::pow2(128);
    for (std::size_t i = 0; i < tick_factors.size(); ++i) {
        if (((magnitude >> i) & 1U) == 0) continue;
        const U256 factor({tick_factors[i].second, tick_factors[i].first, 0, 0});
        ratio = shift_right(checked_mul(ratio, factor).value(), 128);
    }
    if (tick > 0) ratio = checked_div(U256::max(), ratio).value();
    const bool exact = (ratio.limbs()[0] & 0xffffffffU) == 0;
    return checked_add(shift_right(ratio, 32), U256(exact ? 0 : 1)).value();
}

std::optional<U256> quote_at_tick(std::int32_t tick, const U256& base_amount, bool base_is_token0) {
    const U256 root = sqrt_ratio_at_tick(tick);
    const bool small = root.bit_width() <= 128;
    const U256 unit = U256::pow2(small ? 192 : 128);
    const auto ratio = small ? checked_mul(root, root) : mul_div(root, root, U256::pow2(64), Rounding::down);
    if (!ratio) return std::nullopt;
    return base_is_token0 ? mul_div(*ratio, base_amount, unit, Rounding::down) : mul_div(unit, base_amount, *ratio, Rounding::down);
}

}  // namespace margind::adapters::evm
