// A subaccount under its manager's rule.
#pragma once

#include "adapters/protocols/derive/book.hpp"
#include "risk/model/venue_rule.hpp"

#include <string>
#include <vector>

namespace margind::adapters::protocols::derive {

class Account final : public model::PreparedAccount {
public:
    Account(Book book, std::string stale);

    const std::vector<model::PriceInput>& inputs() const override { return inputs_; }
    /// One for each option, in the order of the positions.
    const std::vector<model::VolInput>& vol_inputs() const override { return vol_inputs_; }
    model::Result<model::Standing> at(const model::State& state) const override;
    std::string stale() const override { return stale_; }
    model::Result<std::vector<model::NativeFigure>> native(const model::State& state) const override;
    model::Result<model::LiquidationTerms> terms(const model::State& state) const override;
    model::Result<std::vector<model::Position>> positions(const model::State& state) const override;
    std::vector<model::AdjustmentOption> options() const override;
    model::Result<std::unique_ptr<model::PreparedAccount>> with(const model::Adjustment& adjustment) const override;

private:
    model::Money money(const I256& raw) const { return {raw, 18, book_.numeraire.symbol}; }
    /// The book where spot prices are the state's: forwards and perps keep their distance to spot, as between two
    /// messages of their feeds.
    model::Result<Book> moved(const model::State& state) const;

    Book book_;
    std::string stale_;
    std::vector<model::PriceInput> inputs_;
    std::vector<model::VolInput> vol_inputs_;
};

/// "ETH call 3500 at 1735286400".
std::string option_label(const Market& market, const Expiry& expiry, const Option& option);

}  // namespace margind::adapters::protocols::derive
