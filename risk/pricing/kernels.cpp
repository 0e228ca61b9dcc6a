// The portable kernels, and the choice at run time.
#include "risk/pricing/kernels.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace margind::risk::pricing {

#if defined(MARGIND_VECTOR_KERNELS)
extern const Kernels kernels_avx2;
extern const Kernels kernels_avx512;
#endif

namespace {

constexpr std::size_t lanes = 8;

void portable_add_black(const BlackStates& states) {
    constexpr double most = 42;
    const double side_in_the_money = states.call ? -1 : 1;
    for (std::size_t i = 0; i < states.count; ++i) {
        const double forward = states.forward * states.factor[i];
        const double deviation = std::max(states.deviation * states.vol_factor[i], 1e-300);
        const double u = std::min(std::abs(states.log_moneyness + states.log_factor[i]) / (deviation * 1.41421356237309504880), most);
        const double w = std::min(deviation * 0.35355339059327376220, most);
        const double low = std::min(forward, states.strike);
        const double high = std::max(forward, states.strike);
        const double out_of_the_money = std::max(0.5 * (low * std::erfc(u - w) - high * std::erfc(u + w)), 0.0);
        const double side = forward < states.strike ? 1 : -1;
        const double payoff = side == side_in_the_money ? std::abs(forward - states.strike) : 0.0;
        states.out[i] += states.scale * ((out_of_the_money + payoff) - states.base);
    }
}

double portable_lane_sum(const double* values, std::size_t count) {
    std::array<double, lanes> total{};
    for (std::size_t i = 0; i < count; ++i) total[i % lanes] += values[i];
    for (std::size_t half = lanes / 2; half > 0; half /= 2)
        for (std::size_t j = 0; j < half; ++j) total[j] += total[j + half];
    return total[0];
}

void portable_exp(const double* x, double* out, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) out[i] = std::exp(x[i]);
}

void portable_erfc(const double* x, double* out, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) out[i] = std::erfc(x[i]);
}

#if defined(MARGIND_VECTOR_KERNELS)
/// All that the file is compiled for.
bool has_avx512() {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("fma");
}
#endif

constexpr Kernels portable{"portable", portable_add_black, portable_lane_sum, portable_exp, portable_erfc};

}  // namespace

const Kernels* kernels_of(Width width) {
    switch (width) {
        case Width::portable: return &portable;
#if defined(MARGIND_VECTOR_KERNELS)
        case Width::avx2: return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? &kernels_avx2 : nullptr;
        case Width::avx512: return has_avx512() ? &kernels_avx512 : nullptr;
#else
        case Width::avx2:
        case Width::avx512: return nullptr;
#endif
    }
    return nullptr;
}

const Kernels& kernels() {
    static const Kernels& widest = [&]() -> const Kernels& {
        for (const Width width : {Width::avx512, Width::avx2})
            if (const Kernels* found = kernels_of(width)) return *found;
        return portable;
    }();
    return widest;
}

const char* kernel_name() { return kernels().name; }

}  // namespace margind::risk::pricing
