// Eight lanes of AVX-512.
#include <xsimd/xsimd.hpp>

#include <immintrin.h>

namespace margind::risk::pricing {
namespace {

using Architecture = xsimd::avx512bw;
using Batch = xsimd::batch<double, Architecture>;

/// a b + c, rounded once: xsimd's own rounds twice on one of the widths.
Batch multiply_add(const Batch& a, const Batch& b, const Batch& c) { return Batch(_mm512_fmadd_pd(a, b, c)); }

}  // namespace
}  // namespace margind::risk::pricing

#include "risk/pricing/kernels_lanes.ipp"

namespace margind::risk::pricing {

extern const Kernels kernels_avx512;
const Kernels kernels_avx512{"AVX-512", vector_add_black, vector_lane_sum, vector_exp, vector_erfc};

}  // namespace margind::risk::pricing
