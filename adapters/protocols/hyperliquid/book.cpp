// From what was read to what the margin follows from: the account's mode, its cash and its tiers.
#include "adapters/protocols/hyperliquid/book.hpp"

#include "adapters/checked.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace margind::adapters::protocols::hyperliquid {

using model::ErrorCode;
using model::fail;
using model::I256;
using model::Result;
using model::U256;

namespace {

constexpr std::uint64_t usd = 1'000'000;
/// Tables below have one tier, whose leverage is the table's id.
constexpr std::uint64_t first_tiered_table = 50;
constexpr std::uint64_t largest_leverage = 1000;

struct CoinTier {
    std::string_view coin;
    std::uint64_t max_leverage;
    std::uint64_t above_usd;
    std::uint64_t max_leverage_above;
};
/// Hyperliquid's documentation, "margin tiers" of mainnet; no precompile gives them.
constexpr std::array documented{
    CoinTier{"BTC", 40, 150'000'000, 20}, CoinTier{"ETH", 25, 100'000'000, 15}, CoinTier{"SOL", 20, 70'000'000, 10}, CoinTier{"XRP", 20, 40'000'000, 10},
    CoinTier{"DOGE", 10, 20'000'000, 5},  CoinTier{"kPEPE", 10, 20'000'000, 5}, CoinTier{"SUI", 10, 20'000'000, 5},  CoinTier{"HYPE", 10, 20'000'000, 5},
    CoinTier{"OP", 10, 3'000'000, 5},     CoinTier{"ARB", 10, 3'000'000, 5},    CoinTier{"BNB", 10, 3'000'000, 5},   CoinTier{"DOT", 10, 3'000'000, 5},
};

Result<std::vector<Tier>> checked_tiers(std::vector<Tier> tiers, const std::string& coin) {
    std::sort(tiers.begin(), tiers.end(), [](const Tier& a, const Tier& b) { return a.above < b.above; });
    bool good = !tiers.empty() && tiers.front().above.is_zero();
    for (std::size_t i = 0; i < tiers.size(); ++i) {
        good = good && tiers[i].max_leverage > 0 && tiers[i].max_leverage <= largest_leverage;
        if (i > 0) good = good && tiers[i].above > tiers[i - 1].above && tiers[i].max_leverage <= tiers[i - 1].max_leverage;
    }
    if (good) return tiers;
    return fail(ErrorCode::bad_input, "the margin tiers of " + coin + " do not begin at 0 with falling leverages");
}

Result<std::vector<Tier>> tiers_of(const RawPosition& position, const std::vector<TierRow>& rows, std::vector<std::string>& notes) {
    std::vector<Tier> tiers;
    if (position.margin_table < first_tiered_table) {
        tiers.push_back({U256{}, position.margin_table});
        return checked_tiers(std::move(tiers), position.coin);
    }
    Checked m;
    for (const TierRow& row : rows)
        if (row.table == position.margin_table) tiers.push_back({m.mul(U256(row.above_usd), U256(usd)), row.max_leverage});
    if (!tiers.empty()) {
        notes.push_back("the margin tiers of " + position.coin + " are the configuration's");
        return checked_tiers(std::move(tiers), position.coin);
    }
    const auto known = std::find_if(documented.begin(), documented.end(),
                                    [&](const CoinTier& row) { return row.coin == position.coin && row.max_leverage == position.max_leverage; });
    if (known != documented.end()) {
        notes.push_back("the margin tiers of " + position.coin + " are those of the documentation");
        return std::vector<Tier>{{U256{}, known->max_leverage}, {m.mul(U256(known->above_usd), U256(usd)), known->max_leverage_above}};
    }
    notes.push_back("the margin tiers of " + position.coin + " (table " + std::to_string(position.margin_table) +
                    ") are not known: all of it at its maximum leverage, too little for a huge position");
    tiers.push_back({U256{}, position.max_leverage});
    return checked_tiers(std::move(tiers), position.coin);
}

struct Sums {
    I256 value;
    U256 notional;
    I256 isolated_raw;
    /// -sign(szi) x entryNtl.
    I256 cost;
    U256 maintenance;
};

Result<Sums> sums_of(const RawAccount& raw, bool isolated, const std::vector<TierRow>& rows) {
    Checked m;
    Sums sums;
    std::vector<std::string> notes;
    for (const RawPosition& position : raw.positions) {
        if (position.is_isolated != isolated) continue;
        const U256 notional = m.mul(position.szi.magnitude(), position.mark);
        const bool is_short = position.szi.is_negative();
        sums.value = m.add(sums.value, m.take(I256::make(is_short, notional)));
        sums.notional = m.add(sums.notional, notional);
        sums.isolated_raw = m.add(sums.isolated_raw, position.isolated_raw_usd);
        sums.cost = m.add(sums.cost, m.take(I256::make(!is_short, position.entry_ntl)));
        const Result<std::vector<Tier>> tiers = tiers_of(position, rows, notes);
        if (!tiers) return fail(tiers.error());
        const Result<U256> maintenance = maintenance_of(notional, *tiers);
        if (!maintenance) return fail(maintenance.error());
        sums.maintenance = m.add(sums.maintenance, *maintenance);
    }
    if (!m.ok()) return fail(ErrorCode::out_of_range, "a sum of positions does not fit 256 bits");
    return sums;
}

U256 apart(const U256& a, const U256& b) { return a > b ? *checked_sub(a, b) : *checked_sub(b, a); }

model::Error not_told(const std::string& why) {
    return {ErrorCode::missing, "mode: " + why + "; no precompile shows whether the account is standard, unified or of portfolio margin: name it in the venue's lists"};
}

model::Error not_read(const std::string& why) { return {ErrorCode::missing, "mode: " + why + ", and of spot balances that count as margin USDC alone is read"}; }

/// Cash of a standard cross account, and what its summary counts beside it.
Result<void> set_standard(const RawAccount& raw, const std::vector<TierRow>& rows, bool configured, Book& book) {
    const Result<Sums> cross = sums_of(raw, false, rows);
    const Result<Sums> isolated = sums_of(raw, true, rows);
    if (!cross) return fail(cross.error());
    if (!isolated) return fail(isolated.error());
    Checked m;
    const U256 all = m.add(cross->notional, isolated->notional);
    // Whether the summary counts isolated positions is not documented: the notional tells.
    const bool total = apart(raw.ntl_pos, all) < apart(raw.ntl_pos, cross->notional);
    if (total) {
        book.beside_ntl = isolated->notional;
        book.beside_value = m.add(isolated->isolated_raw, isolated->value);
    }
    book.cash = total ? m.sub(raw.raw_usd, isolated->isolated_raw) : raw.raw_usd;
    const I256 equity = m.add(book.cash, cross->value);
    const I256 account_value = m.add(equity, book.beside_value);
    const I256 maintenance = m.to_signed(cross->maintenance);
    if (!m.ok()) return fail(ErrorCode::out_of_range, "the account's value does not fit 256 bits");
    book.has_summary = true;
    if (configured) return {};
    if (raw.ntl_pos != (total ? all : cross->notional))
        return fail(not_told("its notional is " + raw.ntl_pos.to_decimal() + ", its positions' " + (total ? all : cross->notional).to_decimal()));
    if (raw.account_value != account_value)
        return fail(not_told("its value is " + raw.account_value.to_decimal() + ", its cash and positions are " + account_value.to_decimal()));
    // A unified account's collateral is its spot balance: its perps look as if nothing stood behind them.
    if (equity < maintenance && !raw.spot_total.is_zero())
        return fail(not_told("its perps are below their margin of " + maintenance.to_decimal() + " while it holds spot USDC"));
    book.notes.push_back("taken for a standard account, since its value and notional reconcile");
    return {};
}

Result<void> set_unified(const RawAccount& raw, const std::vector<TierRow>& rows, Book& book) {
    if (raw.token != usdc_token)
        return fail(not_read("token " + std::to_string(raw.token) + " stands behind dex " + std::to_string(raw.dex) + " of a unified account"));
    const Result<Sums> cross = sums_of(raw, false, rows);
    if (!cross) return fail(cross.error());
    Checked m;
    // USDC has 8 decimals in spot and 6 in perps.
    book.cash = m.add(m.to_signed(m.div(raw.spot_total, U256(100))), cross->cost);
    if (!m.ok()) return fail(ErrorCode::out_of_range, "the account's value does not fit 256 bits");
    book.notes.push_back("by the configuration a unified account: spot USDC and the profit of its perps; the venue's own sum is not on chain");
    return {};
}

}  // namespace

Result<U256> maintenance_of(const U256& notional, const std::vector<Tier>& tiers) {
    Checked m;
    U256 deduction;
    std::size_t n = 0;
    for (std::size_t k = 1; k < tiers.size() && notional > tiers[k].above; ++k) {
        n = k;
        const std::uint64_t before = tiers[k - 1].max_leverage;
        const std::uint64_t after = tiers[k].max_leverage;
        deduction = m.add(deduction, m.mul_div(tiers[k].above, U256(before - after), U256(2 * before * after)));
    }
    const U256 all = m.mul_div(notional, U256(1), U256(2 * tiers[n].max_leverage), model::Rounding::up);
    const U256 required = m.sub(all, deduction);
    if (!m.ok()) return fail(ErrorCode::out_of_range, "a maintenance margin does not fit 256 bits");
    return required;
}

Result<U256> initial_of(const U256& notional, const U256& maintenance, std::uint64_t leverage) {
    Checked m;
    const U256 least = m.mul(maintenance, U256(2));
    const U256 set = leverage == 0 ? U256() : m.mul_div(notional, U256(1), U256(leverage), model::Rounding::up);
    if (!m.ok()) return fail(ErrorCode::out_of_range, "an initial margin does not fit 256 bits");
    return std::max(least, set);
}

Result<Book> book_of(const RawAccount& raw, const std::vector<TierRow>& tiers, const Names& names) {
    Book book;
    const std::optional<Mode> mode = mode_of(raw.mode);
    if (!mode) return fail(ErrorCode::bad_input, "mode: \"" + raw.mode + "\" is none of unknown, standard, unified and portfolio");
    book.mode = *mode;
    book.isolated = raw.isolated;
    book.token = raw.token;
    const Result<Named> collateral = names(token_address(raw.token), raw.token == usdc_token ? "USDC" : "");
    if (!collateral) return fail(collateral.error());
    book.collateral = *collateral;
    book.withdrawable = raw.withdrawable;
    if (raw.isolated) {
        if (raw.positions.size() != 1 || !raw.positions.front().is_isolated) return fail(ErrorCode::bad_input, "an isolated account is one isolated position");
        book.cash = raw.positions.front().isolated_raw_usd;
    } else {
        Result<void> good;
        switch (*mode) {
            case Mode::unknown: good = set_standard(raw, tiers, false, book); break;
            case Mode::standard: good = set_standard(raw, tiers, true, book); break;
            case Mode::unified: good = set_unified(raw, tiers, book); break;
            case Mode::portfolio: good = fail(ErrorCode::missing, "mode: portfolio margin, whose formula is not published"); break;
        }
        if (!good) return fail(good.error());
    }
    for (const RawPosition& position : raw.positions) {
        if (position.is_isolated != raw.isolated || position.szi.is_zero()) continue;
        if (position.sz_decimals > 6) return fail(ErrorCode::bad_input, position.coin + ": szDecimals is above 6");
        if (position.max_leverage == 0) return fail(ErrorCode::bad_input, position.coin + ": maxLeverage is 0");
        if (position.mark.is_zero()) return fail(ErrorCode::bad_input, position.coin + ": its mark price is 0");
        Held held;
        held.raw = position;
        const Result<Named> named = names(perp_address(position.perp), position.coin);
        if (!named) return fail(named.error());
        held.named = *named;
        Result<std::vector<Tier>> own = tiers_of(position, tiers, book.notes);
        if (!own) return fail(own.error());
        held.tiers = std::move(*own);
        book.positions.push_back(std::move(held));
    }
    for (const RawSpot& spot : raw.spots) {
        if (spot.total.is_zero() || (book.mode == Mode::unified && spot.token == usdc_token)) continue;
        if (spot.sz_decimals > 8 || spot.wei_decimals > 18) return fail(ErrorCode::bad_input, spot.name + ": its decimals are out of range");
        const Result<Named> named = names(token_address(spot.token), spot.name);
        if (!named) return fail(named.error());
        book.spots.push_back({spot, *named});
    }
    std::sort(book.notes.begin(), book.notes.end());
    book.notes.erase(std::unique(book.notes.begin(), book.notes.end()), book.notes.end());
    return book;
}

}  // namespace margind::adapters::protocols::hyperliquid
