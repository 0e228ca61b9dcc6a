// A prepared option position.
#pragma once

#include "adapters/protocols/lyra_avalon/book.hpp"
#include "risk/model/venue_rule.hpp"

#include <memory>
#include <vector>

namespace margind::adapters::protocols::lyra_avalon {

class Account final : public model::PreparedAccount {
public:
    explicit Account(Book book);

    const std::vector<model::PriceInput>& inputs() const override { return inputs_; }
    const std::vector<model::VolInput>& vol_inputs() const override { return vols_; }
    model::Result<model::Standing> at(const model::State& state) const override;
    model::Result<bool> liquidatable(const model::State& state) const override;
    std::optional<model::Enclosure> between(const model::State& low, const model::State& high) const override;
    model::Result<std::vector<model::NativeFigure>> native(const model::State& state) const override;
    model::Result<model::LiquidationTerms> terms(const model::State& state) const override;
    model::Result<std::vector<model::Position>> positions(const model::State& state) const override;
    std::vector<model::AdjustmentOption> options() const override;
    model::Result<std::unique_ptr<model::PreparedAccount>> with(const model::Adjustment& adjustment) const override;

private:
    model::Money money(const model::I256& raw) const { return {raw, 18, book_.quote.mapping.underlying.symbol}; }
    model::U256 spot(const model::State& state) const { return state.prices.empty() ? model::U256() : state.prices.front(); }
    model::U256 vol(const model::State& state) const { return state.vols.empty() ? book_.vol : state.vols.front(); }
    model::Result<Value> value(const model::State& state) const;
    bool can_liquidate(const model::U256& minimum) const { return is_short(book_.type) && book_.collateral < minimum; }
    std::uint64_t seconds(const model::State& state) const { return book_.seconds_to_expiry(state.time_offset_s); }
    /// Whether the market trades and liquidates it: not settled, not expired.
    bool runs(const model::State& state) const { return !book_.settled() && seconds(state) > 0; }
    model::Position option_position(const Value& now, const model::State& state) const;

    Book book_;
    std::vector<model::PriceInput> inputs_;
    std::vector<model::VolInput> vols_;
};

}  // namespace margind::adapters::protocols::lyra_avalon
