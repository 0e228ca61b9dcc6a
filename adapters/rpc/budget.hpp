// What an endpoint's operator allows to be asked.
#pragma once

#include <optional>

namespace margind::adapters::rpc {

/// Over any second; empty: no bound known.
struct Budget {
    std::optional<double> requests_per_second;
    std::optional<double> compute_units_per_second;
};

}  // namespace margind::adapters::rpc
