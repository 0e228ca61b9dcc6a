// HyperCore's perps through HyperEVM as an adapter.
#include "adapters/protocols/hyperliquid/protocol.hpp"

#include "adapters/protocols/hyperliquid/account_file.hpp"
#include "adapters/protocols/hyperliquid/readings.hpp"
#include "adapters/protocols/hyperliquid/rule.hpp"

#include <array>
#include <set>

namespace margind::adapters::protocols::hyperliquid {

namespace {

using model::ErrorCode;
using model::fail;
using model::Result;

constexpr const char* multicall = "multicall";
constexpr std::array mode_lists{std::pair{"standard_accounts", Mode::standard}, std::pair{"unified_accounts", Mode::unified},
                                std::pair{"portfolio_accounts", Mode::portfolio}};
constexpr const char* dexes = "dexes";
constexpr const char* margin_tiers = "margin_tiers";
constexpr const char* spot_tokens = "spot_tokens";

class Hyperliquid final : public Adapter {
public:
    explicit Hyperliquid(Settings settings) : settings_(std::move(settings)) {}

    const model::VenueId& venue() const override { return settings_.venue; }
    std::unique_ptr<Reading<model::FactsPtr>> read_config() const override { return config_reading(settings_); }
    std::unique_ptr<Reading<model::FactsPtr>> read_venue(model::FactsPtr config, const model::BlockRef& block) const override {
        return venue_reading(std::move(config), block);
    }
    std::unique_ptr<Reading<AccountReadings>> read_account(model::FactsPtr venue, const model::Address& owner, const model::BlockRef& block) const override {
        const auto mode = settings_.modes.find(owner);
        return account_reading(std::move(venue), owner, block, mode == settings_.modes.end() ? Mode::unknown : mode->second);
    }
    const model::VenueRule& rule() const override { return hyperliquid::rule(); }
    std::vector<std::string> limits() const override {
        return {
            "Not verified against HyperEVM: layouts are those of the reference; the tests run contracts of our own at the precompiles' addresses.",
            "Nodes answer precompiles at their latest block alone: accounts are unpinned, a reorganisation or a replay cannot ask for them again.",
            "Not every node serves precompiles, and those that cannot fail as for a bad index does.",
            "No precompile tells an account's mode: accounts that are not in the venue's lists are taken for standard ones when their value and "
            "notional reconcile, else they are unknown; of a unified account the sum is the reference's heuristic and USDC the only collateral, portfolio "
            "margin is always unknown.",
            "What accountMarginSummary counts (isolated positions or not) is not documented: it is told by its notional.",
            "Margin tables above 49 are not on chain: their tiers come from the configuration, for some coins from the documentation, else the whole "
            "position counts at its maximum leverage, too little for huge ones.",
            "Funding accrued since the last hour is on no precompile, and neither is its rate: carry shows 0, and equity is off by at most an hour's funding.",
            "No precompile lists positions: every index of the configured dexes is asked; dexes that are not configured are not seen, nor are "
            "subaccounts and vaults, which are owners of their own.",
            "Of spot tokens USDC and those in the configuration are shown; open orders, staking, lending and vault deposits are not.",
            "HyperCore leaves no logs: a liquidation is seen as a position that is gone at the next reading.",
            "Roundings of the margin are the node's own and not published: ours are up, to 0.000001 USD.",
            "A withdrawal must leave a tenth of the notional besides the initial margin: not part of the initial requirement shown.",
            "Liquidation begins in the order book; the backstop below two thirds of the maintenance margin and auto-deleveraging are not foreseen.",
        };
    }

private:
    Settings settings_;
};

/// The four numbers of 8 bytes that a row of 32 holds.
std::array<std::uint64_t, 4> numbers(const model::Bytes32& row) {
    std::array<std::uint64_t, 4> out{};
    for (std::size_t i = 0; i < row.bytes.size(); ++i) out[i / 8] = out[i / 8] << 8 | std::to_integer<std::uint64_t>(row.bytes[i]);
    return out;
}

Result<void> read_rows(const config::Venue& venue, Settings& settings) {
    const auto bad = [&](const char* list, const model::Bytes32& row, const std::string& why) {
        return fail(ErrorCode::bad_input, venue.id.to_string() + ": " + list + " " + row.to_string() + ": " + why);
    };
    settings.dexes.push_back({});
    std::set<std::uint64_t> seen{0};
    for (const model::Bytes32& row : venue.ids.at(dexes)) {
        const auto [dex, token, zero, more] = numbers(row);
        if (zero != 0 || more != 0) return bad(dexes, row, "its last 16 bytes are not 0");
        if (dex > 0xffff || token > 0xffff'ffff) return bad(dexes, row, "no dex or token has such a number");
        if (!seen.insert(dex).second) return bad(dexes, row, "the dex is given twice, or is the main one");
        settings.dexes.push_back({dex, token});
    }
    if (settings.dexes.size() > max_dexes) return fail(ErrorCode::limit, venue.id.to_string() + ": more than " + std::to_string(max_dexes) + " dexes");
    for (const model::Bytes32& row : venue.ids.at(margin_tiers)) {
        const auto [table, above, leverage, zero] = numbers(row);
        if (zero != 0 || leverage == 0 || leverage > 1000 || above > 1'000'000'000'000) return bad(margin_tiers, row, "is no table, bound in USD, leverage and 0");
        settings.tiers.push_back({table, above, leverage});
    }
    if (settings.tiers.size() > max_tiers) return fail(ErrorCode::limit, venue.id.to_string() + ": more than " + std::to_string(max_tiers) + " tiers");
    for (const model::Bytes32& row : venue.ids.at(spot_tokens)) {
        const auto [token, pair, zero, more] = numbers(row);
        if (zero != 0 || more != 0 || token > 0xffff'ffff || pair > 0xffff'ffff) return bad(spot_tokens, row, "is no token, pair and 16 bytes of 0");
        if (token == usdc_token) return bad(spot_tokens, row, "USDC is always read");
        settings.spots.push_back({token, pair});
    }
    if (settings.spots.size() >= max_spot_tokens) return fail(ErrorCode::limit, venue.id.to_string() + ": too many spot tokens");
    return {};
}

Result<std::unique_ptr<Adapter>> make(config::Venue venue) {
    Settings settings;
    settings.venue = venue.id;
    const auto contract = venue.addresses.find(multicall);
    if (contract == venue.addresses.end()) return fail(ErrorCode::bad_input, venue.id.to_string() + " needs the address " + multicall);
    settings.multicall = contract->second;
    for (const auto& [list, mode] : mode_lists) {
        const auto accounts = venue.lists.find(list);
        if (accounts == venue.lists.end()) return fail(ErrorCode::bad_input, venue.id.to_string() + " needs the list " + list);
        for (const model::Address& account : accounts->second)
            if (!settings.modes.emplace(account, mode).second)
                return fail(ErrorCode::bad_input, venue.id.to_string() + ": " + account.to_string() + " is given two modes");
    }
    for (const char* list : {dexes, margin_tiers, spot_tokens})
        if (!venue.ids.contains(list)) return fail(ErrorCode::bad_input, venue.id.to_string() + " needs the ids " + list);
    const Result<void> rows = read_rows(venue, settings);
    if (!rows) return fail(rows.error());
    return std::unique_ptr<Adapter>(std::make_unique<Hyperliquid>(std::move(settings)));
}

}  // namespace

Protocol protocol() {
    Protocol protocol;
    protocol.name = "hyperliquid";
    protocol.required_addresses = {multicall};
    protocol.make = make;
    protocol.rule = []() -> const model::VenueRule& { return rule(); };
    for (const auto& [list, mode] : mode_lists) protocol.required_lists.emplace_back(list);
    protocol.required_ids = {dexes, margin_tiers, spot_tokens};
    protocol.account_file = AccountFile{account_file_format, evaluate_account_file};
    return protocol;
}

}  // namespace margind::adapters::protocols::hyperliquid
