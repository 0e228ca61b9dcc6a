// The fields of model::Policy by name, with the range each may be set to.
#pragma once

#include "risk/model/policy.hpp"

#include <cstdint>
#include <span>
#include <string_view>
#include <variant>

namespace margind::config {

struct PolicyField {
    std::string_view name;
    std::variant<double model::Policy::*, std::int64_t model::Policy::*> member;
    double min;
    double max;
};

std::span<const PolicyField> policy_fields();

/// Two fields of which the first must be smaller than the second, or may be equal to it.
struct PolicyOrder {
    std::string_view smaller;
    std::string_view larger;
    bool strict;
};

std::span<const PolicyOrder> policy_orders();

}  // namespace margind::config
