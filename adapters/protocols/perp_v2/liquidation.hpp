// When an account may be liquidated, by its positions or by its other collateral, and what one call takes.
#pragma once

#include "adapters/protocols/perp_v2/book.hpp"

#include <cstdint>

namespace margind::adapters::protocols::perp_v2 {

/// The clearing house's own test: ClearingHouse.getAccountValue < AccountBalance.getMarginRequirementForLiquidation.
bool positions_liquidatable(const Figures& figures);

/// Vault.isLiquidatable: whether tokens other than the settlement token may be sold for it.
model::Result<bool> collateral_liquidatable(const Book& book, const Figures& figures);

/// What a liquidator may take: shares of what the trigger is about (all positions, or all other collateral) in basis
/// points, the loss with 18 decimals.
struct Taking {
    std::uint32_t close_factor_bps = 0;
    std::uint32_t penalty_bps = 0;
    model::I256 loss;
};

/// By the trigger that holds; by the one that costs more where both do. Where none does, by the one that would hold
/// first: the collateral's, whose requirement is the larger, for an account that has any.
model::Result<Taking> taking_at(const Book& book, const Figures& figures);

}  // namespace margind::adapters::protocols::perp_v2
