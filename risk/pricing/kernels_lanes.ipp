// The kernels for one width, which has given Architecture, Batch and multiply_add: included by one .cpp for each, compiled with flags of its own. All
// of it has internal linkage, since a function that the linker merges with another file's would run on processors that lack its instructions.
#include "risk/pricing/kernels.hpp"

#include <xsimd/xsimd.hpp>

#include <cstddef>
#include <cstdint>

namespace margind::risk::pricing {

namespace {

// Arithmetic is always_inline: g++ leaves calls, which pass batches through memory, and a fifth of the time is lost.
constexpr std::size_t lanes = 8;
constexpr std::size_t width = Batch::size;
static_assert(lanes % width == 0);

/// f(x) for whole batches, then for the rest in a batch of its own, so that every element takes the same way.
template <class F>
void for_each_batch(const double* x, double* out, std::size_t count, const F& f) {
    std::size_t i = 0;
    for (; i + width <= count; i += width) f(Batch::load_unaligned(x + i)).store_unaligned(out + i);
    if (i == count) return;
    double in_rest[width] = {};
    double out_rest[width] = {};
    for (std::size_t j = i; j < count; ++j) in_rest[j - i] = x[j];
    f(Batch::load_unaligned(in_rest)).store_unaligned(out_rest);
    for (std::size_t j = i; j < count; ++j) out[j] = out_rest[j - i];
}

/// e^x for x <= 709, 0 below -708: 2^n e^r with |r| <= ln(2)/2 and Taylor's series to r^13. xsimd's own differs between widths.
[[gnu::always_inline]] inline Batch exponential(const Batch& x) {
    using Integers = xsimd::batch<std::int64_t, Architecture>;
    // Added to a small number it rounds that to an integer, which then stands in the lowest bits.
    const Batch rounder(6755399441055744.0);
    const Batch shifted = multiply_add(x, Batch(1.44269504088896340736), rounder);
    const Batch n = shifted - rounder;
    const Batch r = multiply_add(n, Batch(-0x1.abc9e3b39803fp-56), multiply_add(n, Batch(-0x1.62e42fefa39efp-1), x));
    constexpr double factorials[] = {1, 1, 2, 6, 24, 120, 720, 5040, 40320, 362880, 3628800, 39916800, 479001600, 6227020800};
    const Batch square = r * r;
    Batch even = Batch(1 / factorials[12]);
    Batch odd = Batch(1 / factorials[13]);
    for (std::size_t i = 12; i >= 2; i -= 2) {
        even = multiply_add(even, square, Batch(1 / factorials[i - 2]));
        odd = multiply_add(odd, square, Batch(1 / factorials[i - 1]));
    }
    const Batch mantissa = multiply_add(odd, r, even);
    const Integers scaled = xsimd::bitwise_cast<Integers>(mantissa) + (xsimd::bitwise_cast<Integers>(shifted) << 52);
    return xsimd::select(x < Batch(-708.0), Batch(0.0), xsimd::bitwise_cast<Batch>(scaled));
}

void vector_exp(const double* x, double* out, std::size_t count) {
    for_each_batch(x, out, count, [](const Batch& value) { return exponential(value); });
}

double vector_lane_sum(const double* values, std::size_t count) {
    Batch sums[lanes / width];
    for (Batch& sum : sums) sum = Batch(0.0);
    std::size_t i = 0;
    for (; i + lanes <= count; i += lanes)
        for (std::size_t j = 0; j < lanes / width; ++j) sums[j] = sums[j] + Batch::load_unaligned(values + i + j * width);
    double total[lanes];
    for (std::size_t j = 0; j < lanes / width; ++j) sums[j].store_unaligned(total + j * width);
    for (; i < count; ++i) total[i % lanes] += values[i];
    for (std::size_t half = lanes / 2; half > 0; half /= 2)
        for (std::size_t j = 0; j < half; ++j) total[j] += total[j + half];
    return total[0];
}

/// (x + 4) e^(x^2) erfc(x) for x >= 0 as a polynomial of t = (x - 4) / (x + 4), after Shepherd and Laframboise (Mathematics of Computation 36,
/// 1981): its Chebyshev series to degree 18, computed with 40 digits, in powers of t. Relative error 3e-14.
constexpr double middle = 4;
constexpr std::size_t degree = 18;
constexpr double powers[degree + 1] = {
    1.0959956610005082, -0.976548729080727, 0.7732087022617975, -0.5408538313224508, 0.3308515879925867, -0.1740109370795965,
    0.07638151342543999, -0.026370054603507904, 0.0061120654475552184, -0.0002809535065286095, -0.00045508998036516616,
    0.00017679959058992665, -3.5480276543701194e-06, -1.8841481549995867e-05, 4.566811200976898e-06, 1.4078294976167394e-06,
    -7.307411239382012e-07, -6.857185731103841e-08, 6.358394901186899e-08};

/// Even and odd powers apart: half as long a chain.
[[gnu::always_inline]] inline Batch tail_polynomial(const Batch& t) {
    const Batch square = t * t;
    Batch even = Batch(powers[degree]);
    Batch odd = Batch(powers[degree - 1]);
    for (std::size_t i = degree; i >= 4; i -= 2) {
        even = multiply_add(even, square, Batch(powers[i - 2]));
        odd = multiply_add(odd, square, Batch(powers[i - 3]));
    }
    return multiply_add(odd, t, multiply_add(even, square, Batch(powers[0])));
}

/// e^(x^2) erfc(x) of two x >= 0 with one division.
struct Scaled {
    Batch first;
    Batch second;
};
[[gnu::always_inline]] inline Scaled scaled_erfc(const Batch& x, const Batch& y) {
    const Batch x_sum = x + Batch(middle);
    const Batch y_sum = y + Batch(middle);
    const Batch inverse = Batch(1.0) / (x_sum * y_sum);
    const Batch x_inverse = inverse * y_sum;
    const Batch y_inverse = inverse * x_sum;
    return {x_inverse * tail_polynomial(multiply_add(x_inverse, Batch(-2 * middle), Batch(1.0))),
            y_inverse * tail_polynomial(multiply_add(y_inverse, Batch(-2 * middle), Batch(1.0)))};
}

void vector_erfc(const double* x, double* out, std::size_t count) {
    for_each_batch(x, out, count, [](const Batch& value) {
        const Batch size = xsimd::abs(value);
        const Batch above = exponential(-(size * size)) * scaled_erfc(size, size).first;
        return xsimd::select(value < Batch(0.0), Batch(2.0) - above, above);
    });
}

struct Terms {
    explicit Terms(const BlackStates& states)
        : forward(states.forward), strike(states.strike), log_moneyness(states.log_moneyness), deviation(states.deviation),
          scale(states.scale), base(states.base), side_in_the_money(states.call ? -1.0 : 1.0) {}

    Batch forward;
    Batch strike;
    Batch log_moneyness;
    Batch deviation;
    Batch scale;
    Batch base;
    /// +1 out of the money is a call, -1 a put: which of the two the option is when in the money.
    Batch side_in_the_money;
};

/// scale x (value - base). With u = |ln(F/K)| / (s sqrt(2)) and w = s / (2 sqrt(2)) the option out of the money is worth
/// (min(F, K) erfc(u - w) - max(F, K) erfc(u + w)) / 2, and both terms share min(F, K) e^-(u-w)^2 = max(F, K) e^-(u+w)^2.
[[gnu::always_inline]] inline Batch black(const Terms& terms, const Batch& factor, const Batch& log_factor, const Batch& vol_factor) {
    // erfc(42) is 0 in any sum.
    const Batch most(42.0);
    const Batch zero(0.0);
    const Batch forward = terms.forward * factor;
    const Batch deviation = xsimd::max(terms.deviation * vol_factor, Batch(1e-300));
    const Batch away = xsimd::abs(terms.log_moneyness + log_factor) / (deviation * Batch(1.41421356237309504880));
    const Batch u = xsimd::min(away, most);
    const Batch w = xsimd::min(deviation * Batch(0.35355339059327376220), most);
    const Batch low = xsimd::min(forward, terms.strike);
    const Batch inside = u - w;
    const Scaled scaled = scaled_erfc(xsimd::abs(inside), u + w);
    const Batch shared = low * exponential(-(inside * inside));
    const Batch inner = shared * scaled.first;
    const Batch first = xsimd::select(inside < zero, low + low - inner, inner);
    const Batch out_of_the_money = xsimd::max(Batch(0.5) * (first - shared * scaled.second), zero);
    const Batch side = xsimd::select(forward < terms.strike, Batch(1.0), Batch(-1.0));
    const Batch payoff = xsimd::select(side == terms.side_in_the_money, xsimd::abs(forward - terms.strike), zero);
    return terms.scale * ((out_of_the_money + payoff) - terms.base);
}

void vector_add_black(const BlackStates& states) {
    const Terms terms(states);
    std::size_t i = 0;
    for (; i + width <= states.count; i += width) {
        const Batch value = black(terms, Batch::load_unaligned(states.factor + i), Batch::load_unaligned(states.log_factor + i),
                                  Batch::load_unaligned(states.vol_factor + i));
        (Batch::load_unaligned(states.out + i) + value).store_unaligned(states.out + i);
    }
    if (i == states.count) return;
    double factor[width];
    double log_factor[width] = {};
    double vol_factor[width];
    double value[width];
    for (std::size_t j = 0; j < width; ++j) factor[j] = vol_factor[j] = 1;
    for (std::size_t j = i; j < states.count; ++j) {
        factor[j - i] = states.factor[j];
        log_factor[j - i] = states.log_factor[j];
        vol_factor[j - i] = states.vol_factor[j];
    }
    black(terms, Batch::load_unaligned(factor), Batch::load_unaligned(log_factor), Batch::load_unaligned(vol_factor)).store_unaligned(value);
    for (std::size_t j = i; j < states.count; ++j) states.out[j] += value[j - i];
}

}  // namespace

}  // namespace margind::risk::pricing
