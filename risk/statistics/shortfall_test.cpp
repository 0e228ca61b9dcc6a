// Z2, and its distribution when the model is right.
#include "risk/statistics/shortfall_test.hpp"

#include "risk/statistics/student.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace margind::risk::statistics {

model::Result<double> acerbi_szekely_z2(std::span<const ShortfallForecast> days, double tail) {
    if (days.empty()) return model::fail(model::ErrorCode::missing, "no days to test a shortfall over");
    const double expected = static_cast<double>(days.size()) * tail;
    double sum = 0;
    for (const ShortfallForecast& day : days) {
        if (!(day.expected_shortfall > 0))
            return model::fail(model::ErrorCode::out_of_range, fmt::format("a shortfall of {} cannot be tested", day.expected_shortfall));
        if (day.pnl < -day.value_at_risk) sum += day.pnl / (expected * day.expected_shortfall);
    }
    return sum + 1;
}

std::vector<double> simulate_z2(double degrees, double tail, std::size_t days, std::size_t paths, std::uint64_t seed) {
    std::mt19937_64 generator(seed);
    // The standard's distributions differ between libraries; 53 bits in (0, 1) do not.
    const auto uniform = [&] { return (static_cast<double>(generator() >> 11) + 0.5) * 0x1p-53; };
    const double shortfall = student_shortfall(tail, degrees);
    const double expected = static_cast<double>(days) * tail;
    const double log_quiet = std::log1p(-tail);
    std::vector<double> sample(paths, 1.0);
    for (double& z2 : sample) {
        // Days without a breach contribute nothing: from breach to breach by the geometric distribution.
        for (double day = std::floor(std::log(uniform()) / log_quiet); day < static_cast<double>(days);
             day += 1 + std::floor(std::log(uniform()) / log_quiet))
            z2 += student_quantile(uniform() * tail, degrees) / (expected * shortfall);
    }
    std::sort(sample.begin(), sample.end());
    return sample;
}

double critical_value(std::span<const double> sorted, double significance) {
    const auto place = static_cast<std::size_t>(significance * static_cast<double>(sorted.size()));
    return sorted[std::min(place, sorted.size() - 1)];
}

double p_value(std::span<const double> sorted, double z2) {
    const auto above = std::upper_bound(sorted.begin(), sorted.end(), z2);
    return static_cast<double>(above - sorted.begin()) / static_cast<double>(sorted.size());
}

}  // namespace margind::risk::statistics
