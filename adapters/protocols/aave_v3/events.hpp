// The logs of the pool and its tokens that tell whose stored state changed.
#pragma once

#include "adapters/adapter.hpp"

#include <optional>
#include <vector>

namespace margind::adapters::protocols::aave_v3 {

/// The pool and the three tokens of every listed reserve; empty at a revision whose accounts are not stored state alone.
std::optional<Watch> watch(const model::Facts& venue);

/// Whose balances, collateral switches or e-mode the log says were changed. A log of another contract or of another shape names
/// whoever stands where an owner would.
std::vector<model::Address> touched(const Log& log);

}  // namespace margind::adapters::protocols::aave_v3
