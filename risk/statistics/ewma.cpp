// The recursion and its median.
#include "risk/statistics/ewma.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace margind::risk::statistics {

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    const std::size_t middle = values.size() / 2;
    return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

model::Result<Ewma> ewma(std::span<const double> returns, double lambda, std::size_t warm_up) {
    if (returns.size() <= warm_up)
        return model::fail(model::ErrorCode::missing, fmt::format("{} returns are too few: more than {} are needed", returns.size(), warm_up));
    for (const double value : returns)
        if (!std::isfinite(value)) return model::fail(model::ErrorCode::out_of_range, fmt::format("a return of {}", value));
    double variance = 0;
    for (const double value : returns.first(warm_up)) variance += value * value;
    variance /= static_cast<double>(warm_up);
    Ewma filter;
    filter.forecast.reserve(returns.size() - warm_up + 1);
    filter.forecast.push_back(std::sqrt(variance));
    for (const double value : returns.subspan(warm_up)) {
        variance = lambda * variance + (1 - lambda) * value * value;
        filter.forecast.push_back(std::sqrt(variance));
    }
    filter.median = median({filter.forecast.begin() + 1, filter.forecast.end()});
    return filter;
}

}  // namespace margind::risk::statistics
