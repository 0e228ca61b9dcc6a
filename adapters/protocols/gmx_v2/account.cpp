// One position of GMX V2 under its rule.
#include "adapters/checked.hpp"
#include "adapters/protocols/gmx_v2/book.hpp"

#include <algorithm>
#include <array>

namespace margind::adapters::protocols::gmx_v2 {

using model::ErrorCode;
using model::fail;
using model::I256;
using model::Money;
using model::Result;
using model::State;
using model::U256;

namespace {

constexpr std::uint8_t usd_decimals = 30;
constexpr const char* unit = "USD";
/// Largest deposit offered, in whole tokens.
constexpr unsigned offered_deposit_exponent = 12;
constexpr std::int64_t day = 86'400;

Money money(const I256& raw) { return {raw, usd_decimals, unit}; }
std::uint8_t price_decimals(std::uint64_t token_decimals) { return static_cast<std::uint8_t>(30 - token_decimals); }

/// The prices of a position that a state moves, the picked side of the index first: it is the one that is followed.
constexpr std::size_t index_count = 4;
std::array<U256 RawPosition::*, index_count> prices_of(const RawPosition& raw) {
    if (raw.is_long) return {&RawPosition::index_min, &RawPosition::index_max, &RawPosition::collateral_min, &RawPosition::pnl_token_min};
    return {&RawPosition::index_max, &RawPosition::index_min, &RawPosition::collateral_min, &RawPosition::pnl_token_min};
}

class Account final : public model::PreparedAccount {
public:
    explicit Account(Book book) : book_(std::move(book)) {
        const RawPosition& raw = book_.raw;
        const auto members = prices_of(raw);
        const std::array<const Named*, index_count> names{&book_.index, &book_.index, &book_.collateral, &book_.pnl_token};
        for (std::size_t i = 0; i < index_count; ++i) {
            const U256& price = raw.*members[i];
            // The price of the pool's token counts for the cap of profits alone.
            if (price.is_zero()) continue;
            const bool index = i < 2;
            const std::uint64_t decimals = index ? raw.index_decimals : i == 2 ? raw.collateral_decimals : 0;
            const char* side = i == 0 ? "" : i == 1 ? " (other side)" : i == 2 ? " (collateral)" : " (pool)";
            inputs_.push_back({names[i]->underlying, names[i]->label + side, index ? model::PriceRole::index : model::PriceRole::oracle, price, price_decimals(decimals)});
            moved_.push_back(members[i]);
        }
        band_ppm_ = impact_band_ppm(raw);
    }

    const std::vector<model::PriceInput>& inputs() const override { return inputs_; }
    model::OffChain off_chain() const override {
        std::vector<std::string> notes{"the price impact of its close and its fees are those of the block", "GMX's own keepers alone can liquidate it"};
        if (book_.raw.market_disabled) notes.emplace_back("its market is disabled: it can be neither closed nor added to");
        return {band_ppm_, std::move(notes)};
    }

    Result<model::Standing> at(const State& state) const override {
        const Result<Figures> f = figures(state);
        if (!f) return fail(f.error());
        Checked m;
        const RawPosition& raw = book_.raw;
        const U256 maintenance = std::max(f->by_leverage, raw.min_collateral_usd);
        const U256 factor = std::max(raw.min_collateral_factor, m.mul_div(raw.open_interest, raw.open_interest_multiplier, U256::pow10(30)));
        const U256 initial = std::max(m.mul_div(raw.size_usd, factor, U256::pow10(30)), raw.min_collateral_usd);
        const model::Standing standing{money(f->remaining), money(m.to_signed(maintenance)), money(m.to_signed(initial)), f->liquidatable};
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
        return std::vector<model::NativeFigure>{{"collateralUsd", f->collateral_usd, usd_decimals},
                                                {view_base_pnl, f->pnl, usd_decimals},
                                                {view_uncapped_pnl, f->uncapped_pnl, usd_decimals},
                                                {view_pending_impact, f->pending_impact, usd_decimals},
                                                {"impactUsd", f->impact, usd_decimals},
                                                {"costUsd", f->cost, usd_decimals},
                                                {"remainingCollateralUsd", f->remaining, usd_decimals},
                                                {view_liquidatable, I256(f->liquidatable ? 1 : 0), 0}};
    }

    Result<model::LiquidationTerms> terms(const State& state) const override {
        const Result<Figures> f = figures(state);
        if (!f) return fail(f.error());
        Checked m;
        const U256 fee = m.mul_div(book_.raw.size_usd, book_.raw.liquidation_fee_factor, U256::pow10(30), model::Rounding::up);
        const I256 loss = std::min(std::max(f->remaining, I256()), m.to_signed(fee));
        const U256 bps = m.div(book_.raw.liquidation_fee_factor, U256::pow10(26));
        if (!m.ok() || bps > U256(10'000)) return fail(ErrorCode::out_of_range, "the liquidation fee does not fit");
        return model::LiquidationTerms{10'000, static_cast<std::uint32_t>(bps.limbs()[0]), money(loss)};
    }

    Result<std::vector<model::Position>> positions(const State& state) const override {
        const Result<RawPosition> raw = at_state(state);
        if (!raw) return fail(raw.error());
        Checked m;
        std::vector<model::Position> list;
        model::Position& held = list.emplace_back();
        held.underlying = book_.collateral.underlying;
        held.label = book_.collateral.label;
        held.quantity = {m.to_signed(raw->collateral_amount), static_cast<std::uint8_t>(raw->collateral_decimals), book_.collateral.underlying.symbol};
        held.mark = {m.to_signed(raw->collateral_min), price_decimals(raw->collateral_decimals), unit};
        held.notional = money(m.to_signed(m.mul(raw->collateral_amount, raw->collateral_min)));
        held.accrued = money({});
        held.carry_per_day = money({});
        held.collateral = true;
        model::Position& perp = list.emplace_back();
        const U256 price = raw->is_long ? raw->index_min : raw->index_max;
        perp.instrument = model::Instrument::perp;
        perp.underlying = book_.index.underlying;
        perp.label = book_.index.label;
        perp.quantity = {m.take(I256::make(!raw->is_long, raw->size_tokens)), static_cast<std::uint8_t>(raw->index_decimals), book_.index.underlying.symbol};
        perp.mark = {m.to_signed(price), price_decimals(raw->index_decimals), unit};
        perp.notional = money(m.take(I256::make(!raw->is_long, m.mul(raw->size_tokens, price))));
        perp.entry = Money{m.to_signed(m.div(raw->size_usd, raw->size_tokens)), price_decimals(raw->index_decimals), unit};
        perp.accrued = money(m.negate(m.to_signed(m.mul(m.add(raw->funding_fee_amount, raw->cost_without_funding), raw->collateral_min))));
        const U256 rate = m.mul(m.add(raw->borrowing_per_second, raw->funding_per_second), U256(day));
        perp.carry_per_day = money(m.negate(m.to_signed(m.mul_div(raw->size_usd, rate, U256::pow10(30)))));
        if (!m.ok()) return fail(ErrorCode::out_of_range, "a position does not fit 256 bits at the state");
        return list;
    }

    std::vector<model::AdjustmentOption> options() const override {
        const RawPosition& raw = book_.raw;
        if (raw.market_disabled) return {};
        return {{model::Verb::deposit, raw.collateral_token, book_.collateral.label, book_.collateral.underlying, static_cast<std::uint8_t>(raw.collateral_decimals),
                 U256::pow10(offered_deposit_exponent + static_cast<unsigned>(raw.collateral_decimals))},
                {model::Verb::reduce, raw.market, book_.index.label, book_.index.underlying, static_cast<std::uint8_t>(raw.index_decimals),
                 *checked_sub(raw.size_tokens, U256(1))}};
    }

    Result<std::unique_ptr<model::PreparedAccount>> with(const model::Adjustment& adjustment) const override {
        if (adjustment.amount_raw.is_zero()) return fail(ErrorCode::bad_input, "an adjustment of 0 changes nothing");
        if (book_.raw.market_disabled) return fail(ErrorCode::missing, "its market is disabled");
        Book after = book_;
        Checked m;
        if (adjustment.verb == model::Verb::deposit && adjustment.asset == book_.raw.collateral_token) {
            after.raw.collateral_amount = m.add(after.raw.collateral_amount, adjustment.amount_raw);
        } else if (adjustment.verb == model::Verb::reduce && adjustment.asset == book_.raw.market) {
            const Result<void> good = reduce(after.raw, adjustment.amount_raw, m);
            if (!good) return fail(good.error());
        } else {
            return fail(ErrorCode::missing, "the position can take more " + book_.collateral.label + " or be reduced");
        }
        if (!m.ok()) return fail(ErrorCode::out_of_range, "the adjustment does not fit what is held");
        const Result<void> sound = check(after.raw);
        if (!sound) return fail(sound.error());
        return prepared(std::move(after));
    }

private:
    /// Closes a part at the prices that were read: its profit, impact and cost go into or out of the collateral, rounded down.
    static Result<void> reduce(RawPosition& raw, const U256& amount, Checked& m) {
        if (amount >= raw.size_tokens) return fail(ErrorCode::out_of_range, "a reduction leaves some of the position");
        const Result<Figures> before = figures_of(raw, 0);
        if (!before) return fail(before.error());
        const U256 all = raw.size_tokens;
        const auto part_of = [&](const I256& value, const U256& of) { return m.mul_div(value, m.to_signed(of), all); };
        const U256 left = m.sub(all, amount);
        const I256 settled = m.sub(part_of(m.add(before->pnl, before->impact), amount), before->cost);
        raw.size_usd = m.mul_div(raw.size_usd, left, all);
        raw.size_tokens = left;
        raw.pending_impact_amount = part_of(raw.pending_impact_amount, left);
        raw.price_impact_usd = part_of(raw.price_impact_usd, left);
        // Funding and borrowing are settled; what stays of the rest is its share.
        raw.funding_fee_amount = U256();
        raw.cost_without_funding = m.mul_div(raw.cost_without_funding, left, all, model::Rounding::up);
        const I256 tokens = m.take(checked_div(settled, m.to_signed(raw.collateral_min), model::SignedRounding::floor));
        const I256 collateral = m.add(m.to_signed(raw.collateral_amount), tokens);
        if (collateral.is_negative()) return fail(ErrorCode::out_of_range, "the collateral does not cover the part that is closed");
        raw.collateral_amount = collateral.magnitude();
        return {};
    }

    Result<RawPosition> at_state(const State& state) const {
        if (state.prices.size() != inputs_.size())
            return fail(ErrorCode::bad_input, std::to_string(state.prices.size()) + " prices for " + std::to_string(inputs_.size()) + " inputs");
        RawPosition raw = book_.raw;
        for (std::size_t i = 0; i < moved_.size(); ++i) raw.*moved_[i] = state.prices[i];
        // What is not of the collateral's price stays in dollars.
        if (raw.collateral_min != book_.raw.collateral_min) {
            if (raw.collateral_min.is_zero()) return fail(ErrorCode::out_of_range, "the collateral's price is 0");
            const auto cost = model::mul_div(raw.cost_without_funding, book_.raw.collateral_min, raw.collateral_min, model::Rounding::up);
            if (!cost) return fail(ErrorCode::out_of_range, "the fees do not fit 256 bits at the state");
            raw.cost_without_funding = *cost;
        }
        return raw;
    }
    Result<Figures> figures(const State& state) const {
        const Result<RawPosition> raw = at_state(state);
        if (!raw) return fail(raw.error());
        return figures_of(*raw, state.time_offset_s);
    }

    Book book_;
    std::vector<model::PriceInput> inputs_;
    std::vector<U256 RawPosition::*> moved_;
    std::uint32_t band_ppm_ = 0;
};

class Rule final : public model::VenueRule {
public:
    Result<std::unique_ptr<model::PreparedAccount>> prepare(const model::Facts& venue, const model::Facts& account, const model::AssetMap& assets) const override {
        if (venue.schema() != venue_schema) return fail(ErrorCode::unknown_schema, "venue facts have schema " + venue.schema() + ", not " + venue_schema);
        if (account.schema() != account_schema) return fail(ErrorCode::unknown_schema, "account facts have schema " + account.schema() + ", not " + account_schema);
        const Result<std::uint64_t> chain = venue.u64("chain_id");
        if (!chain) return fail(chain.error());
        const Result<RawPosition> raw = raw_position(account);
        if (!raw) return fail(raw.error());
        const Result<void> sound = check(*raw);
        if (!sound) return fail(sound.error());
        const auto named = [&](const model::Address& token) -> Result<Named> {
            const model::AssetMapping* mapping = assets.find(model::ChainId{*chain}, token);
            if (mapping == nullptr)
                return fail(ErrorCode::missing, "unmapped_asset " + token.to_string() + " on chain " + std::to_string(*chain) + ": add it to the asset table");
            return Named{mapping->underlying, mapping->label};
        };
        const Result<Named> index = named(raw->index_token);
        const Result<Named> collateral = named(raw->collateral_token);
        const Result<Named> pool = named(raw->is_long ? raw->long_token : raw->short_token);
        for (const Result<Named>* one : {&index, &collateral, &pool})
            if (!*one) return fail(one->error());
        return prepared(Book{*raw, *index, *collateral, *pool});
    }

    std::optional<bool> liquidatable_by_views(std::span<const model::NativeFigure> views) const override {
        for (const model::NativeFigure& view : views)
            if (view.name == view_liquidatable) return !view.value.is_zero();
        return std::nullopt;
    }
};

}  // namespace

std::unique_ptr<model::PreparedAccount> prepared(Book book) { return std::make_unique<Account>(std::move(book)); }

const model::VenueRule& rule() {
    static const Rule rule;
    return rule;
}

}  // namespace margind::adapters::protocols::gmx_v2
