// One trade at gTrade under its rule.
#include "adapters/checked.hpp"
#include "adapters/pair_feeds.hpp"
#include "adapters/protocols/gtrade/book.hpp"

#include <algorithm>

namespace margind::adapters::protocols::gtrade {

using model::ErrorCode;
using model::fail;
using model::I256;
using model::Money;
using model::Result;
using model::State;
using model::U256;

namespace {

constexpr std::int64_t day = 86'400;

class Account final : public model::PreparedAccount {
public:
    explicit Account(Book book) : book_(std::move(book)) {
        inputs_.push_back({book_.index.underlying, book_.index.label, model::PriceRole::index, book_.raw.price, price_decimals});
        inputs_.push_back({book_.collateral.underlying, book_.collateral.label + " (collateral)", model::PriceRole::oracle, book_.raw.collateral_price, collateral_price_decimals});
    }

    const std::vector<model::PriceInput>& inputs() const override { return inputs_; }
    std::string stale() const override { return book_.raw.price_is_old ? book_.index.label : std::string(); }
    model::OffChain off_chain() const override {
        model::OffChain notes{0, book_.notes};
        if (book_.raw.price_is_old) notes.notes.emplace_back("its price is of a feed that is silent for longer than its heartbeat");
        return notes;
    }

    Result<model::Standing> at(const State& state) const override {
        const Result<Figures> f = figures(state);
        if (!f) return fail(f.error());
        Checked m;
        const RawTrade& raw = book_.raw;
        const U256 initial = std::max(m.mul_div(raw.collateral, U256(raw.leverage), U256(raw.max_leverage), model::Rounding::up), f->maintenance);
        const model::Standing standing{money(f->value), money(m.to_signed(f->maintenance)), money(m.to_signed(initial)), f->liquidatable};
        if (!m.ok()) return fail(ErrorCode::out_of_range, "a requirement does not fit 256 bits at the state");
        return standing;
    }

    Result<bool> liquidatable(const State& state) const override {
        const Result<Figures> f = figures(state);
        if (!f) return fail(f.error());
        return f->liquidatable;
    }

    Result<std::vector<model::NativeFigure>> native(const State& state) const override {
        const Result<Figures> f = figures(state);
        if (!f) return fail(f.error());
        Checked m;
        std::vector<model::NativeFigure> list{{"percentProfit", f->percent_profit, 10},
                                              {"closingFee", m.to_signed(f->closing_fee), decimals()},
                                              {"holdingFees", f->holding_fees, decimals()},
                                              {"tradeValue", f->value, decimals()},
                                              {"liqPnlThresholdP", m.to_signed(f->threshold), 10},
                                              {view_liquidation_price, m.to_signed(f->liquidation_price), price_decimals}};
        if (!m.ok()) return fail(ErrorCode::out_of_range, "a figure does not fit 256 bits at the state");
        return list;
    }

    Result<model::LiquidationTerms> terms(const State& state) const override {
        const Result<Figures> f = figures(state);
        if (!f) return fail(f.error());
        // Nothing comes back.
        return model::LiquidationTerms{10'000, 0, money(std::max(f->value, I256()))};
    }

    Result<std::vector<model::Position>> positions(const State& state) const override {
        const Result<Figures> f = figures(state);
        if (!f) return fail(f.error());
        const RawTrade& raw = book_.raw;
        const U256& collateral_price = state.prices[1];
        Checked m;
        std::vector<model::Position> list;
        model::Position& held = list.emplace_back();
        held.underlying = book_.collateral.underlying;
        held.label = book_.collateral.label;
        held.quantity = money(m.to_signed(raw.collateral));
        held.mark = money(m.to_signed(U256::pow10(decimals())));
        held.notional = held.quantity;
        held.accrued = money({});
        held.carry_per_day = money({});
        held.collateral = true;
        model::Position& perp = list.emplace_back();
        // Profits are a share of the collateral: what it is worth in dollars buys the units, whose price is told in the collateral.
        const U256 size = m.mul(m.div(m.mul(raw.collateral, U256(raw.leverage)), U256(1'000)), U256::pow10(18U - decimals()));
        const U256 amount = m.mul_div(m.mul(size, collateral_price), U256(100), raw.open_price);
        const auto in_collateral = [&](const U256& usd) { return m.mul_div(usd, U256::pow10(16), collateral_price); };
        const U256 mark = in_collateral(state.prices[0]);
        perp.instrument = model::Instrument::perp;
        perp.underlying = book_.index.underlying;
        perp.label = book_.index.label;
        perp.quantity = {m.take(I256::make(!raw.is_long, amount)), 18, book_.index.underlying.symbol};
        perp.mark = {m.to_signed(mark), 18, unit()};
        perp.notional = money(m.take(I256::make(!raw.is_long, m.mul_div(amount, mark, U256::pow10(36U - decimals())))));
        perp.entry = Money{m.to_signed(in_collateral(raw.open_price)), 18, unit()};
        perp.accrued = money(m.negate(f->fees));
        const Result<Figures> later = figures(State{state.prices, state.time_offset_s + day, {}});
        if (!later) return fail(later.error());
        perp.carry_per_day = money(m.sub(f->holding_fees, later->holding_fees));
        if (!m.ok()) return fail(ErrorCode::out_of_range, "a position does not fit 256 bits at the state");
        return list;
    }

    /// A part that is closed is paid out: what is left has the same price of liquidation, so reductions are not offered.
    std::vector<model::AdjustmentOption> options() const override {
        // At a leverage of 1 the collateral is the whole position.
        const auto size = model::mul_div(book_.raw.collateral, U256(book_.raw.leverage), U256(1'000), model::Rounding::down);
        const U256 most = size ? checked_sub(*size, book_.raw.collateral).value_or(U256()) : U256();
        if (most.is_zero()) return {};
        return {{model::Verb::deposit, book_.raw.collateral_token, book_.collateral.label, book_.collateral.underlying, decimals(), most}};
    }

    Result<std::unique_ptr<model::PreparedAccount>> with(const model::Adjustment& adjustment) const override {
        if (adjustment.amount_raw.is_zero()) return fail(ErrorCode::bad_input, "an adjustment of 0 changes nothing");
        if (adjustment.verb != model::Verb::deposit || adjustment.asset != book_.raw.collateral_token)
            return fail(ErrorCode::missing, "the trade can take more " + book_.collateral.label);
        Book after = book_;
        Checked m;
        // A change of leverage leaves the position as it is.
        const U256 size = m.mul(after.raw.collateral, U256(after.raw.leverage));
        after.raw.collateral = m.add(after.raw.collateral, adjustment.amount_raw);
        const U256 leverage = m.div(size, after.raw.collateral);
        if (!m.ok() || leverage < U256(1'000)) return fail(ErrorCode::out_of_range, "the deposit brings the leverage below 1");
        after.raw.leverage = leverage.limbs()[0];
        const Result<void> sound = check(after.raw);
        if (!sound) return fail(sound.error());
        return prepared(std::move(after));
    }

private:
    std::uint8_t decimals() const { return static_cast<std::uint8_t>(book_.raw.collateral_decimals); }
    std::string unit() const { return book_.collateral.underlying.symbol; }
    Money money(const I256& raw) const { return {raw, decimals(), unit()}; }

    Result<Figures> figures(const State& state) const {
        if (state.prices.size() != inputs_.size())
            return fail(ErrorCode::bad_input, std::to_string(state.prices.size()) + " prices for " + std::to_string(inputs_.size()) + " inputs");
        return figures_of(book_.raw, {state.prices[0], state.prices[1], state.time_offset_s});
    }

    Book book_;
    std::vector<model::PriceInput> inputs_;
};

class Rule final : public model::VenueRule {
public:
    Result<std::unique_ptr<model::PreparedAccount>> prepare(const model::Facts& venue, const model::Facts& account, const model::AssetMap& assets) const override {
        if (venue.schema() != venue_schema) return fail(ErrorCode::unknown_schema, "venue facts have schema " + venue.schema() + ", not " + venue_schema);
        if (account.schema() != account_schema) return fail(ErrorCode::unknown_schema, "account facts have schema " + account.schema() + ", not " + account_schema);
        const Result<std::uint64_t> chain = venue.u64("chain_id");
        if (!chain) return fail(chain.error());
        const Result<std::uint64_t> activated = venue.u64("trading_activated");
        if (!activated) return fail(activated.error());
        const Result<RawTrade> raw = raw_trade(account);
        if (!raw) return fail(raw.error());
        const Result<void> sound = check(*raw);
        if (!sound) return fail(sound.error());
        const model::AssetMapping* index = assets.find(model::ChainId{*chain}, raw->pair);
        const model::AssetMapping* collateral = assets.find(model::ChainId{*chain}, raw->collateral_token);
        if (index == nullptr)
            return fail(ErrorCode::missing, "unmapped_asset " + raw->pair.to_string() + " (" + pair_name(raw->pair) + ") on chain " + std::to_string(*chain) +
                                                ": add it to the asset table");
        if (collateral == nullptr)
            return fail(ErrorCode::missing, "unmapped_asset " + raw->collateral_token.to_string() + " on chain " + std::to_string(*chain) + ": add it to the asset table");
        Book book{*raw, {index->underlying, index->label}, {collateral->underlying, collateral->label}};
        if (*activated != 0) book.notes.push_back("trading is restricted (getTradingActivated is " + std::to_string(*activated) + ")");
        return prepared(std::move(book));
    }
};

}  // namespace

std::unique_ptr<model::PreparedAccount> prepared(Book book) { return std::make_unique<Account>(std::move(book)); }

const model::VenueRule& rule() {
    static const Rule rule;
    return rule;
}

}  // namespace margind::adapters::protocols::gtrade
