// Components, and the last bits that make them add up.
#include "risk/attribution.hpp"

#include <cmath>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace margind::risk {

using namespace model;

namespace {

/// More positions than this have no incremental figures: each costs a tail of its own.
constexpr std::size_t most_increments = 100;

enum class Measure : std::uint8_t { es, grid, mm };
constexpr double Shares::*figure_of(Measure measure) {
    return measure == Measure::es ? &Shares::es_usd : measure == Measure::grid ? &Shares::grid_usd : &Shares::mm_usd;
}

Shares& shares_of(PositionShare& line) { return line.shares; }
Shares& shares_of(PartShare& line) { return line.shares; }

/// Sums of doubles differ in their last bits by their order; what is missing goes to the largest line.
template <class Line>
void settle(std::vector<Line>& lines, double Shares::*figure, double total) {
    if (lines.empty()) return;
    Line* largest = &lines.front();
    for (Line& line : lines)
        if (std::abs(shares_of(line).*figure) > std::abs(shares_of(*largest).*figure)) largest = &line;
    constexpr int most_rounds = 8;
    for (int round = 0; round < most_rounds; ++round) {
        double sum = 0;
        for (Line& line : lines) sum += shares_of(line).*figure;
        if (sum == total) return;
        shares_of(*largest).*figure += total - sum;
    }
}

class Attributor {
public:
    explicit Attributor(const AttributionSources& sources)
        : from_(sources), holdings_(sources.book.revaluation.holdings()), es_(holdings_.size()), stressed_(holdings_.size()), grid_(holdings_.size()),
          mm_(holdings_.size()), rules_(sources.book.accounts.size()) {
        std::map<AssetId, std::size_t> known;
        for (const Holding& holding : holdings_) {
            const auto [at, first] = known.try_emplace(underlying_of(holding), underlyings_.size());
            if (first) underlyings_.push_back(at->first);
            group_.push_back(at->second);
        }
    }

    Attribution run() {
        result_.total = {from_.figures.tail ? from_.figures.tail->es_usd : 0.0, from_.figures.grid_margin_usd, from_.figures.mm_usd, {}};
        if (from_.shortfall != nullptr) add_shortfall();
        add_grid();
        add_margin();
        add_lines();
        for (const Measure measure : {Measure::es, Measure::grid, Measure::mm}) {
            double Shares::*const figure = figure_of(measure);
            const double total = result_.total.*figure;
            settle(result_.positions, figure, total);
            settle(result_.venues, figure, total);
            settle(result_.underlyings, figure, total);
            settle(result_.factors, figure, total);
        }
        return std::move(result_);
    }

private:
    const AssetId& underlying_of(const Holding& holding) const {
        const BookAccount& account = from_.book.accounts[holding.account];
        return holding.position == Holding::none ? from_.book.book.numeraire(holding.account) : account.positions[holding.position].underlying;
    }

    void add_shortfall() {
        const auto take = [&](const PathBook& book, const std::vector<statistics::TailMember>& tail, std::vector<double>& shares,
                              double factor_weight, bool filtered) {
            std::vector<double> spot(underlyings_.size());
            double time = 0;
            for (std::size_t i = 0; i < holdings_.size(); ++i) {
                double by_price = 0;
                for (const statistics::TailMember& member : tail) by_price += member.weight * book.loss_by_price(holdings_[i], member.scenario);
                const double by_time = book.loss_by_time(holdings_[i]);
                shares[i] = by_price + by_time;
                spot[group_[i]] += by_price;
                time += by_time;
            }
            const auto add = [&](const std::string& name, double usd) {
                if (filtered) factors_[name].es_usd += usd;
                es_star_factors_[name] += factor_weight * usd;
            };
            for (std::size_t group = 0; group < spot.size(); ++group) add(underlyings_[group].symbol + " spot", spot[group]);
            add("time", time);
        };
        const double stressed_weight = from_.book.policy.es_stressed_weight;
        take(from_.shortfall->filtered_book(), from_.shortfall->filtered_tail(), es_, 1 - stressed_weight, true);
        take(from_.shortfall->stressed_book(), from_.shortfall->stressed_tail(), stressed_, stressed_weight, false);
    }

    void add_grid() {
        for (const GridMargin::Binding& binding : from_.grid.binding(from_.book.policy.eta)) {
            const std::vector<Revaluation::Move> moves = from_.book.revaluation.moves(*binding.scenario, from_.book.book, from_.book.policy);
            std::vector<double> left = *binding.pnl;
            std::vector<Revaluation::Move> by_factor(underlyings_.size());
            for (std::size_t i = 0; i < holdings_.size(); ++i) {
                const double profit = moves[i].spot + moves[i].vol;
                grid_[i] -= binding.weight * profit;
                left[holdings_[i].account] -= profit;
                by_factor[group_[i]].spot += moves[i].spot;
                by_factor[group_[i]].vol += moves[i].vol;
            }
            for (std::size_t group = 0; group < by_factor.size(); ++group) {
                factors_[underlyings_[group].symbol + " spot"].grid_usd -= binding.weight * by_factor[group].spot;
                if (by_factor[group].vol != 0) factors_[underlyings_[group].symbol + " vol"].grid_usd -= binding.weight * by_factor[group].vol;
            }
            double by_rules = 0;
            // What the venue's own rule makes of it beyond these: its rounding, its discounts.
            for (std::size_t account = 0; account < left.size(); ++account) {
                rules_[account] -= binding.weight * left[account];
                by_rules += left[account];
            }
            factors_["rules"].grid_usd -= binding.weight * by_rules;
        }
    }

    void add_add_on(const ChargedAddOn& add_on) {
        for (const Charge& charge : add_on.charges) {
            double sum = 0;
            for (const auto& [holding, weight] : charge.parts) sum += weight;
            for (const auto& [holding, weight] : charge.parts)
                mm_[holding] += charge.input.usd * (sum != 0 ? weight / sum : 1.0 / static_cast<double>(charge.parts.size()));
            factors_[add_on.name].mm_usd += charge.input.usd;
        }
    }

    static bool with_grid(const std::string& name) { return name == add_on_funding || name == add_on_basis || name == add_on_tenor; }

    void add_margin() {
        const Policy& policy = from_.book.policy;
        const std::string& branch = from_.figures.mm_rests_on;
        const bool grid = branch == "grid";
        for (const ChargedAddOn& add_on : from_.add_ons)
            if (add_on.in_mm && add_on.lacks.empty() && (grid || !with_grid(add_on.name))) add_add_on(add_on);
        if (grid) {
            for (std::size_t i = 0; i < holdings_.size(); ++i) mm_[i] += policy.mm_factor * grid_[i];
            for (auto& [name, shares] : factors_) shares.mm_usd += policy.mm_factor * shares.grid_usd;
            rules_weight_ = policy.mm_factor;
        } else if (branch == "es") {
            for (std::size_t i = 0; i < holdings_.size(); ++i)
                mm_[i] += policy.mm_factor * ((1 - policy.es_stressed_weight) * es_[i] + policy.es_stressed_weight * stressed_[i]);
            for (const auto& [name, usd] : es_star_factors_) factors_[name].mm_usd += policy.mm_factor * usd;
        } else {
            add_floor();
        }
    }

    /// 2 % |net| + 1 % (gross - |net|) / 2 of each underlying.
    void add_floor() {
        const Policy& policy = from_.book.policy;
        std::map<AssetId, double> net;
        const auto counted = [&](const Holding& holding) { return holding.position != Holding::none && underlying_of(holding).symbol != "USD"; };
        for (const Holding& holding : holdings_)
            if (counted(holding)) net[underlying_of(holding)] += exposure_of(holding, from_.book);
        for (std::size_t i = 0; i < holdings_.size(); ++i) {
            if (!counted(holdings_[i])) continue;
            const double usd = exposure_of(holdings_[i], from_.book);
            const double side = net.at(underlying_of(holdings_[i])) < 0 ? -1.0 : 1.0;
            const double share = (policy.floor_net - policy.floor_hedged / 2) * side * usd + policy.floor_hedged / 2 * std::abs(usd);
            mm_[i] += share;
            factors_["floor"].mm_usd += share;
        }
    }

    std::optional<double> increment(const std::vector<std::size_t>& without) const {
        if (from_.shortfall == nullptr) return std::nullopt;
        std::vector<std::size_t> rest;
        std::size_t next = 0;
        for (std::size_t i = 0; i < holdings_.size(); ++i) {
            if (next < without.size() && without[next] == i)
                ++next;
            else
                rest.push_back(i);
        }
        return from_.figures.tail->es_usd - from_.shortfall->filtered(rest);
    }

    void add_lines() {
        std::map<VenueId, std::vector<std::size_t>> by_venue;
        std::vector<std::vector<std::size_t>> by_underlying(underlyings_.size());
        std::map<VenueId, Shares> venues;
        std::vector<Shares> underlyings(underlyings_.size());
        const bool increments = holdings_.size() <= most_increments;
        for (std::size_t i = 0; i < holdings_.size(); ++i) {
            const BookAccount& account = from_.book.accounts[holdings_[i].account];
            const AssetId& underlying = underlyings_[group_[i]];
            const bool worth = holdings_[i].position == Holding::none;
            PositionShare line{account.key,
                               worth ? "worth in " + underlying.symbol : account.positions[holdings_[i].position].label,
                               underlying,
                               {es_[i], grid_[i], mm_[i], {}}};
            if (increments) line.shares.incremental_es_usd = increment({i});
            by_venue[account.key.venue].push_back(i);
            by_underlying[group_[i]].push_back(i);
            for (Shares* const part : {&venues[account.key.venue], &underlyings[group_[i]]}) {
                part->es_usd += es_[i];
                part->grid_usd += grid_[i];
                part->mm_usd += mm_[i];
            }
            result_.positions.push_back(std::move(line));
        }
        Shares by_rules;
        for (std::size_t account = 0; account < rules_.size(); ++account) {
            if (rules_[account] == 0) continue;
            const AccountKey& key = from_.book.accounts[account].key;
            const Shares shares{0, rules_[account], rules_weight_ * rules_[account], {}};
            result_.positions.push_back({key, "rule", {}, shares});
            for (Shares* const part : {&venues[key.venue], &by_rules}) {
                part->grid_usd += shares.grid_usd;
                part->mm_usd += shares.mm_usd;
            }
        }
        for (const auto& [venue, without] : by_venue) venues[venue].incremental_es_usd = increment(without);
        for (std::size_t group = 0; group < underlyings.size(); ++group) underlyings[group].incremental_es_usd = increment(by_underlying[group]);
        for (const auto& [venue, shares] : venues) result_.venues.push_back({venue.to_string(), shares});
        std::map<std::string, Shares> sorted;
        for (std::size_t group = 0; group < underlyings.size(); ++group) sorted[underlyings_[group].symbol] = underlyings[group];
        if (by_rules.grid_usd != 0) sorted["rules"] = by_rules;
        for (const auto& [of, shares] : sorted) result_.underlyings.push_back({of, shares});
        for (const auto& [of, shares] : factors_) result_.factors.push_back({of, shares});
    }

    const AttributionSources& from_;
    const std::vector<Holding>& holdings_;
    /// Each underlying once, and which of them a holding is of.
    std::vector<AssetId> underlyings_;
    std::vector<std::size_t> group_;
    /// By holding.
    std::vector<double> es_;
    std::vector<double> stressed_;
    std::vector<double> grid_;
    std::vector<double> mm_;
    /// By account, of the grid; and how much of it counts in MM_u.
    std::vector<double> rules_;
    double rules_weight_ = 0;
    std::map<std::string, Shares> factors_;
    std::map<std::string, double> es_star_factors_;
    Attribution result_;
};

}  // namespace

Attribution attribute(const AttributionSources& sources) { return Attributor(sources).run(); }

}  // namespace margind::risk
