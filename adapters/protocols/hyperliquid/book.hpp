// One account of HyperCore as read, and as what its margin follows from.
#pragma once

#include "adapters/protocols/hyperliquid/facts.hpp"
#include "risk/model/fields.hpp"
#include "risk/model/result.hpp"
#include "risk/model/venue_rule.hpp"

#include <functional>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

namespace margind::adapters::protocols::hyperliquid {

/// From a notional of `above_usd` whole dollars on, in the margin table `table`.
struct TierRow {
    std::uint64_t table = 0;
    std::uint64_t above_usd = 0;
    std::uint64_t max_leverage = 0;
    friend bool operator==(const TierRow&, const TierRow&) = default;
};

/// As the precompiles give them: szi in 10^sz_decimals, prices in 10^(6 - sz_decimals), money in 10^6.
struct RawPosition {
    std::uint64_t perp = 0;
    std::string coin;
    std::uint64_t margin_table = 0;
    std::uint64_t sz_decimals = 0;
    std::uint64_t max_leverage = 0;
    model::I256 szi;
    model::U256 entry_ntl;
    model::I256 isolated_raw_usd;
    std::uint64_t leverage = 0;
    bool is_isolated = false;
    model::U256 mark;
    model::U256 oracle;
};

/// `total` in 10^wei_decimals; `price` in 10^(8 - sz_decimals) USDC, 0 where no pair is configured.
struct RawSpot {
    std::uint64_t token = 0;
    std::string name;
    std::uint64_t wei_decimals = 0;
    std::uint64_t sz_decimals = 0;
    model::U256 total;
    model::U256 price;
};

/// The cross account of a dex with all of its positions (`summary` is its own), an isolated position, or a unified account.
struct RawAccount {
    std::string mode;
    bool isolated = false;
    std::uint64_t dex = 0;
    std::uint64_t token = usdc_token;
    model::I256 account_value;
    model::U256 margin_used;
    model::U256 ntl_pos;
    model::I256 raw_usd;
    model::U256 withdrawable;
    /// USDC in 10^8.
    model::U256 spot_total;
    std::vector<RawPosition> positions;
    std::vector<RawSpot> spots;
};

struct Named {
    model::AssetId underlying;
    std::string label;
};
/// Of a perp or token by its address in the asset table and its name on HyperCore.
using Names = std::function<model::Result<Named>(const model::Address& address, const std::string& name)>;

/// `above` in 10^6 USD; the first is 0, leverages do not rise.
struct Tier {
    model::U256 above;
    std::uint64_t max_leverage = 0;
};

struct Held {
    RawPosition raw;
    Named named;
    std::vector<Tier> tiers;
};

struct SpotHolding {
    RawSpot raw;
    Named named;
};

struct Book {
    Mode mode = Mode::unknown;
    bool isolated = false;
    std::uint64_t token = usdc_token;
    Named collateral;
    /// N = cash + sum of szi x mark, in 10^6 of the collateral.
    model::I256 cash;
    std::vector<Held> positions;
    std::vector<SpotHolding> spots;
    model::U256 withdrawable;
    /// Of a standard cross account: what its summary holds beside it, where that counts isolated positions too.
    bool has_summary = false;
    model::I256 beside_value;
    model::U256 beside_ntl;
    std::vector<std::string> notes;
};

/// Fails with `missing` "mode: ..." where the account's mode is neither configured nor borne out by its figures.
model::Result<Book> book_of(const RawAccount& raw, const std::vector<TierRow>& tiers, const Names& names);

/// Required to keep a position of that notional (10^6 USD), rounded up.
model::Result<model::U256> maintenance_of(const model::U256& notional, const std::vector<Tier>& tiers);
/// Required to open it with that leverage (0: the largest), rounded up; not below twice the maintenance, which is what its tiers allow.
model::Result<model::U256> initial_of(const model::U256& notional, const model::U256& maintenance, std::uint64_t leverage);

constexpr auto describe(const TierRow*) {
    return std::tuple(model::field("table", &TierRow::table), model::field("above_usd", &TierRow::above_usd), model::field("max_leverage", &TierRow::max_leverage));
}
constexpr auto describe(const RawPosition*) {
    using R = RawPosition;
    return std::tuple(model::field("perp", &R::perp), model::field("coin", &R::coin), model::field("margin_table", &R::margin_table),
                      model::field("sz_decimals", &R::sz_decimals), model::field("max_leverage", &R::max_leverage), model::field("szi", &R::szi),
                      model::field("entry_ntl", &R::entry_ntl), model::field("isolated_raw_usd", &R::isolated_raw_usd), model::field("leverage", &R::leverage),
                      model::field("is_isolated", &R::is_isolated), model::field("mark", &R::mark), model::field("oracle", &R::oracle));
}
constexpr auto describe(const RawSpot*) {
    using R = RawSpot;
    return std::tuple(model::field("token", &R::token), model::field("name", &R::name), model::field("wei_decimals", &R::wei_decimals),
                      model::field("sz_decimals", &R::sz_decimals), model::field("total", &R::total), model::field("price", &R::price));
}
constexpr auto describe(const RawAccount*) {
    using R = RawAccount;
    return std::tuple(model::field("mode", &R::mode), model::field("isolated", &R::isolated), model::field("dex", &R::dex), model::field("token", &R::token),
                      model::field("account_value", &R::account_value), model::field("margin_used", &R::margin_used), model::field("ntl_pos", &R::ntl_pos),
                      model::field("raw_usd", &R::raw_usd), model::field("withdrawable", &R::withdrawable), model::field("spot_total", &R::spot_total),
                      model::field("positions", &R::positions), model::field("spots", &R::spots));
}

/// What an account that is written down may leave out is 0, false or empty.
constexpr int since(const RawPosition*, std::string_view name) {
    return name == "isolated_raw_usd" || name == "leverage" || name == "is_isolated" || name == "oracle" ? 1 : 0;
}
constexpr int since(const RawAccount*, std::string_view name) { return name != "mode" && name != "positions" ? 1 : 0; }

}  // namespace margind::adapters::protocols::hyperliquid
