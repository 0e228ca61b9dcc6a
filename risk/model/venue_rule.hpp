// A venue's own margin rule, replicated in integers, and what it says of one account at a state of the market.
#pragma once

#include "risk/model/asset.hpp"
#include "risk/model/facts.hpp"
#include "risk/model/position.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace margind::model {

enum class PriceRole : std::uint8_t { oracle, mark, index, forward };
const char* to_string(PriceRole role);

/// A price that the rule depends on, in the venue's own unit, at the time of the facts.
struct PriceInput {
    AssetId underlying;
    /// Venue-side name, e.g. "WETH", "vETH".
    std::string label;
    PriceRole role = PriceRole::oracle;
    U256 price;
    std::uint8_t decimals = 0;
};

/// A volatility that the account's equity depends on, at the time of the facts; annualised, 10^decimals is 100 %.
struct VolInput {
    AssetId underlying;
    /// Venue-side name, e.g. "board 1 strike 2".
    std::string label;
    U256 vol;
    std::uint8_t decimals = 0;
    /// Of what is valued with it, at the time of the facts.
    std::int64_t time_to_expiry_s = 0;
};

/// Where the market is: one price per PriceInput and one vol per VolInput, in the same order, and seconds after the facts'
/// block time.
struct State {
    std::vector<U256> prices;
    std::int64_t time_offset_s = 0;
    std::vector<U256> vols{};
};

/// N, M and I in the venue's numeraire. X = N - M; an account may be liquidatable by a rule that is not exactly X < 0.
struct Standing {
    Money equity;
    Money maintenance;
    Money initial;
    bool liquidatable = false;
};

/// A figure in the venue's own words and unit, e.g. {"healthFactor", 2362500000000000000, 18}.
struct NativeFigure {
    std::string name;
    I256 value;
    std::uint8_t decimals = 0;
    friend bool operator==(const NativeFigure&, const NativeFigure&) = default;
};

/// What holds at every state whose prices lie between two others.
struct Enclosure {
    /// Whether liquidatable, where all of them agree.
    std::optional<bool> liquidatable;
    /// N - M, in the numeraire.
    Money least_excess;
    Money largest_excess;
    /// |N| and |M| are not above this.
    Money magnitude;
};

/// What a liquidator may do at a state. Shares in basis points; money in the numeraire.
struct LiquidationTerms {
    std::uint32_t close_factor_bps = 0;
    std::uint32_t penalty_bps = 0;
    /// Penalty on the part that is closed, plus forfeited margin; at most max(N, 0).
    Money loss;
};

enum class Verb : std::uint8_t { repay, deposit, reduce };
const char* to_string(Verb verb);

/// A way to improve an account. For `reduce` the amount is a part of the position's size.
struct Adjustment {
    Verb verb = Verb::deposit;
    /// Token, or market for `reduce`.
    Address asset;
    U256 amount_raw;
};

/// A kind of adjustment that the account allows, with its bounds.
struct AdjustmentOption {
    Verb verb = Verb::deposit;
    Address asset;
    std::string label;
    AssetId underlying;
    std::uint8_t decimals = 0;
    U256 max_raw;
    /// Units of `underlying` that one `asset` is, with 18 decimals.
    U256 units{1'000'000'000'000'000'000};
};

/// What an account's figures and its liquidation rest on and no chain shows.
struct OffChain {
    /// The venue liquidates on prices that are not on chain: how far these may lie from the inputs to the owner's harm, beside the deviation of
    /// the feed, in hundredths of a basis point. Empty: it liquidates on what the inputs are.
    std::optional<std::uint32_t> band_ppm;
    /// One clause each, for the grade.
    std::vector<std::string> notes;
};

/// One account under its rule with fixed facts. Immutable; every method may be called from any thread.
class PreparedAccount {
public:
    virtual ~PreparedAccount() = default;
    virtual const std::vector<PriceInput>& inputs() const = 0;
    /// Empty where no vol counts.
    virtual const std::vector<VolInput>& vol_inputs() const;
    /// Prices among the facts that the venue itself refuses as too old, by what they are of; empty: none. Figures then stand on the last
    /// ones that it took.
    virtual std::string stale() const { return {}; }
    virtual OffChain off_chain() const { return {}; }
    /// The state of the facts themselves: their prices and vols, offset 0.
    State current() const;
    virtual Result<Standing> at(const State& state) const = 0;
    /// at(state)'s `liquidatable` or its error, and no other answer: searches ask nothing else.
    virtual Result<bool> liquidatable(const State& state) const;
    /// What is certain of every state with each price from low's to high's, both inclusive; `low` and `high` are of one
    /// time and have the same vols. at() then fails at none of them. Empty: not known, and always right; a search then looks at each of its steps.
    virtual std::optional<Enclosure> between(const State& /*low*/, const State& /*high*/) const { return std::nullopt; }
    /// The venue's own figures, named as its views name them, for comparison to the last unit.
    virtual Result<std::vector<NativeFigure>> native(const State& state) const = 0;
    virtual Result<LiquidationTerms> terms(const State& state) const = 0;
    /// In the common form at the state's prices.
    virtual Result<std::vector<Position>> positions(const State& state) const = 0;
    virtual std::vector<AdjustmentOption> options() const = 0;
    /// The same account after the adjustment, carried out at the time of the facts at the rule's own rounding.
    virtual Result<std::unique_ptr<PreparedAccount>> with(const Adjustment& adjustment) const = 0;
};

/// Units of its base that one token is, with 18 decimals.
struct TokenRatio {
    ChainId chain;
    Address token;
    U256 units;
};

class VenueRule {
public:
    virtual ~VenueRule() = default;
    /// Refuses a schema or version that it does not know (unknown_schema), a revision likewise (unknown_revision)
    /// and a used asset that the map lacks (missing, "unmapped_asset ...").
    virtual Result<std::unique_ptr<PreparedAccount>> prepare(const Facts& venue, const Facts& account,
                                                             const AssetMap& assets) const = 0;
    /// What the venue's own views say where prepare() refuses (a revision that the rule does not know). Empty: they
    /// do not tell.
    virtual std::optional<bool> liquidatable_by_views(std::span<const NativeFigure> /*views*/) const {
        return std::nullopt;
    }
    /// False for wallets: accounts that nobody can liquidate, which count only where a portfolio lists them.
    virtual bool has_margin() const { return true; }
    /// What these venue facts say of tokens that grow against their base, for every account of the snapshot.
    virtual std::vector<TokenRatio> ratios(const Facts& /*venue*/) const { return {}; }
};

}  // namespace margind::model
