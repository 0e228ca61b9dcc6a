// One subaccount and all that its manager's margin follows from: balances, prices, parameters. 18 decimals throughout.
#pragma once

#include "risk/model/ids.hpp"
#include "risk/model/u256.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace margind::adapters::protocols::derive {

using model::I256;

/// Each subaccount has one: the Standard Manager, or a portfolio manager of one currency in its first or second version.
enum class ManagerKind : std::uint8_t { standard, pmrm, pmrm_2 };
const char* to_string(ManagerKind kind);
std::optional<ManagerKind> manager_kind(std::string_view text);

/// A price and how much the feed's signers trust it, of 1e18.
struct Feed {
    I256 price;
    I256 confidence;
};

struct Option {
    I256 strike;
    bool is_call = false;
    /// Contracts of one underlying; negative: short.
    I256 amount;
    /// Annualised, 1e18 is 100 %.
    I256 volatility;
};

struct Expiry {
    /// Unix seconds.
    std::uint64_t time = 0;
    I256 forward_fixed;
    I256 forward_variable;
    I256 forward_confidence;
    I256 volatility_confidence;
    /// Per year; portfolio managers only, below 0 counts as 0.
    I256 rate;
    I256 rate_confidence;
    /// What its options pay on, once that is fixed.
    std::optional<I256> settlement;
    std::vector<Option> options;
};

struct Perp {
    model::Address asset;
    I256 size;
    Feed price;
    /// What settling now would pay: gains since the last mark, funding, and what was not yet paid out.
    I256 unsettled;
    /// Where gains count from. Without it those of a move are rounded by themselves, up to one unit from the contract's.
    std::optional<I256> last_mark;
    /// Spot difference of the perp feed as signed, and the cap on it; both 0: the price moves with spot by the same amount.
    I256 difference;
    I256 difference_cap;
    /// Of spot, per hour; longs pay where it is positive.
    I256 funding_rate;
};

/// Standard Manager, per market.
struct StandardParameters {
    I256 perp_maintenance;
    I256 perp_initial;
    I256 max_spot;
    I256 min_spot;
    I256 maintenance_call_spot;
    I256 maintenance_put_spot;
    I256 maintenance_put_mtm;
    I256 unpaired_initial;
    I256 unpaired_maintenance;
    I256 maintenance_offset;
    I256 base_factor;
    I256 base_initial_scale;
    I256 perp_confidence_threshold;
    I256 option_confidence_threshold;
    I256 base_confidence_threshold;
    I256 confidence_factor;
};

/// A currency with its positions. An account of a portfolio manager has exactly one.
struct Market {
    std::string label;
    model::AssetId underlying;
    Feed spot;
    std::optional<Perp> perp;
    /// Wrapped token held, never negative.
    model::Address base_asset;
    I256 base;
    std::vector<Expiry> expiries;
    StandardParameters standard;
};

/// PMRM 2: tokens beside the options, each with a feed of its own.
struct Collateral {
    std::string label;
    model::AssetId underlying;
    model::Address asset;
    I256 amount;
    Feed price;
    /// Its value moves with spot in the scenarios.
    bool risk_cancelling = false;
    I256 maintenance_haircut;
    I256 initial_haircut;
};

enum class VolShock : std::uint8_t { none, up, down, linear, absolute };
const char* to_string(VolShock shock);

struct Scenario {
    /// Factor on spot, 1e18 is no move.
    I256 spot;
    VolShock vol = VolShock::none;
    /// Factor on the profit or loss; 1e18 in the first version.
    I256 dampening = I256(1'000'000'000'000'000'000);
};

/// Portfolio managers. What one version lacks is 0 there.
struct PortfolioParameters {
    I256 initial_factor;
    /// Version 2.
    I256 maintenance_factor;
    /// Long: on shocked values that are positive; short: on negative ones (version 2).
    I256 long_rate_multiple;
    I256 long_rate_addition;
    I256 long_base_discount;
    I256 short_rate_multiple;
    I256 short_rate_addition;
    I256 short_base_discount;
    I256 basis_spot_up;
    I256 basis_spot_down;
    I256 basis_addition;
    I256 basis_multiple;
    I256 peg_loss_threshold;
    I256 peg_loss_factor;
    I256 confidence_threshold;
    I256 confidence_margin;
    /// Version 1 has one percentage for both margins: here the maintenance one.
    I256 maintenance_perp;
    I256 initial_perp;
    I256 maintenance_option;
    I256 initial_option;
    /// Version 1.
    I256 base_percent;
    I256 vol_range_up;
    I256 vol_range_down;
    I256 short_term_power;
    I256 long_term_power;
    std::uint64_t dte_floor_s = 0;
    /// Version 2, as all that follows.
    I256 min_vol_up_shock;
    I256 linear_base_cap;
    I256 absolute_base_cap;
    I256 linear_base_slope;
    I256 absolute_base_slope;
    I256 min_k_star;
    I256 width_scale;
    I256 vol_static;
    I256 vol_scale;
};

/// Dutch auction, of 1e18.
struct AuctionParameters {
    I256 fast_cutoff;
    I256 liquidator_fee;
    I256 buffer_margin;
};

struct Book {
    ManagerKind manager = ManagerKind::standard;
    /// Unix seconds of the block.
    std::int64_t time = 0;
    model::AssetId numeraire;
    model::Address cash_asset;
    /// As stored: what the margin views count.
    I256 cash;
    /// Interest since the last touch; it is settled before an auction starts.
    I256 interest;
    Feed stable;
    /// Standard Manager: below the threshold the initial margin grows.
    I256 depeg_threshold;
    I256 depeg_factor;
    std::vector<Market> markets;
    std::vector<Collateral> collaterals;
    PortfolioParameters portfolio;
    std::vector<Scenario> scenarios;
    AuctionParameters auction;
    bool auction_live = false;
};

/// Seconds that are left of an expiry; 0 when it is over.
std::uint64_t seconds_left(const Book& book, const Expiry& expiry);

}  // namespace margind::adapters::protocols::derive
