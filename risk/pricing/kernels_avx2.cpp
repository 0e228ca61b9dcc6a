// Four lanes of AVX2 with FMA.
#include <xsimd/xsimd.hpp>

#include <immintrin.h>

namespace margind::risk::pricing {
namespace {

using Architecture = xsimd::fma3<xsimd::avx2>;
using Batch = xsimd::batch<double, Architecture>;

/// a b + c, rounded once: xsimd's own rounds twice on one of the widths.
Batch multiply_add(const Batch& a, const Batch& b, const Batch& c) { return Batch(_mm256_fmadd_pd(a, b, c)); }

}  // namespace
}  // namespace margind::risk::pricing

#include "risk/pricing/kernels_lanes.ipp"

namespace margind::risk::pricing {

extern const Kernels kernels_avx2;
const Kernels kernels_avx2{"AVX2", vector_add_black, vector_lane_sum, vector_exp, vector_erfc};

}  // namespace margind::risk::pricing
