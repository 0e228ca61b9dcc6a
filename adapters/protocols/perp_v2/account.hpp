// A clearing-house account under its rule.
#pragma once

#include "adapters/protocols/perp_v2/book.hpp"

#include <memory>
#include <vector>

namespace margind::adapters::protocols::perp_v2 {

// Names of the native figures, as the contracts name their views.
inline constexpr const char* view_vault_account_value = "Vault.getAccountValue";
inline constexpr const char* view_house_account_value = "ClearingHouse.getAccountValue";
inline constexpr const char* view_requirement = "AccountBalance.getMarginRequirementForLiquidation";
inline constexpr const char* view_free_collateral = "Vault.getFreeCollateral";
/// ClearingHouse's internal test (it has no view of its own): 1 or 0.
inline constexpr const char* view_liquidatable = "ClearingHouse.isLiquidatable";
/// Whether the other collateral may be sold: 1 or 0.
inline constexpr const char* view_collateral_liquidatable = "Vault.isLiquidatable";

class Account final : public model::PreparedAccount {
public:
    explicit Account(Book book) : book_(std::move(book)), inputs_(inputs_of(book_)) {}

    const std::vector<model::PriceInput>& inputs() const override { return inputs_; }
    model::Result<model::Standing> at(const model::State& state) const override;
    model::Result<std::vector<model::NativeFigure>> native(const model::State& state) const override;
    model::Result<model::LiquidationTerms> terms(const model::State& state) const override;
    model::Result<std::vector<model::Position>> positions(const model::State& state) const override;
    std::vector<model::AdjustmentOption> options() const override;
    model::Result<std::unique_ptr<model::PreparedAccount>> with(const model::Adjustment& adjustment) const override;

private:
    model::Money money(const model::I256& raw) const { return {raw, 18, book_.settlement.symbol}; }
    model::Result<Book> deposited(const model::Adjustment& adjustment) const;
    model::Result<Book> reduced(const model::Adjustment& adjustment) const;

    Book book_;
    std::vector<model::PriceInput> inputs_;
};

}  // namespace margind::adapters::protocols::perp_v2
