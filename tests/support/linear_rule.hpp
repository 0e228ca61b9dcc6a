// A synthetic venue for tests of the risk core: supplies, debts and perps, linear in their prices, in integers.
#pragma once

#include "risk/model/venue_rule.hpp"

#include <atomic>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace margind::testing {

/// Facts: venue "linear.venue/1": "unit_usdc" (bool: money is USDC, else USD), "penalty_bps", "debt_rate" (1e-9 per
/// second, simple), "band_ppm" (may be absent), and by label "price.L" (8 decimals), "lt.L", "ltv.L" (bps: what of a supply counts; 10000 - lt is
/// a perp's maintenance); "vol.L" (8 decimals) and "time_to_expiry.L" (seconds) where an account holds vega. Account "linear.account/1": "supply.L", "debt.L" (u256), "perp.L", "entry.L", "vega.L" (i256, money per
/// 100 % of vol); 18 decimals, entries 8. A label is its own underlying up to the first '.', and its own token address.
class LinearAccount : public model::PreparedAccount {
public:
    enum class Kind { supply, debt, perp, vega };
    struct Leg {
        Kind kind = Kind::supply;
        std::string label;
        std::size_t input = 0;
        model::I256 quantity;
        model::I256 entry;
        std::int64_t lt_bps = 0;
        std::int64_t ltv_bps = 0;
    };
    struct Terms {
        std::string unit = "USD";
        std::int64_t penalty_bps = 0;
        std::int64_t debt_rate = 0;
        /// at() fails where any price is above this (when set), as a contract that overflows does.
        std::optional<model::U256> refuses_above;
        std::optional<std::uint32_t> band_ppm{};
    };

    LinearAccount(Terms terms, std::vector<model::PriceInput> inputs, std::vector<Leg> legs, std::vector<model::VolInput> vols = {})
        : terms_(std::move(terms)), inputs_(std::move(inputs)), legs_(std::move(legs)), vols_(std::move(vols)) {}

    static model::AssetId underlying_of(const std::string& label) { return {label.substr(0, label.find('.'))}; }
    static model::Address token_of(const std::string& label) {
        model::Address address;
        for (std::size_t i = 0; i < label.size() && i < address.bytes.size(); ++i)
            address.bytes[i] = static_cast<std::byte>(label[i]);
        return address;
    }

    const std::vector<model::PriceInput>& inputs() const override { return inputs_; }
    const std::vector<model::VolInput>& vol_inputs() const override { return vols_; }
    model::OffChain off_chain() const override {
        if (!terms_.band_ppm) return {};
        return {terms_.band_ppm, {"a note of the rule"}};
    }

    model::Result<model::Standing> at(const model::State& state) const override {
        std::atomic_ref(evaluations).fetch_add(1, std::memory_order_relaxed);
        model::I256 equity;
        model::I256 maintenance;
        model::I256 initial;
        bool owes = false;
        for (const Leg& leg : legs_) {
            if (leg.kind == Kind::vega) {
                equity = *checked_add(equity, scaled_floor(leg.quantity, *model::I256::from(state.vols.at(leg.input))));
                continue;
            }
            const model::U256& price = state.prices.at(leg.input);
            if (terms_.refuses_above && price > *terms_.refuses_above)
                return model::fail(model::ErrorCode::reverted, "price " + price.to_decimal() + " refused");
            const model::I256 value = value_of(leg, price, state.time_offset_s);
            const model::I256 size = value.is_negative() ? *negate(value) : value;
            switch (leg.kind) {
                case Kind::supply:
                    equity = *checked_add(equity, value);
                    maintenance = *checked_add(maintenance, *checked_sub(value, share(value, leg.lt_bps)));
                    initial = *checked_add(initial, *checked_sub(value, share(value, leg.ltv_bps)));
                    break;
                case Kind::debt:
                    owes = true;
                    equity = *checked_sub(equity, value);
                    break;
                case Kind::perp: {
                    owes = true;
                    const model::I256 move = *checked_sub(*model::I256::from(price), leg.entry);
                    equity = *checked_add(equity, scaled_floor(leg.quantity, move));
                    maintenance = *checked_add(maintenance, share(size, 10000 - leg.lt_bps));
                    initial = *checked_add(initial, share(size, 10000 - leg.ltv_bps));
                    break;
                }
                case Kind::vega: break;
            }
        }
        model::Standing standing;
        standing.equity = money(equity);
        standing.maintenance = money(maintenance);
        standing.initial = money(initial);
        standing.liquidatable = owes && equity < maintenance;
        return standing;
    }

    /// Of supplies and debts, which grow with their price; a perp may do either, and nothing is said.
    std::optional<model::Enclosure> between(const model::State& low, const model::State& high) const override {
        model::I256 least;
        model::I256 largest;
        model::I256 magnitude;
        bool owes = false;
        for (const Leg& leg : legs_) {
            if (leg.kind == Kind::vega) return std::nullopt;
            const model::U256& bottom = low.prices.at(leg.input);
            const model::U256& top = high.prices.at(leg.input);
            if (leg.kind == Kind::perp || (terms_.refuses_above && top > *terms_.refuses_above)) return std::nullopt;
            const model::I256 small = value_of(leg, bottom, low.time_offset_s);
            const model::I256 large = value_of(leg, top, low.time_offset_s);
            magnitude = *checked_add(magnitude, *checked_add(large, 1));
            if (leg.kind == Kind::debt) {
                owes = true;
                least = *checked_sub(least, large);
                largest = *checked_sub(largest, small);
            } else {
                least = *checked_add(least, share(small, leg.lt_bps));
                largest = *checked_add(largest, share(large, leg.lt_bps));
            }
        }
        model::Enclosure enclosure;
        if (!owes || !least.is_negative())
            enclosure.liquidatable = false;
        else if (largest.is_negative())
            enclosure.liquidatable = true;
        enclosure.least_excess = money(least);
        enclosure.largest_excess = money(largest);
        enclosure.magnitude = money(magnitude);
        return enclosure;
    }

    model::Result<std::vector<model::NativeFigure>> native(const model::State& state) const override {
        const auto standing = at(state);
        if (!standing) return model::fail(standing.error());
        return std::vector<model::NativeFigure>{{"equity", standing->equity.raw, 8},
                                                {"maintenance", standing->maintenance.raw, 8}};
    }

    model::Result<model::LiquidationTerms> terms(const model::State& state) const override {
        const auto standing = at(state);
        if (!standing) return model::fail(standing.error());
        model::LiquidationTerms terms;
        terms.close_factor_bps = 10000;
        terms.penalty_bps = static_cast<std::uint32_t>(terms_.penalty_bps);
        const model::I256 equity = standing->equity.raw.is_negative() ? model::I256{} : standing->equity.raw;
        terms.loss = money(std::min(share(equity, 10000), share(standing->maintenance.raw, terms_.penalty_bps)));
        return terms;
    }

    model::Result<std::vector<model::Position>> positions(const model::State& state) const override {
        std::vector<model::Position> positions;
        for (const Leg& leg : legs_) {
            if (leg.kind == Kind::vega) continue;
            model::Position position;
            position.instrument = leg.kind == Kind::supply ? model::Instrument::spot
                                  : leg.kind == Kind::debt ? model::Instrument::debt
                                                           : model::Instrument::perp;
            position.underlying = inputs_[leg.input].underlying;
            position.label = leg.label;
            const model::I256 signed_quantity = leg.kind == Kind::debt ? *negate(leg.quantity) : leg.quantity;
            position.quantity = {signed_quantity, 18, leg.label};
            position.mark = money(*model::I256::from(state.prices.at(leg.input)));
            const model::I256 value = value_of(leg, state.prices.at(leg.input), 0);
            position.notional = money(leg.kind == Kind::debt ? *negate(value) : value);
            position.accrued = money(0);
            position.carry_per_day =
                money(leg.kind == Kind::debt ? *negate(*mul_div(value, terms_.debt_rate * 86400, 1'000'000'000)) : model::I256{});
            position.collateral = leg.kind == Kind::supply;
            positions.push_back(std::move(position));
        }
        return positions;
    }

    std::vector<model::AdjustmentOption> options() const override {
        std::vector<model::AdjustmentOption> options;
        for (const Leg& leg : legs_) {
            if (leg.kind == Kind::vega) continue;
            model::AdjustmentOption option;
            option.verb = leg.kind == Kind::supply ? model::Verb::deposit
                          : leg.kind == Kind::debt ? model::Verb::repay
                                                   : model::Verb::reduce;
            option.asset = token_of(leg.label);
            option.label = leg.label;
            option.underlying = inputs_[leg.input].underlying;
            option.decimals = 18;
            option.max_raw = leg.kind == Kind::supply ? model::U256::pow10(27) : leg.quantity.magnitude();
            options.push_back(option);
        }
        return options;
    }

    model::Result<std::unique_ptr<model::PreparedAccount>> with(const model::Adjustment& adjustment) const override {
        std::vector<Leg> legs = legs_;
        std::vector<model::PriceInput> inputs = inputs_;
        for (Leg& leg : legs) {
            if (leg.kind == Kind::vega || token_of(leg.label) != adjustment.asset) continue;
            const bool fits = (leg.kind == Kind::supply && adjustment.verb == model::Verb::deposit) ||
                              (leg.kind == Kind::debt && adjustment.verb == model::Verb::repay) ||
                              (leg.kind == Kind::perp && adjustment.verb == model::Verb::reduce);
            if (!fits) continue;
            const model::I256 amount = *model::I256::from(adjustment.amount_raw);
            if (leg.kind == Kind::supply) {
                leg.quantity = *checked_add(leg.quantity, amount);
            } else if (leg.kind == Kind::debt) {
                leg.quantity = *checked_sub(leg.quantity, amount);
            } else {
                // What is closed is paid out at the present price and leaves the account.
                leg.quantity = leg.quantity.is_negative() ? *checked_add(leg.quantity, amount) : *checked_sub(leg.quantity, amount);
            }
            return std::unique_ptr<model::PreparedAccount>(
                std::make_unique<LinearAccount>(terms_, std::move(inputs), std::move(legs), vols_));
        }
        return model::fail(model::ErrorCode::missing, "no leg for " + adjustment.asset.to_string());
    }

    /// Calls of at() on this object, for the cost of a search.
    mutable std::int64_t evaluations = 0;

private:
    model::Money money(const model::I256& raw) const { return {raw, 8, terms_.unit}; }
    static model::I256 share(const model::I256& value, std::int64_t bps) {
        return *mul_div(value, bps, 10000, model::SignedRounding::floor);
    }
    static model::I256 scaled_floor(const model::I256& quantity, const model::I256& price) {
        return *mul_div(quantity, price, *model::I256::from(model::U256::pow10(18)), model::SignedRounding::floor);
    }
    /// A debt's value is positive and rounded up.
    model::I256 value_of(const Leg& leg, const model::U256& price, std::int64_t offset_s) const {
        if (leg.kind != Kind::debt) return scaled_floor(leg.quantity, *model::I256::from(price));
        const std::int64_t growth = 1'000'000'000 + terms_.debt_rate * offset_s;
        const model::I256 grown = *mul_div(leg.quantity, growth, 1'000'000'000, model::SignedRounding::floor);
        return *negate(scaled_floor(*negate(grown), *model::I256::from(price)));
    }

    Terms terms_;
    std::vector<model::PriceInput> inputs_;
    std::vector<Leg> legs_;
    std::vector<model::VolInput> vols_;
};

class LinearRule : public model::VenueRule {
public:
    model::Result<std::unique_ptr<model::PreparedAccount>> prepare(const model::Facts& venue, const model::Facts& account,
                                                                   const model::AssetMap&) const override {
        if (venue.schema() == "linear.venue/2")
            return model::fail(model::ErrorCode::unknown_revision, "revision 2 is not known");
        if (venue.schema() != "linear.venue/1")
            return model::fail(model::ErrorCode::unknown_schema, "schema " + venue.schema() + " is not known");
        LinearAccount::Terms terms;
        terms.unit = *venue.boolean("unit_usdc") ? "USDC" : "USD";
        terms.penalty_bps = static_cast<std::int64_t>(*venue.u64("penalty_bps"));
        terms.debt_rate = static_cast<std::int64_t>(*venue.u64("debt_rate"));
        if (const auto limit = venue.u256("refuses_above")) terms.refuses_above = *limit;
        if (const auto band = venue.u64("band_ppm")) terms.band_ppm = static_cast<std::uint32_t>(*band);
        std::vector<model::PriceInput> inputs;
        std::vector<LinearAccount::Leg> legs;
        std::vector<model::VolInput> vols;
        for (std::size_t i = 0; i < account.size(); ++i) {
            const std::string& name = account.name(i);
            const std::size_t dot = name.find('.');
            const std::string kind = name.substr(0, dot);
            if (kind == "entry") continue;
            LinearAccount::Leg leg;
            leg.label = name.substr(dot + 1);
            if (kind == "vega") {
                leg.kind = LinearAccount::Kind::vega;
                leg.quantity = *account.i256(name);
                leg.input = vols.size();
                vols.push_back({LinearAccount::underlying_of(leg.label), "vol " + leg.label, *venue.u256("vol." + leg.label), 8,
                                static_cast<std::int64_t>(*venue.u64("time_to_expiry." + leg.label))});
                legs.push_back(std::move(leg));
                continue;
            }
            leg.kind = kind == "supply" ? LinearAccount::Kind::supply
                       : kind == "debt" ? LinearAccount::Kind::debt
                                        : LinearAccount::Kind::perp;
            const auto price = venue.u256("price." + leg.label);
            if (!price) return model::fail(price.error());
            leg.lt_bps = static_cast<std::int64_t>(*venue.u64("lt." + leg.label));
            leg.ltv_bps = static_cast<std::int64_t>(*venue.u64("ltv." + leg.label));
            if (leg.kind == LinearAccount::Kind::perp) {
                leg.quantity = *account.i256(name);
                leg.entry = *account.i256("entry." + leg.label);
            } else {
                leg.quantity = *model::I256::from(*account.u256(name));
            }
            leg.input = inputs.size();
            for (std::size_t j = 0; j < inputs.size(); ++j)
                if (inputs[j].label == leg.label) leg.input = j;
            if (leg.input == inputs.size())
                inputs.push_back({LinearAccount::underlying_of(leg.label), leg.label, model::PriceRole::oracle, *price, 8});
            legs.push_back(std::move(leg));
        }
        return std::unique_ptr<model::PreparedAccount>(
            std::make_unique<LinearAccount>(std::move(terms), std::move(inputs), std::move(legs), std::move(vols)));
    }

    std::optional<bool> liquidatable_by_views(std::span<const model::NativeFigure> views) const override {
        std::optional<model::I256> equity;
        std::optional<model::I256> maintenance;
        for (const model::NativeFigure& view : views) {
            if (view.name == "equity") equity = view.value;
            if (view.name == "maintenance") maintenance = view.value;
        }
        if (!equity || !maintenance) return std::nullopt;
        return *equity < *maintenance;
    }
};

}  // namespace margind::testing
