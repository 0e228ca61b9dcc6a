// What an evaluation says: of each account by itself, of the book as a whole, and first of all the headline.
#pragma once

#include "risk/model/grade.hpp"
#include "risk/model/snapshot.hpp"
#include "risk/model/venue_rule.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace margind::model {

/// From bad to good; the order of the headline.
enum class Level : std::uint8_t { liquidatable, critical, call, warn, unknown, watch, ok };
const char* to_string(Level level);
/// The worse of two.
constexpr Level worse(Level a, Level b) { return a < b ? a : b; }

enum class Direction : std::uint8_t { down, up };
const char* to_string(Direction direction);

/// How far from a price the one may be that the venue liquidates on, where that is not on chain; and the near edge of what follows, by
/// which levels go.
struct Band {
    /// Relative: the deviation of the feed and what the rule adds to it.
    double half_width = 0;
    double near_room = 0;
    double near_z = 0;
    friend bool operator==(const Band&, const Band&) = default;
};

/// One way into liquidation: an asset alone, or all assets by their beta along the market ray (`asset` "market").
struct Candidate {
    std::string asset;
    Direction direction = Direction::down;
    /// The price that is followed, in the venue's own unit; for the ray, the first input with the largest |beta|. For
    /// the book, the reference price. On the ray h, room and z are those of the market factor.
    std::string label;
    PriceRole role = PriceRole::oracle;
    U256 price;
    U256 liquidation_price;
    std::uint8_t decimals = 0;
    /// Price factor to liquidation, its share of the price, in sigmas of 24 h, and the first-touch probability in 24 h.
    double h = 0;
    double room = 0;
    double z = 0;
    double p_touch_24h = 0;
    double sigma_24h = 0;
    /// The sigma is the policy's default: this asset has no calibration.
    bool sigma_is_default = false;
    /// Relative deviation threshold of the feed that triggers; null when no feed of the asset is known.
    std::optional<double> feed_deviation;
    /// Null where the venue liquidates on prices that are on chain: room and z are then points.
    std::optional<Band> band{};
    friend bool operator==(const Candidate&, const Candidate&) = default;
};

/// The smallest step at that venue that brings the account to `target_z`.
struct Action {
    Verb verb = Verb::deposit;
    Address asset;
    std::string label;
    U256 amount_raw;
    std::uint8_t decimals = 0;
    double amount_usd = 0;
    double target_z = 0;
    /// 1 + scan_up, as a lower bound, when nothing in the scanned range liquidates it any more.
    double h_after = 0;
    Money n_after;
    Money m_after;
    std::uint64_t valid_until_block = 0;
    friend bool operator==(const Action&, const Action&) = default;
};

struct AccountReport {
    AccountKey key;
    Grade grade;
    /// By this account's own distance; for an unknown account the worse of UNKNOWN and its last known level.
    Level level = Level::unknown;
    std::string reason;
    std::optional<Standing> standing;
    std::vector<NativeFigure> native;
    std::vector<NativeFigure> views;
    std::vector<Position> positions;
    /// Sorted by z (of a band, its near edge); the first is binding. Empty: nothing in the scanned range liquidates it.
    std::vector<Candidate> candidates;
    /// One line per side that could not be scanned to its end: "ETH up beyond 5230.12: <why>".
    std::vector<std::string> unscanned;
    std::optional<LiquidationTerms> terms_now;
    /// At the binding liquidation price.
    std::optional<LiquidationTerms> terms_at_liquidation;
    /// USD; null when a conversion price is missing or refused.
    std::optional<double> equity_usd;
    std::optional<double> maintenance_usd;
    std::optional<double> initial_usd;
    std::optional<double> at_stake_usd;
    std::optional<double> loss_if_liquidated_usd;
    std::optional<double> carry_per_day_usd;
    bool material = true;
    /// To z = action_z and, while an incident may be open, to action_z_incident.
    std::vector<Action> actions;
    std::vector<Action> incident_actions;
};

struct UnderlyingExposure {
    AssetId asset;
    /// Net and gross delta in units of the underlying and in USD at its reference price.
    double net_delta = 0;
    double gross_delta = 0;
    double net_delta_usd = 0;
    double gross_delta_usd = 0;
    /// Worst loss over this underlying's own array.
    double worst_loss_usd = 0;
    /// Change of net_delta_usd per 1 % of the price, value per vol point, value per day at unmoved prices; of options.
    double gamma_usd = 0;
    double vega_usd = 0;
    double theta_usd = 0;
    double price_usd = 0;
    double sigma_24h = 0;
    /// "calibration", "policy's default", or what brought it up to date.
    std::string sigma_from{};
};

/// How a scenario moves the vols of an underlying; what does not move is not named.
enum class VolMove : std::uint8_t { up, down };
const char* to_string(VolMove move);

struct ScenarioResult {
    /// "ETH +0.50R", "market -1.00R", "ETH residual +", "ETH +200% vol up".
    std::string name;
    bool joint = false;
    std::map<AssetId, double> shocks;
    std::map<AssetId, VolMove> vols;
    /// The share of the profit or loss that counts: below 1 in the tails.
    double weight = 1;
    /// As it counts.
    double pnl_usd = 0;
};

/// Losses over the paths of the past, in USD; gains are negative.
struct TailLoss {
    std::int64_t paths = 0;
    /// Ends of the first and the last path, unix seconds.
    std::int64_t from = 0;
    std::int64_t to = 0;
    double var_usd = 0;
    double es_usd = 0;
    std::int64_t stressed_days = 0;
    double es_stressed_usd = 0;
    /// max(weighted, floor).
    double es_star_usd = 0;
    /// "UNI: beta x factor on 97 stressed days", "USDC: held on 1104 paths".
    std::vector<std::string> filled{};
    /// What revalued the options: the portable code differs from the others by less than 1e-12.
    std::string kernel{};
};

/// One thing that an add-on charges, with all that it follows from.
struct AddOnInput {
    /// "ETH", "ETH at protocol:10", "USDC".
    std::string of;
    std::map<std::string, double> figures{};
    double usd = 0;
    /// Where data that is not on chain comes from; empty: none is used.
    std::string source{};
};

struct AddOn {
    /// "liquidity", "concentration", "short_options", "peg", "funding", "basis", "tenor", "oracle", "gas".
    std::string name;
    /// Null, with the reason, when what it follows from is not known in part.
    std::optional<double> usd{};
    std::string reason{};
    /// Also in MM_u; else in IM_u alone.
    bool in_mm = true;
    std::vector<AddOnInput> inputs{};
};

/// Figures of the book as if money could move at once. Economic, not usable as collateral anywhere.
struct Unified {
    double equity_usd = 0;
    double grid_margin_usd = 0;
    double floor_usd = 0;
    double mm_usd = 0;
    double im_usd = 0;
    /// E_u / MM_u; null for an empty book.
    std::optional<double> cover;
    double netting_usd = 0;
    double capital_lockup_usd = 0;
    double gross_delta_usd = 0;
    double net_delta_usd = 0;
    /// Gross delta over E_u.
    std::optional<double> leverage;
    double carry_per_day_usd = 0;
    /// Until interest and funding alone make the first account liquidatable, at the present prices and rates; null when
    /// none becomes so within 90 years.
    std::optional<double> days_to_liquidation_by_carry;
    /// Null when nothing in the scanned range breaks the book, or when what lies nearer could not be scanned.
    std::optional<Candidate> binding;
    std::optional<double> h_u;
    std::optional<double> z_u;
    /// One line per side that could not be scanned to its end.
    std::vector<std::string> unscanned;
    std::vector<UnderlyingExposure> exposures;
    std::vector<ScenarioResult> scenarios;
    std::string worst_scenario;
    /// Worst-of-sums at eta 0, .5, 1 and the eta at which E_u = MM_u (null outside [0, 1]).
    double margin_eta_0 = 0;
    double margin_eta_half = 0;
    double margin_eta_1 = 0;
    std::optional<double> eta_at_breach;
    /// max(R_grid, ES*).
    double core_usd = 0;
    /// Null, with the reason, when the past does not reach far enough.
    std::optional<TailLoss> tail{};
    std::string tail_reason{};
    std::vector<AddOn> add_ons{};
    /// What MM_u lacks; not empty: it is a lower bound, and cover an upper one. IM_u lacks these, and each add-on that is null.
    std::vector<std::string> margin_lacks{};
    /// Which of "grid", "es" and "floor" MM_u rests on.
    std::string mm_rests_on{};
    double gamma_usd = 0;
    double vega_usd = 0;
    double theta_usd = 0;
};

/// What a state of the world would cost, account by account as the venues would: loss and penalty, at most what is there.
struct StressResult {
    std::string name;
    /// "day", "peg", "freeze", "overshoot", "pause", "deleverage", "correlation".
    std::string kind;
    std::map<AssetId, double> shocks{};
    /// Null, with the reason, where a rule has no figure.
    std::optional<double> pnl_usd{};
    std::vector<AccountKey> liquidated{};
    std::string reason{};
};

/// One part's share of each figure.
struct Shares {
    double es_usd = 0;
    double grid_usd = 0;
    double mm_usd = 0;
    /// By how much the filtered ES is less without it; null for what cannot be taken out.
    std::optional<double> incremental_es_usd{};
};

struct PositionShare {
    AccountKey account;
    std::string label;
    AssetId underlying{};
    Shares shares{};
};

struct PartShare {
    std::string of;
    Shares shares{};
};

/// Who brings how much of each figure: components that add up to it.
struct Attribution {
    Shares total;
    std::vector<PositionShare> positions{};
    std::vector<PartShare> venues{};
    std::vector<PartShare> underlyings{};
    /// "ETH spot", "ETH vol", "time", "rules", and the add-ons by name.
    std::vector<PartShare> factors{};
};

/// One underlying's part of the likeliest breach: its relative move there, and its share of the distance.
struct BreachMove {
    AssetId asset;
    double move = 0;
    double importance = 0;
};

/// Other ways to the same questions: never the headline, and a reason to look where they disagree.
struct CrossChecks {
    /// VaR over 24 h of the greeks with a shrunk covariance: of a normal, and by Cornish-Fisher, which means something where it is monotone.
    double parametric_var_usd = 0;
    double cornish_fisher_var_usd = 0;
    bool monotone = true;
    /// Weight of the covariance's target, its least eigenvalue as it was, and whether it had to be repaired.
    double shrinkage = 0;
    double least_eigenvalue = 0;
    bool repaired = false;
    /// Of the paths' losses: a normal's with their mean and deviation, and by Cornish-Fisher.
    double paths_normal_var_usd = 0;
    double paths_cornish_fisher_var_usd = 0;
    /// In the manner of ISDA SIMM, for a day.
    double simm_usd = 0;
    /// The likeliest point at which the book's equity is its venues' maintenance, in standard deviations and as a probability at the horizon's
    /// end. Null, with the reason, where none is named.
    std::optional<double> breach_beta{};
    std::optional<double> breach_probability{};
    std::vector<BreachMove> breach{};
    std::string breach_reason{};
    /// One sentence each.
    std::vector<std::string> alarms{};
};

/// A number of the policy that a figure stood on.
struct PolicyFigure {
    std::string name;
    double value = 0;
    double standard = 0;
    std::string source{};
};

struct Headline {
    Level level = Level::unknown;
    std::string reason;
    std::optional<AccountKey> binding;
    std::optional<double> room;
    std::optional<double> z;
    /// A price that the headline stands on is stale or disputed.
    bool doubtful_price = false;
};

/// What one wallet holds on one chain, at reference prices.
struct WalletReport {
    AccountKey key;
    /// Why it is unknown or has no value; empty: it has one.
    std::string reason;
    std::vector<Position> positions;
    std::optional<double> value_usd;
};

struct PortfolioReport {
    std::string name;
    /// As this evaluation alone sees it; the published one (with memory) comes from step().
    Headline headline;
    /// Sorted by key.
    std::vector<AccountReport> accounts;
    /// Null with a reason when any account is unknown or a reference price is missing.
    std::optional<Unified> unified;
    std::string unified_reason;
    /// Sums over the known accounts only.
    bool partial = false;
    double known_equity_usd = 0;
    /// Of the wallets that the portfolio lists, sorted by key; they count in no other figure than the next two.
    std::vector<WalletReport> wallets{};
    /// Null when one of them has no value.
    std::optional<double> wallets_usd{};
    /// `unified` with the wallets' value and delta; null where there is none of either.
    std::optional<Unified> unified_with_wallets{};
    /// Null and empty where `unified` is null.
    std::vector<StressResult> stress{};
    std::optional<Attribution> attribution{};
    /// Null, with the reason, where there are no paths or nothing on them moves the book.
    std::optional<CrossChecks> cross_checks{};
    std::string cross_checks_reason{};
};

struct Report {
    std::int64_t time = 0;
    std::vector<BlockRef> blocks;
    Bytes32 snapshot_hash;
    Bytes32 market_hash;
    Bytes32 policy_hash;
    /// As they count: those of a stale chain are stale.
    std::vector<ReferencePrice> prices;
    /// As in the snapshot.
    std::vector<SourceTrouble> troubles;
    std::vector<PortfolioReport> portfolios;
    std::string market_version{};
    std::vector<PolicyFigure> policy{};
};

}  // namespace margind::model
