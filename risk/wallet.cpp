// Wallets at reference prices.
#include "risk/wallet.hpp"

#include <algorithm>
#include <utility>

namespace margind::risk {

using namespace model;

namespace {

constexpr std::uint8_t usd_decimals = 18;

/// Quantities of underlyings, priced by the reference.
class Holdings final : public PreparedAccount {
public:
    explicit Holdings(std::vector<Position> positions) : positions_(std::move(positions)) {}

    /// `price` is the reference price of the position last added by positions().
    void add_input(std::size_t position, PriceInput input) {
        const auto same = std::find_if(inputs_.begin(), inputs_.end(), [&](const PriceInput& one) { return one.underlying == input.underlying; });
        input_of_.push_back({position, static_cast<std::size_t>(same - inputs_.begin())});
        if (same == inputs_.end()) inputs_.push_back(std::move(input));
    }

    const std::vector<PriceInput>& inputs() const override { return inputs_; }
    Result<Standing> at(const State& state) const override {
        if (state.prices.size() != inputs_.size()) return fail(ErrorCode::bad_input, "a wallet needs " + std::to_string(inputs_.size()) + " prices");
        I256 sum;
        for (const auto& [position, input] : input_of_) {
            const auto worth = worth_of(positions_[position].quantity, state.prices[input], inputs_[input].decimals);
            const auto more = worth ? checked_add(sum, *worth) : std::nullopt;
            if (!more) return fail(ErrorCode::out_of_range, "the worth of a wallet does not fit");
            sum = *more;
        }
        const Money none{I256{}, usd_decimals, "USD"};
        return Standing{{sum, usd_decimals, "USD"}, none, none, false};
    }
    std::optional<Enclosure> between(const State& low, const State& high) const override {
        const Result<Standing> least = at(low);
        const Result<Standing> most = at(high);
        if (!least || !most) return std::nullopt;
        return Enclosure{false, least->equity, most->equity, most->equity};
    }
    Result<std::vector<NativeFigure>> native(const State&) const override { return std::vector<NativeFigure>{}; }
    Result<LiquidationTerms> terms(const State&) const override { return LiquidationTerms{0, 0, {I256{}, usd_decimals, "USD"}}; }
    Result<std::vector<Position>> positions(const State&) const override { return positions_; }
    std::vector<AdjustmentOption> options() const override { return {}; }
    Result<std::unique_ptr<PreparedAccount>> with(const Adjustment&) const override {
        return fail(ErrorCode::bad_input, "a wallet has nothing to adjust");
    }

private:
    struct Priced {
        std::size_t position = 0;
        std::size_t input = 0;
    };

    /// In USD with 18 decimals, rounded down. Quantities of wallets are not negative.
    static std::optional<I256> worth_of(const Money& quantity, const U256& price, std::uint8_t decimals) {
        const auto up = decimals <= usd_decimals ? checked_mul(price, U256::pow10(static_cast<std::uint8_t>(usd_decimals - decimals)))
                                                 : checked_div(price, U256::pow10(static_cast<std::uint8_t>(decimals - usd_decimals)));
        const auto worth = up ? mul_div(quantity.raw.magnitude(), *up, U256::pow10(quantity.decimals), Rounding::down) : std::nullopt;
        return worth ? I256::from(*worth) : std::nullopt;
    }

    std::vector<Position> positions_;
    std::vector<PriceInput> inputs_;
    std::vector<Priced> input_of_;
};

Result<PriceInput> reference_of(const Position& position, const Valuation& valuation) {
    if (position.underlying.symbol == "USD") return PriceInput{position.underlying, position.label, PriceRole::index, U256(1), 0};
    const Result<double> price = valuation.firm_price(position.underlying);
    if (!price) return fail(price.error());
    const ReferencePrice* best = valuation.find(position.underlying);
    return PriceInput{position.underlying, position.label, PriceRole::index, best->raw.magnitude(), best->decimals};
}

const Venue* venue_of(const Snapshot& snapshot, const VenueId& id) {
    const auto found = std::find_if(snapshot.venues.begin(), snapshot.venues.end(), [&](const Venue& venue) { return venue.id == id; });
    return found == snapshot.venues.end() ? nullptr : &*found;
}

/// Values at the reference prices, and what they stand for.
Result<std::unique_ptr<PreparedAccount>> value(std::vector<Position>& positions, const Valuation& valuation) {
    std::vector<PriceInput> inputs;
    for (Position& position : positions) {
        Result<PriceInput> input = reference_of(position, valuation);
        if (!input) return fail(input.error());
        position.mark = {*I256::from(input->price), input->decimals, "USD"};
        const auto notional = mul_div(position.quantity.raw.magnitude(), input->price, U256::pow10(position.quantity.decimals), Rounding::down);
        const auto raw = notional ? I256::from(*notional) : std::nullopt;
        if (!raw) return fail(ErrorCode::out_of_range, "the worth of " + position.label + " does not fit");
        position.notional = {*raw, input->decimals, "USD"};
        inputs.push_back(*std::move(input));
    }
    auto holdings = std::make_unique<Holdings>(positions);
    for (std::size_t i = 0; i < inputs.size(); ++i) holdings->add_input(i, std::move(inputs[i]));
    return holdings;
}

}  // namespace

WalletEvaluation evaluate_wallet(const MarginAccount& account, const Snapshot& snapshot, const AssetMap& assets, const VenueRule& rule,
                                 const Valuation& valuation) {
    WalletEvaluation result;
    WalletReport& report = result.report;
    report.key = account.key;
    const auto unknown = [&](std::string reason) {
        report.reason = std::move(reason);
        return std::move(result);
    };
    const Venue* const venue = venue_of(snapshot, account.key.venue);
    if (!account.facts) return unknown(account.reason);
    if (venue == nullptr || !venue->facts)
        return unknown(venue == nullptr ? "the snapshot holds no venue " + account.key.venue.to_string() : venue->reason);
    const auto prepared = rule.prepare(*venue->facts, *account.facts, assets);
    if (!prepared) return unknown(prepared.error().message);
    Result<std::vector<Position>> positions = (*prepared)->positions((*prepared)->current());
    if (!positions) return unknown(positions.error().message);
    report.positions = *std::move(positions);
    Result<std::unique_ptr<PreparedAccount>> valued = value(report.positions, valuation);
    if (!valued) return unknown(valued.error().message);
    const Result<Standing> standing = (*valued)->at((*valued)->current());
    if (!standing) return unknown(standing.error().message);
    report.value_usd = standing->equity.to_double();
    result.counted = report.positions;
    // Nothing of it is margin, all of it counts.
    for (Position& position : result.counted) position.collateral = true;
    result.prepared = *std::move(valued);
    return result;
}

AssetMap with_ratios(const Snapshot& snapshot, const std::function<const VenueRule*(const std::string&)>& rules) {
    AssetMap assets = snapshot.assets;
    for (const Venue& venue : snapshot.venues) {
        const VenueRule* const rule = venue.facts ? rules(venue.id.protocol) : nullptr;
        if (rule == nullptr) continue;
        for (const TokenRatio& ratio : rule->ratios(*venue.facts)) assets.set_units(ratio.chain, ratio.token, ratio.units);
    }
    return assets;
}

}  // namespace margind::risk
