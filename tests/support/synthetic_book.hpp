// Snapshots of synthetic accounts for tests of evaluate(): one linear venue per chain and numeraire.
#pragma once

#include "risk/evaluate.hpp"

#include "tests/support/linear_rule.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace margind::testing {

inline constexpr std::int64_t e8 = 100'000'000;

/// Thousandths of a unit with 18 decimals.
inline model::I256 milli(std::int64_t amount) { return *checked_mul(model::I256{amount}, *model::I256::from(model::U256::pow10(15))); }

inline model::Address owner(std::uint8_t n) {
    model::Address address;
    address.bytes[19] = static_cast<std::byte>(n);
    return address;
}

/// "supply.ETH", "debt.USDC", "perp.ETH" to thousandths; "vega.ETH" in thousandths of money per 100 % of vol; "entry.ETH" to 8 decimals.
using Holdings = std::map<std::string, std::int64_t>;

struct SyntheticBook {
    /// Price with 8 decimals, LT and LTV in bps, by label.
    struct Listing {
        std::int64_t price = 0;
        std::int64_t lt = 8000;
        std::int64_t ltv = 7500;
    };
    std::map<std::string, Listing> listings{{"BTC", {30'000 * e8, 8000, 7500}}, {"ETH", {2'000 * e8, 8000, 7500}},
                                            {"LINK", {10 * e8, 7000, 6500}},    {"USD", {e8, 10'000, 10'000}},
                                            {"USDC", {e8, 9000, 8500}}};
    /// Vol with 8 decimals and seconds to expiry, by label.
    std::map<std::string, std::pair<std::int64_t, std::int64_t>> vols;
    std::uint64_t penalty_bps = 500;
    std::uint64_t debt_rate = 1;
    std::optional<std::int64_t> refuses_above;
    std::optional<std::uint64_t> band_ppm;
    struct Account {
        std::uint8_t owner = 1;
        Holdings holdings;
        bool usdc = false;
        std::string sub;
        /// Unknown with this reason when not empty.
        std::string unreadable;
    };
    std::vector<Account> accounts;
    model::PriceGrade grade = model::PriceGrade::fresh;

    model::Market market = default_market();
    model::Policy policy;
    LinearRule rule;

    static model::Market default_market() {
        model::Market market;
        market.version = "synthetic/1";
        market.market_sigma_24h = 0.03;
        market.market_range = 0.18;
        market.assets[{"BTC"}] = {0.028, 0.9, 0.012, 0.18, 1000};
        market.assets[{"ETH"}] = {0.037, 1.1, 0.013, 0.18, 1000};
        market.assets[{"LINK"}] = {0.05, 1.2, 0.03, 0.35, 1000};
        market.assets[{"USDC"}] = {0.0006, 0, 0.0006, 0.05, 1000};
        return market;
    }

    static model::BlockRef block() {
        model::BlockRef block;
        block.chain = model::ChainId{1};
        block.number = 1000;
        block.hash.bytes[0] = std::byte{7};
        block.time = 1'700'000'000;
        return block;
    }

    static model::VenueId venue(bool usdc) { return {"linear", model::ChainId{1}, usdc ? "usdc" : ""}; }

    model::Snapshot snapshot() const {
        model::Snapshot snapshot;
        snapshot.time = block().time;
        snapshot.blocks[model::ChainId{1}] = block();
        for (const auto& [label, listing] : listings) {
            if (label == "USD" || label.find('.') != std::string::npos) continue;
            model::ReferencePrice price;
            price.asset = {label};
            price.chain = model::ChainId{1};
            price.source = "synthetic:" + label;
            price.raw = listing.price;
            price.decimals = 8;
            price.deviation_ppm = 5000;
            price.grade = grade;
            snapshot.prices.push_back(std::move(price));
        }
        for (const bool usdc : {false, true}) {
            model::FactsBuilder facts("linear.venue/1");
            facts.add("unit_usdc", usdc);
            facts.add("penalty_bps", model::U256{penalty_bps});
            facts.add("debt_rate", model::U256{debt_rate});
            if (refuses_above) facts.add("refuses_above", model::U256{static_cast<std::uint64_t>(*refuses_above)});
            if (band_ppm) facts.add("band_ppm", model::U256{*band_ppm});
            for (const auto& [label, listing] : listings) {
                facts.add("price." + label, model::U256{static_cast<std::uint64_t>(listing.price)});
                facts.add("lt." + label, model::U256{static_cast<std::uint64_t>(listing.lt)});
                facts.add("ltv." + label, model::U256{static_cast<std::uint64_t>(listing.ltv)});
            }
            for (const auto& [label, vol] : vols) {
                facts.add("vol." + label, model::U256{static_cast<std::uint64_t>(vol.first)});
                facts.add("time_to_expiry." + label, model::U256{static_cast<std::uint64_t>(vol.second)});
            }
            snapshot.venues.push_back({venue(usdc), *std::move(facts).build(), block(), ""});
        }
        std::map<model::AccountKey, model::MarginAccount> sorted;
        std::map<model::Address, bool> owners;
        for (const Account& account : accounts) {
            model::MarginAccount row;
            row.key = {venue(account.usdc), owner(account.owner), account.sub};
            row.read_at = block();
            owners[row.key.owner] = true;
            if (account.unreadable.empty()) {
                model::FactsBuilder facts("linear.account/1");
                for (const auto& [name, amount] : account.holdings) {
                    if (name.starts_with("entry."))
                        facts.add(name, model::I256{amount});
                    else if (name.starts_with("perp.") || name.starts_with("vega."))
                        facts.add(name, milli(amount));
                    else
                        facts.add(name, milli(amount).magnitude());
                }
                row.facts = *std::move(facts).build();
            } else {
                row.reason = account.unreadable;
            }
            sorted[row.key] = std::move(row);
        }
        for (auto& [key, row] : sorted) snapshot.accounts.push_back(std::move(row));
        model::Portfolio portfolio{"book", {}};
        for (const auto& [address, present] : owners) portfolio.owners.push_back(address);
        snapshot.portfolios.push_back(std::move(portfolio));
        return snapshot;
    }

    risk::Rules rules() const {
        return [this](const std::string& protocol) { return protocol == "linear" ? &rule : nullptr; };
    }

    model::Report report() const { return risk::evaluate(snapshot(), rules(), market, policy); }
    model::PortfolioReport book() const { return report().portfolios.at(0); }
};

}  // namespace margind::testing
