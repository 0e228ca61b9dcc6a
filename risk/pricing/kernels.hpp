// One option over many states side by side, as wide as the processor is.
#pragma once

#include <cstddef>
#include <cstdint>

namespace margind::risk::pricing {

/// Adds scale x (Black-76 value - base) to out[i] for each of `count` states. In state i the forward is `forward` x factor[i], ln of that over
/// the strike `log_moneyness` + log_factor[i], and vol x sqrt(years) is `deviation` x vol_factor[i]. Values are not discounted:
/// a discount is part of `scale`.
///
/// Logs are the caller's, taken in scalar code once for the option and once for each state: vector logarithms of different widths
/// differ. \pre factor[i] > 0, strike > 0, deviation x vol_factor[i] >= 0
struct BlackStates {
    double forward = 0;
    double strike = 0;
    double log_moneyness = 0;
    double deviation = 0;
    bool call = true;
    double scale = 1;
    double base = 0;
    const double* factor = nullptr;
    const double* log_factor = nullptr;
    const double* vol_factor = nullptr;
    double* out = nullptr;
    std::size_t count = 0;
};

/// AVX2 and AVX-512 give the same bits. The portable one is the library's erfc in a loop and differs by less than 1e-12 of the forward.
enum class Width : std::uint8_t { portable, avx2, avx512 };

struct Kernels {
    /// "portable", "AVX2", "AVX-512".
    const char* name = "";
    void (*add_black)(const BlackStates& states) = nullptr;
    /// Element i is added in lane i mod 8, then the lanes 0+4, 1+5, ..., 0+2, 1+3, 0+1: one order on every width.
    double (*lane_sum)(const double* values, std::size_t count) = nullptr;
    /// x <= 709; the vector ones give 0 below -708.
    void (*exp)(const double* x, double* out, std::size_t count) = nullptr;
    void (*erfc)(const double* x, double* out, std::size_t count) = nullptr;
};

/// Null where this processor (or this build) lacks the width.
const Kernels* kernels_of(Width width);

/// The widest there is.
const Kernels& kernels();

/// Of kernels(): what a report names beside figures that rest on it.
const char* kernel_name();

}  // namespace margind::risk::pricing
