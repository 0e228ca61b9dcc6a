// Accounts on paper: of a venue that does not exist, whose equity is computed in doubles from what it holds.
#pragma once

#include "risk/model/venue_rule.hpp"
#include "risk/revaluation.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace margind::risk::backtest {

struct PaperOption {
    model::OptionKind kind = model::OptionKind::call;
    double strike = 0;
    double vol = 0;
    std::int64_t time_to_expiry_s = 0;
};

/// Of the underlying; an option's quantity counts options.
struct PaperPosition {
    model::Instrument instrument = model::Instrument::spot;
    std::string underlying;
    double quantity = 0;
    double carry_per_day = 0;
    std::optional<PaperOption> option{};
};

struct PaperHolder {
    std::string venue = "paper";
    std::string numeraire = "USD";
    std::vector<PaperPosition> positions;
};

inline constexpr std::uint8_t paper_decimals = 18;
model::I256 paper_raw(double value);
model::Money paper_money(double value, const std::string& unit);
OptionContract paper_contract(const PaperOption& option, double forward, double vol);

/// One price input per underlying, one vol input per option; maintenance 1 % of what is held. Perps are entered at the present price.
class PaperAccount final : public model::PreparedAccount {
public:
    /// `usd`: prices, of the numeraire too.
    PaperAccount(PaperHolder holder, const std::map<std::string, double>& usd, std::int64_t time);

    const std::vector<model::PriceInput>& inputs() const override { return inputs_; }
    const std::vector<model::VolInput>& vol_inputs() const override { return vols_; }
    model::Result<model::Standing> at(const model::State& state) const override;
    model::Result<std::vector<model::NativeFigure>> native(const model::State& state) const override;
    model::Result<model::LiquidationTerms> terms(const model::State& state) const override;
    model::Result<std::vector<model::Position>> positions(const model::State& state) const override;
    std::vector<model::AdjustmentOption> options() const override { return {}; }
    model::Result<std::unique_ptr<model::PreparedAccount>> with(const model::Adjustment& adjustment) const override;

private:
    /// By position, in the numeraire.
    std::vector<double> prices_at(const model::State& state) const;

    PaperHolder holder_;
    std::int64_t time_;
    std::vector<model::PriceInput> inputs_;
    std::vector<model::VolInput> vols_;
    /// By position; past the last one of what is money itself.
    std::vector<std::size_t> input_of_;
    std::vector<double> now_;
};

}  // namespace margind::risk::backtest
