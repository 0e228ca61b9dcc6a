// Books on paper: accounts of a venue that exists in tests alone, whose equity is computed in doubles from what it holds. It
// stands in for venues where only risk/ is under test, and proves nothing of any venue's rule.
#pragma once

#include "risk/kept_book.hpp"
#include "risk/path.hpp"
#include "risk/revaluation.hpp"
#include "risk/unified.hpp"

#include <cmath>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace margind::testing {

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

inline model::I256 paper_raw(double value) {
    const model::U256 size = *risk::scaled(model::U256::pow10(paper_decimals), std::abs(value));
    return *model::I256::make(value < 0, size);
}
inline model::Money paper_money(double value, const std::string& unit) { return {paper_raw(value), paper_decimals, unit}; }

inline risk::OptionContract paper_contract(const PaperOption& option, double forward, double vol) {
    return {option.kind, forward, option.strike, vol, option.time_to_expiry_s, 0};
}

/// One price input per underlying, one vol input per option; maintenance 1 % of what is held. `prices` in the numeraire.
class PaperAccount final : public model::PreparedAccount {
public:
    PaperAccount(PaperHolder holder, const std::map<std::string, double>& usd, std::int64_t time) : holder_(std::move(holder)), time_(time) {
        const double unit = holder_.numeraire == "USD" ? 1.0 : usd.at(holder_.numeraire);
        for (const PaperPosition& position : holder_.positions) {
            const bool money = position.underlying == holder_.numeraire;
            if (!money && !inputs_by_.contains(position.underlying)) {
                inputs_by_[position.underlying] = inputs_.size();
                inputs_.push_back({{position.underlying},
                                   position.underlying,
                                   model::PriceRole::oracle,
                                   *risk::scaled(model::U256::pow10(paper_decimals), usd.at(position.underlying) / unit),
                                   paper_decimals});
            }
            if (position.option)
                vols_.push_back({{position.underlying},
                                 "option",
                                 *risk::scaled(model::U256::pow10(paper_decimals), position.option->vol),
                                 paper_decimals,
                                 position.option->time_to_expiry_s});
        }
    }
    const std::vector<model::PriceInput>& inputs() const override { return inputs_; }
    const std::vector<model::VolInput>& vol_inputs() const override { return vols_; }

    model::Result<model::Standing> at(const model::State& state) const override {
        double equity = 0;
        double size = 0;
        std::size_t vol = 0;
        for (const PaperPosition& position : holder_.positions) {
            const double price = price_at(position, state.prices);
            size += std::abs(position.quantity * price);
            if (position.option) {
                equity += position.quantity * risk::value_of(paper_contract(*position.option, price, 0), 0, 0, state.vols[vol].to_double() / 1e18);
                ++vol;
            } else if (position.instrument == model::Instrument::perp) {
                equity += position.quantity * (price - price_at(position, now()));
            } else {
                equity += position.quantity * price;
            }
        }
        model::Standing standing;
        standing.equity = paper_money(equity, holder_.numeraire);
        standing.maintenance = paper_money(0.01 * size, holder_.numeraire);
        standing.initial = paper_money(0.02 * size, holder_.numeraire);
        standing.liquidatable = equity < 0.01 * size;
        return standing;
    }
    model::Result<std::vector<model::NativeFigure>> native(const model::State&) const override { return std::vector<model::NativeFigure>{}; }
    model::Result<model::LiquidationTerms> terms(const model::State& state) const override {
        return model::LiquidationTerms{10'000, 100, at(state)->maintenance};
    }
    model::Result<std::vector<model::Position>> positions(const model::State& state) const override {
        std::vector<model::Position> all;
        for (const PaperPosition& held : holder_.positions) {
            const double price = price_at(held, state.prices);
            model::Position position;
            position.instrument = held.instrument;
            position.underlying = {held.underlying};
            position.label = held.underlying;
            position.quantity = paper_money(held.quantity, held.underlying);
            position.carry_per_day = paper_money(held.carry_per_day, holder_.numeraire);
            position.accrued = paper_money(0, holder_.numeraire);
            position.collateral = true;
            double mark = price;
            if (held.option) {
                const risk::OptionContract contract = paper_contract(*held.option, price, held.option->vol);
                mark = risk::value_of(contract, 0, 0, contract.vol);
                model::OptionTerms& terms = position.option.emplace();
                terms.kind = held.option->kind;
                terms.strike = paper_money(held.option->strike, holder_.numeraire);
                terms.expiry = time_ + held.option->time_to_expiry_s;
                terms.vol = paper_money(held.option->vol, "");
                terms.delta = paper_money(risk::greeks_of(contract).delta, held.underlying);
            }
            position.mark = paper_money(mark, holder_.numeraire);
            position.notional = paper_money(held.quantity * mark, holder_.numeraire);
            all.push_back(std::move(position));
        }
        return all;
    }
    std::vector<model::AdjustmentOption> options() const override { return {}; }
    model::Result<std::unique_ptr<model::PreparedAccount>> with(const model::Adjustment&) const override {
        return model::fail(model::ErrorCode::missing, "nothing to adjust");
    }

private:
    std::vector<model::U256> now() const {
        std::vector<model::U256> prices;
        for (const model::PriceInput& input : inputs_) prices.push_back(input.price);
        return prices;
    }
    double price_at(const PaperPosition& position, const std::vector<model::U256>& prices) const {
        const auto input = inputs_by_.find(position.underlying);
        return input == inputs_by_.end() ? 1.0 : prices[input->second].to_double() / 1e18;
    }
    PaperHolder holder_;
    std::int64_t time_;
    std::vector<model::PriceInput> inputs_;
    std::vector<model::VolInput> vols_;
    std::map<std::string, std::size_t> inputs_by_;
};

struct PaperBook {
    std::int64_t time = 1'700'000'000;
    std::map<std::string, double> usd;
    std::map<std::string, std::uint32_t> confidence_ppm;
    std::vector<PaperHolder> holders;
    model::Market market;
    model::Policy policy;

    using Accounts = std::vector<std::shared_ptr<const PaperAccount>>;
    Accounts accounts() const {
        Accounts all;
        for (const PaperHolder& holder : holders) all.push_back(std::make_shared<const PaperAccount>(holder, usd, time));
        return all;
    }
    model::Result<risk::UnifiedBook> unify(unsigned threads = 1, const risk::KeptBook* before = nullptr) const {
        return unify(accounts(), threads, before);
    }

    model::Result<risk::UnifiedBook> unify(const Accounts& prepared, unsigned threads = 1, const risk::KeptBook* before = nullptr) const {
        std::vector<model::ReferencePrice> prices;
        for (const auto& [asset, price] : usd) {
            model::ReferencePrice row;
            row.asset = {asset};
            row.chain = model::ChainId{1};
            row.source = "paper:" + asset;
            row.raw = paper_raw(price);
            row.decimals = paper_decimals;
            if (const auto confidence = confidence_ppm.find(asset); confidence != confidence_ppm.end()) row.confidence_ppm = confidence->second;
            prices.push_back(std::move(row));
        }
        std::vector<model::AccountKey> keys;
        std::vector<std::vector<model::Position>> positions;
        for (std::size_t i = 0; i < holders.size(); ++i) {
            keys.push_back({{holders[i].venue, model::ChainId{1}, ""}, {}, std::to_string(i)});
            positions.push_back(*prepared[i]->positions(prepared[i]->current()));
        }
        std::vector<risk::BookAccount> book;
        for (std::size_t i = 0; i < holders.size(); ++i) book.push_back({keys[i], *prepared[i], positions[i], time});
        return risk::unify(book, market, policy, risk::Valuation(prices), threads, before);
    }
};

}  // namespace margind::testing
