// The add-ons, each with all that it follows from. Formulas: risk/README.md, "Add-ons".
#include "risk/add_ons.hpp"

#include "risk/account.hpp"
#include "risk/path.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <optional>
#include <tuple>

namespace margind::risk {

using namespace model;

namespace {

constexpr double day_s = 86'400;

struct Exposed {
    std::size_t holding = 0;
    double usd = 0;
};

/// Holdings of one thing: their sum, the sum of their sizes, and each of them.
struct Group {
    double net = 0;
    double gross = 0;
    std::vector<Exposed> members;

    void add(std::size_t holding, double usd) {
        net += usd;
        gross += std::abs(usd);
        members.push_back({holding, usd});
    }
    /// Shares of what grows with the size of each.
    std::vector<std::pair<std::size_t, double>> by_size() const {
        std::vector<std::pair<std::size_t, double>> parts;
        for (const Exposed& member : members) parts.emplace_back(member.holding, std::abs(member.usd));
        return parts;
    }
    /// Shares of what grows with the net: what offsets has a negative one.
    std::vector<std::pair<std::size_t, double>> by_net() const {
        std::vector<std::pair<std::size_t, double>> parts;
        for (const Exposed& member : members) parts.emplace_back(member.holding, net < 0 ? -member.usd : member.usd);
        return parts;
    }
};

class Collector {
public:
    Collector(const AddOnSources& sources, std::size_t first, std::size_t last) : from_(sources) {
        for (std::size_t i = first; i < last; ++i) {
            const Holding& holding = from_.revaluation.holdings()[i];
            if (holding.position == Holding::none) continue;
            const Position& position = position_of(holding);
            if (position.underlying.symbol == "USD") continue;
            const double usd = exposure_of(holding, from_);
            const VenueId& venue = from_.accounts[holding.account].key.venue;
            by_asset_[position.underlying].add(i, usd);
            by_venue_[position.underlying][venue].add(i, usd);
            if (position.instrument == Instrument::perp) perps_[{venue, position.underlying}].add(i, usd);
            if (holding.contract != Holding::none) add_option(i, holding, position);
        }
        for (std::size_t i = first; i < last; ++i) {
            const std::size_t account = from_.revaluation.holdings()[i].account;
            if (accounts_.empty() || accounts_.back().account != account) accounts_.push_back({account, i, {}});
            const Holding& holding = from_.revaluation.holdings()[i];
            accounts_.back().parts.emplace_back(i, std::abs(holding.position == Holding::none ? 0.0 : exposure_of(holding, from_)));
        }
    }

    ChargedAddOn funding() const {
        ChargedAddOn add_on{add_on_funding};
        for (const auto& [key, group] : perps_) {
            if (group.net == 0) continue;
            const AssetCalibration row = row_of(key.second);
            const std::optional<double>& rate = group.net > 0 ? row.funding_long_24h : row.funding_short_24h;
            if (!rate) {
                lack(add_on, "no history of the funding of " + key.second.symbol);
                continue;
            }
            charge(add_on, key.second.symbol + " at " + key.first.to_string(), {{"net_usd", group.net}, {"p99_daily_funding", *rate}},
                   std::abs(group.net) * *rate, group.by_net(), "calibration " + from_.market.version);
        }
        return add_on;
    }

    /// Longs at one venue against shorts at another, in the order of the venues; what moves with the amount is the smaller side.
    ChargedAddOn basis() const {
        ChargedAddOn add_on{add_on_basis};
        for (const auto& [asset, venues] : by_venue_) {
            std::map<VenueId, double> left;
            for (const auto& [venue, group] : venues) left[venue] = group.net;
            for (const auto& [long_venue, long_group] : venues)
                for (const auto& [short_venue, short_group] : venues) {
                    if (!(left[long_venue] > 0) || !(left[short_venue] < 0)) continue;
                    const bool long_is_less = left[long_venue] <= -left[short_venue];
                    const double matched = std::min(left[long_venue], -left[short_venue]);
                    left[long_venue] -= matched;
                    left[short_venue] += matched;
                    const std::optional<double> sigma = row_of(asset).basis_24h;
                    if (!sigma) {
                        lack(add_on, "no history of the basis of " + asset.symbol);
                        continue;
                    }
                    const double shock = std::max(from_.policy.basis_floor, from_.policy.basis_sigmas * *sigma);
                    charge(add_on, fmt::format("{} at {} against {}", asset.symbol, long_venue.to_string(), short_venue.to_string()),
                           {{"matched_usd", matched}, {"basis_shock", shock}, {"sigma_basis_24h", *sigma}}, matched * shock,
                           (long_is_less ? long_group : short_group).by_net(), "calibration " + from_.market.version);
                }
        }
        return add_on;
    }

    ChargedAddOn tenor() const {
        ChargedAddOn add_on{add_on_tenor};
        static constexpr std::array names{"up to the short tenor", "up to the middle tenor", "up to the long tenor", "beyond"};
        for (const auto& [key, group] : tenors_)
            charge(add_on, key.first.symbol + " options, " + names[key.second],
                   {{"vega_times_vol_usd", group.net}, {"vol_shock", from_.policy.tenor_vol}}, std::abs(group.net) * from_.policy.tenor_vol,
                   group.by_net(), "");
        return add_on;
    }

    ChargedAddOn liquidity() const {
        ChargedAddOn add_on{add_on_liquidity};
        for (const auto& [asset, group] : by_asset_) {
            const AssetCalibration row = row_of(asset);
            if (row.pegged || group.gross == 0) continue;
            if (!row.liquidity || !row.liquidity->half_spread) {
                lack(add_on, (row.liquidity ? "no spread of " : "no volume and spread of ") + asset.symbol);
                continue;
            }
            const double impact = row.sigma_24h * std::sqrt(group.gross / row.liquidity->adv_usd);
            charge(add_on, asset.symbol,
                   {{"gross_usd", group.gross},
                    {"half_spread", *row.liquidity->half_spread},
                    {"adv_usd", row.liquidity->adv_usd},
                    {"sigma_24h", row.sigma_24h}},
                   group.gross * (*row.liquidity->half_spread + impact), group.by_size(), row.liquidity->source + ", " + row.liquidity->date);
        }
        return add_on;
    }

    ChargedAddOn concentration() const {
        ChargedAddOn add_on{add_on_concentration};
        for (const auto& [asset, group] : by_asset_) {
            const AssetCalibration row = row_of(asset);
            if (row.pegged || group.gross == 0) continue;
            if (!row.liquidity) {
                lack(add_on, "no volume of " + asset.symbol);
                continue;
            }
            const double days = group.gross / (from_.policy.adv_share * row.liquidity->adv_usd);
            charge(add_on, asset.symbol,
                   {{"gross_usd", group.gross}, {"days_to_close", days}, {"adv_usd", row.liquidity->adv_usd}, {"sigma_24h", row.sigma_24h}},
                   group.gross * row.sigma_24h * std::sqrt(std::max(0.0, days - 1)), group.by_size(),
                   row.liquidity->source + ", " + row.liquidity->date);
        }
        return add_on;
    }

    ChargedAddOn short_options() const {
        ChargedAddOn add_on{add_on_short_options};
        for (const auto& [key, group] : strikes_) {
            if (!(group.net < 0)) continue;
            const auto& [asset, expiry, strike] = key;
            const double price = from_.book.price(asset);
            charge(add_on, fmt::format("{} {} expiring {}", asset.symbol, strike, expiry), {{"naked_short", -group.net}, {"price_usd", price}},
                   -group.net * price * from_.policy.short_charge, group.by_net(), "");
        }
        return add_on;
    }

    ChargedAddOn peg() const {
        ChargedAddOn add_on{add_on_peg};
        for (const auto& [asset, group] : by_asset_)
            if (row_of(asset).pegged && group.net != 0)
                charge(add_on, asset.symbol, {{"net_usd", group.net}}, from_.policy.peg_charge * std::abs(group.net), group.by_net(), "");
        return add_on;
    }

    ChargedAddOn oracle() const {
        ChargedAddOn add_on{add_on_oracle, false};
        for (const auto& [asset, group] : by_asset_) {
            const ReferencePrice* const price = from_.valuation.find(asset);
            const double confidence = price == nullptr ? 0.0 : static_cast<double>(price->confidence_ppm) / 1e6;
            if (confidence < 1 && group.gross > 0)
                charge(add_on, asset.symbol, {{"gross_usd", group.gross}, {"confidence", confidence}},
                       group.gross * from_.policy.oracle_charge * (1 - confidence), group.by_size(), price == nullptr ? "" : price->source);
        }
        return add_on;
    }

    ChargedAddOn gas() const {
        ChargedAddOn add_on{add_on_gas, false};
        for (const auto& [account, first, parts] : accounts_) {
            const AccountKey& key = from_.accounts[account].key;
            const auto row =
                std::find_if(from_.market.gas.begin(), from_.market.gas.end(), [&](const GasPrice& gas) { return gas.chain == key.venue.chain; });
            if (row == from_.market.gas.end()) {
                lack(add_on, "no p95 gas price of chain " + std::to_string(key.venue.chain.value));
                continue;
            }
            const Result<double> coin = from_.valuation.firm_price(row->native);
            if (!coin) {
                lack(add_on, coin.error().message);
                continue;
            }
            charge(add_on, key.to_string(), {{"gas", from_.policy.gas_per_action}, {"p95_gwei", row->p95_gwei}, {"coin_usd", *coin}},
                   from_.policy.gas_per_action * row->p95_gwei * 1e-9 * *coin, parts, row->source + ", " + row->date);
        }
        return add_on;
    }

private:
    struct OfAccount {
        std::size_t account;
        std::size_t first;
        std::vector<std::pair<std::size_t, double>> parts;
    };

    const Position& position_of(const Holding& holding) const { return from_.accounts[holding.account].positions[holding.position]; }
    AssetCalibration row_of(const AssetId& asset) const { return calibration_of(asset, from_.market, from_.policy); }

    void add_option(std::size_t i, const Holding& holding, const Position& position) {
        const OptionContract& contract = from_.revaluation.contracts()[holding.contract];
        strikes_[{position.underlying, position.option->expiry, contract.strike}].add(i, position.quantity.to_double());
        if (!(contract.vol > 0) || contract.time_to_expiry_s <= 0) return;
        const double days = static_cast<double>(contract.time_to_expiry_s) / day_s;
        const std::array bounds{from_.policy.tenor_short_days, from_.policy.tenor_middle_days, from_.policy.tenor_long_days};
        const auto bucket = static_cast<std::size_t>(std::count_if(bounds.begin(), bounds.end(), [&](double bound) { return days > bound; }));
        tenors_[{position.underlying, bucket}].add(i, holding.quantity_usd * greeks_of(contract).vega * contract.vol);
    }

    static void lack(ChargedAddOn& add_on, const std::string& what) {
        if (add_on.lacks.find(what) == std::string::npos) add_on.lacks += (add_on.lacks.empty() ? "" : "; ") + what;
    }
    static void charge(ChargedAddOn& add_on, std::string of, std::map<std::string, double> figures, double usd,
                       std::vector<std::pair<std::size_t, double>> parts, std::string source) {
        add_on.charges.push_back({{std::move(of), std::move(figures), usd, std::move(source)}, std::move(parts)});
    }

    const AddOnSources& from_;
    std::map<AssetId, Group> by_asset_;
    std::map<AssetId, std::map<VenueId, Group>> by_venue_;
    std::map<std::pair<VenueId, AssetId>, Group> perps_;
    std::map<std::pair<AssetId, std::size_t>, Group> tenors_;
    std::map<std::tuple<AssetId, std::int64_t, double>, Group> strikes_;
    std::vector<OfAccount> accounts_;
};

}  // namespace

double ChargedAddOn::usd() const {
    double sum = 0;
    for (const Charge& charge : charges) sum += charge.input.usd;
    return sum;
}

double exposure_of(const Holding& holding, const AddOnSources& sources) {
    const Position& position = sources.accounts[holding.account].positions[holding.position];
    const double delta = position.option ? position.option->delta.to_double() : 1.0;
    return position.quantity.to_double() * delta * sources.book.price(position.underlying);
}

std::vector<ChargedAddOn> add_ons(const AddOnSources& sources, std::size_t first, std::size_t last) {
    const Collector all(sources, first, last);
    return {all.funding(), all.basis(), all.tenor(), all.liquidity(), all.concentration(), all.short_options(), all.peg(), all.oracle(), all.gas()};
}

}  // namespace margind::risk
