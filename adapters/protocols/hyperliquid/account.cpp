// One account of HyperCore under its rule: N, M and what its owner can do.
#include "adapters/checked.hpp"
#include "adapters/protocols/hyperliquid/rule.hpp"

#include <algorithm>

namespace margind::adapters::protocols::hyperliquid {

using model::ErrorCode;
using model::fail;
using model::I256;
using model::Money;
using model::Result;
using model::State;
using model::U256;

namespace {

constexpr std::uint8_t usd_decimals = 6;
/// Largest deposit offered, in whole dollars.
constexpr unsigned offered_deposit_exponent = 12;
/// Above 100,000 USD a fifth is closed first.
constexpr std::uint64_t closed_in_parts_above = 100'000'000'000;
constexpr std::uint32_t first_part_bps = 2000;

std::uint8_t price_decimals(const RawPosition& position) { return static_cast<std::uint8_t>(6 - position.sz_decimals); }

std::vector<model::PriceInput> inputs_of(const Book& book) {
    std::vector<model::PriceInput> inputs;
    for (const Held& held : book.positions)
        inputs.push_back({held.named.underlying, held.named.label, model::PriceRole::mark, held.raw.mark, price_decimals(held.raw)});
    return inputs;
}

struct Figures {
    I256 equity;
    U256 maintenance;
    U256 initial;
    U256 notional;
    U256 largest;
};

class Account final : public model::PreparedAccount {
public:
    explicit Account(Book book) : book_(std::move(book)), inputs_(inputs_of(book_)) {}

    const std::vector<model::PriceInput>& inputs() const override { return inputs_; }
    model::OffChain off_chain() const override {
        std::vector<std::string> notes = book_.notes;
        if (!book_.positions.empty()) notes.emplace_back("funding since the last hour is not seen");
        return {std::nullopt, std::move(notes)};
    }

    Result<model::Standing> at(const State& state) const override {
        const Result<Figures> f = figures(state);
        if (!f) return fail(f.error());
        Checked m;
        const model::Standing standing{money(f->equity), money(m.to_signed(f->maintenance)), money(m.to_signed(f->initial)), broken(*f)};
        if (!m.ok()) return fail(ErrorCode::out_of_range, "a margin does not fit 256 bits at the state");
        return standing;
    }

    Result<bool> liquidatable(const State& state) const override {
        const Result<Figures> f = figures(state);
        if (!f) return fail(f.error());
        return broken(*f);
    }

    Result<std::vector<model::NativeFigure>> native(const State& state) const override {
        const Result<Figures> f = figures(state);
        if (!f) return fail(f.error());
        std::vector<model::NativeFigure> figures{{"equity", f->equity, usd_decimals}, {"maintenanceMargin", *I256::from(f->maintenance), usd_decimals}};
        if (!book_.has_summary) return figures;
        Checked m;
        figures.push_back({view_account_value, m.add(f->equity, book_.beside_value), usd_decimals});
        figures.push_back({view_ntl_pos, m.to_signed(m.add(f->notional, book_.beside_ntl)), usd_decimals});
        if (!m.ok()) return fail(ErrorCode::out_of_range, "a figure does not fit 256 bits at the state");
        return figures;
    }

    Result<model::LiquidationTerms> terms(const State& state) const override {
        const Result<Figures> f = figures(state);
        if (!f) return fail(f.error());
        // The backstop keeps the maintenance margin; what fills in the book costs no penalty.
        Checked m;
        const I256 loss = std::min(std::max(f->equity, I256()), m.to_signed(f->maintenance));
        return model::LiquidationTerms{f->largest > U256(closed_in_parts_above) ? first_part_bps : 10'000, 0, money(loss)};
    }

    Result<std::vector<model::Position>> positions(const State& state) const override {
        Checked m;
        std::vector<model::Position> list;
        I256 balance = book_.cash;
        for (std::size_t i = 0; i < book_.positions.size(); ++i) {
            const Held& held = book_.positions[i];
            const RawPosition& raw = held.raw;
            const I256 entry = m.take(I256::make(raw.szi.is_negative(), raw.entry_ntl));
            balance = m.add(balance, entry);
            model::Position& p = list.emplace_back();
            p.instrument = model::Instrument::perp;
            p.underlying = held.named.underlying;
            p.label = held.named.label;
            p.quantity = {raw.szi, static_cast<std::uint8_t>(raw.sz_decimals), held.named.underlying.symbol};
            p.mark = {m.to_signed(state.prices.at(i)), price_decimals(raw), book_.collateral.underlying.symbol};
            p.notional = money(m.mul(raw.szi, m.to_signed(state.prices.at(i))));
            p.entry = money(m.to_signed(m.mul_div(raw.entry_ntl, U256::pow10(static_cast<unsigned>(raw.sz_decimals)), raw.szi.magnitude())));
            p.accrued = money({});
            p.carry_per_day = money({});
        }
        if (!balance.is_zero()) list.insert(list.begin(), cash(balance));
        for (const SpotHolding& spot : book_.spots) {
            Result<model::Position> one = spot_position(spot);
            if (!one) return fail(one.error());
            list.push_back(std::move(*one));
        }
        if (!m.ok()) return fail(ErrorCode::out_of_range, "a position does not fit 256 bits at the state");
        return list;
    }

    std::vector<model::AdjustmentOption> options() const override {
        std::vector<model::AdjustmentOption> list;
        if (book_.positions.empty()) return list;
        list.push_back({model::Verb::deposit, deposit_address(), book_.collateral.label, book_.collateral.underlying, usd_decimals,
                        U256::pow10(offered_deposit_exponent + usd_decimals)});
        for (const Held& held : book_.positions)
            list.push_back({model::Verb::reduce, perp_address(held.raw.perp), held.named.label, held.named.underlying,
                            static_cast<std::uint8_t>(held.raw.sz_decimals), held.raw.szi.magnitude()});
        return list;
    }

    Result<std::unique_ptr<model::PreparedAccount>> with(const model::Adjustment& adjustment) const override {
        if (adjustment.amount_raw.is_zero()) return fail(ErrorCode::bad_input, "an adjustment of 0 changes nothing");
        Checked m;
        Book after = book_;
        bool known = adjustment.verb == model::Verb::deposit && adjustment.asset == deposit_address();
        if (known) after.cash = m.add(after.cash, m.to_signed(adjustment.amount_raw));
        for (std::size_t i = 0; i < after.positions.size() && adjustment.verb == model::Verb::reduce && !known; ++i) {
            Held& held = after.positions[i];
            if (perp_address(held.raw.perp) != adjustment.asset) continue;
            known = true;
            reduce(after, held, adjustment.amount_raw, m);
            if (held.raw.szi.is_zero()) after.positions.erase(after.positions.begin() + static_cast<std::ptrdiff_t>(i));
        }
        if (!known) return fail(ErrorCode::missing, "the account can deposit " + book_.collateral.label + " or reduce a position that it has");
        if (!m.ok()) return fail(ErrorCode::out_of_range, "the adjustment passes what is held, or does not fit 256 bits");
        return prepared(std::move(after));
    }

private:
    static bool broken(const Figures& f) { return !f.notional.is_zero() && f.equity < *I256::from(f.maintenance); }
    Money money(const I256& raw) const { return {raw, usd_decimals, book_.collateral.underlying.symbol}; }
    model::Address deposit_address() const { return token_address(book_.token); }

    Result<Figures> figures(const State& state) const {
        if (state.prices.size() != inputs_.size())
            return fail(ErrorCode::bad_input, std::to_string(state.prices.size()) + " prices for " + std::to_string(inputs_.size()) + " inputs");
        Checked m;
        Figures f;
        f.equity = book_.cash;
        for (std::size_t i = 0; i < book_.positions.size(); ++i) {
            const Held& held = book_.positions[i];
            const U256 notional = m.mul(held.raw.szi.magnitude(), state.prices[i]);
            f.equity = m.add(f.equity, m.take(I256::make(held.raw.szi.is_negative(), notional)));
            const Result<U256> maintenance = maintenance_of(notional, held.tiers);
            if (!maintenance) return fail(maintenance.error());
            const Result<U256> initial = initial_of(notional, *maintenance, held.raw.leverage);
            if (!initial) return fail(initial.error());
            f.maintenance = m.add(f.maintenance, *maintenance);
            f.initial = m.add(f.initial, *initial);
            f.notional = m.add(f.notional, notional);
            f.largest = std::max(f.largest, notional);
        }
        if (!m.ok() || f.maintenance.bit_width() > 254) return fail(ErrorCode::out_of_range, "a margin does not fit 256 bits at the state");
        return f;
    }

    /// Filled at the mark, without a fee.
    static void reduce(Book& book, Held& held, const U256& amount, Checked& m) {
        const U256 size = held.raw.szi.magnitude();
        const U256 left = m.sub(size, amount);
        const U256 value = m.mul(amount, held.raw.mark);
        const I256 gained = m.take(I256::make(held.raw.szi.is_negative(), value));
        book.cash = m.add(book.cash, gained);
        held.raw.entry_ntl = m.mul_div(held.raw.entry_ntl, left, size);
        held.raw.szi = m.take(I256::make(held.raw.szi.is_negative(), left));
    }

    model::Position cash(const I256& balance) const {
        model::Position p;
        p.instrument = balance.is_negative() ? model::Instrument::debt : model::Instrument::spot;
        p.underlying = book_.collateral.underlying;
        p.label = book_.collateral.label;
        p.quantity = {balance, usd_decimals, book_.collateral.underlying.symbol};
        p.mark = money(I256(1'000'000));
        p.notional = money(balance);
        p.accrued = money({});
        p.carry_per_day = money({});
        p.collateral = true;
        return p;
    }

    Result<model::Position> spot_position(const SpotHolding& spot) const {
        Checked m;
        model::Position p;
        p.instrument = model::Instrument::spot;
        p.underlying = spot.named.underlying;
        p.label = spot.named.label + " (spot)";
        p.quantity = {m.to_signed(spot.raw.total), static_cast<std::uint8_t>(spot.raw.wei_decimals), spot.named.underlying.symbol};
        p.mark = {m.to_signed(spot.raw.price), static_cast<std::uint8_t>(8 - spot.raw.sz_decimals), book_.collateral.underlying.symbol};
        // To 6 decimals, down.
        const unsigned scale = static_cast<unsigned>(spot.raw.wei_decimals + 8 - spot.raw.sz_decimals);
        const U256 value = m.mul(spot.raw.total, spot.raw.price);
        p.notional = money(m.to_signed(scale >= 6 ? m.div(value, U256::pow10(scale - 6)) : m.mul(value, U256::pow10(6 - scale))));
        p.accrued = money({});
        p.carry_per_day = money({});
        if (!m.ok()) return fail(ErrorCode::out_of_range, "the balance of " + spot.raw.name + " does not fit 256 bits");
        return p;
    }

    Book book_;
    std::vector<model::PriceInput> inputs_;
};

}  // namespace

std::unique_ptr<model::PreparedAccount> prepared(Book book) { return std::make_unique<Account>(std::move(book)); }

}  // namespace margind::adapters::protocols::hyperliquid
