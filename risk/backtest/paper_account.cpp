// Linear positions by their price, options by Black-76 from the spot price as forward.
#include "risk/backtest/paper_account.hpp"

#include "risk/path.hpp"

#include <cmath>
#include <limits>
#include <map>
#include <utility>

namespace margind::risk::backtest {

using namespace model;

namespace {

constexpr double maintenance_share = 0.01;

U256 paper_unsigned(double value) { return paper_raw(value).magnitude(); }

}  // namespace

I256 paper_raw(double value) {
    const U256 size = *scaled(U256::pow10(paper_decimals), std::abs(value));
    return *I256::make(value < 0, size);
}

Money paper_money(double value, const std::string& unit) { return {paper_raw(value), paper_decimals, unit}; }

OptionContract paper_contract(const PaperOption& option, double forward, double vol) {
    return {option.kind, forward, option.strike, vol, option.time_to_expiry_s, 0};
}

PaperAccount::PaperAccount(PaperHolder holder, const std::map<std::string, double>& usd, std::int64_t time) : holder_(std::move(holder)), time_(time) {
    const double unit = holder_.numeraire == "USD" ? 1.0 : usd.at(holder_.numeraire);
    constexpr std::size_t no_input = std::numeric_limits<std::size_t>::max();
    std::map<std::string, std::size_t> inputs_by{{holder_.numeraire, no_input}};
    for (const PaperPosition& position : holder_.positions) {
        const auto [input, first] = inputs_by.try_emplace(position.underlying, inputs_.size());
        const AssetId asset{position.underlying};
        if (first) inputs_.push_back({asset, asset.symbol, PriceRole::oracle, paper_unsigned(usd.at(asset.symbol) / unit), paper_decimals});
        input_of_.push_back(input->second);
        if (position.option)
            vols_.push_back({{position.underlying}, "option", paper_unsigned(position.option->vol), paper_decimals, position.option->time_to_expiry_s});
    }
    now_ = prices_at(current());
}

Result<Standing> PaperAccount::at(const State& state) const {
    double equity = 0;
    double size = 0;
    std::size_t vol = 0;
    const std::vector<double> prices = prices_at(state);
    for (std::size_t i = 0; i < holder_.positions.size(); ++i) {
        const PaperPosition& position = holder_.positions[i];
        const double price = prices[i];
        size += std::abs(position.quantity * price);
        if (position.option) {
            equity += position.quantity * value_of(paper_contract(*position.option, price, 0), 0, 0, state.vols[vol].to_double() / 1e18);
            ++vol;
        } else if (position.instrument == Instrument::perp) {
            equity += position.quantity * (price - now_[i]);
        } else {
            equity += position.quantity * price;
        }
    }
    Standing standing;
    standing.equity = paper_money(equity, holder_.numeraire);
    standing.maintenance = paper_money(maintenance_share * size, holder_.numeraire);
    standing.initial = paper_money(2 * maintenance_share * size, holder_.numeraire);
    standing.liquidatable = equity < maintenance_share * size;
    return standing;
}

Result<std::vector<NativeFigure>> PaperAccount::native(const State& /*state*/) const { return std::vector<NativeFigure>{}; }

Result<LiquidationTerms> PaperAccount::terms(const State& state) const {
    const Result<Standing> standing = at(state);
    if (!standing) return fail(standing.error());
    return LiquidationTerms{10'000, 100, standing->maintenance};
}

Result<std::vector<Position>> PaperAccount::positions(const State& state) const {
    std::vector<Position> all;
    const std::vector<double> prices = prices_at(state);
    for (std::size_t i = 0; i < holder_.positions.size(); ++i) {
        const PaperPosition& held = holder_.positions[i];
        const double price = prices[i];
        Position position;
        position.instrument = held.instrument;
        position.underlying = {held.underlying};
        position.label = held.underlying;
        position.quantity = paper_money(held.quantity, held.underlying);
        position.carry_per_day = paper_money(held.carry_per_day, holder_.numeraire);
        position.accrued = paper_money(0, holder_.numeraire);
        position.collateral = true;
        double mark = price;
        if (held.option) {
            const OptionContract contract = paper_contract(*held.option, price, held.option->vol);
            mark = value_of(contract, 0, 0, contract.vol);
            OptionTerms& terms = position.option.emplace();
            terms.kind = held.option->kind;
            terms.strike = paper_money(held.option->strike, holder_.numeraire);
            terms.expiry = time_ + held.option->time_to_expiry_s;
            terms.vol = paper_money(held.option->vol, "");
            terms.delta = paper_money(greeks_of(contract).delta, held.underlying);
        }
        position.mark = paper_money(mark, holder_.numeraire);
        position.notional = paper_money(held.quantity * mark, holder_.numeraire);
        all.push_back(std::move(position));
    }
    return all;
}

Result<std::unique_ptr<PreparedAccount>> PaperAccount::with(const Adjustment& /*adjustment*/) const {
    return fail(ErrorCode::missing, "nothing to adjust");
}

std::vector<double> PaperAccount::prices_at(const State& state) const {
    std::vector<double> inputs;
    for (const U256& price : state.prices) inputs.push_back(price.to_double() / 1e18);
    std::vector<double> prices;
    prices.reserve(input_of_.size());
    for (const std::size_t input : input_of_) prices.push_back(input < inputs.size() ? inputs[input] : 1.0);
    return prices;
}

}  // namespace margind::risk::backtest
