// The managers' parameters by name: the one list behind facts and files.
#pragma once

#include "adapters/protocols/derive/book.hpp"

#include <span>

namespace margind::adapters::protocols::derive {

struct StandardField {
    const char* name;
    I256 StandardParameters::*member;
};
std::span<const StandardField> standard_fields();

struct PortfolioField {
    const char* name;
    I256 PortfolioParameters::*member;
    /// Whether PMRM and PMRM 2 have it.
    bool first;
    bool second;
    bool in(ManagerKind kind) const { return kind == ManagerKind::pmrm ? first : second; }
};
/// All but `dte_floor_s`.
std::span<const PortfolioField> portfolio_fields();

}  // namespace margind::adapters::protocols::derive
