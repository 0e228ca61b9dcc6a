// The states of the stress library.
#include "risk/stress.hpp"

#include "risk/parallel.hpp"
#include "risk/path.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <set>
#include <string>
#include <utility>

namespace margind::risk {

using namespace model;

namespace {

/// One state of the whole book.
struct Case {
    std::string kind;
    Scenario scenario;
    std::optional<std::vector<Book::Outcome>> outcomes{};
    std::string reason{};
};

class Library {
public:
    Library(std::span<const BookAccount> accounts, const Book& book, const Market& market, const Policy& policy)
        : accounts_(accounts), book_(book), market_(market), policy_(policy) {}

    void add(std::string kind, std::string name, std::map<AssetId, double> shocks) {
        Scenario scenario{std::move(name), std::move(shocks)};
        for (const AssetId& asset : book_.with_vols())
            if (scenario.shocks.contains(asset)) scenario.vols[asset] = VolMove::up;
        cases_.push_back({std::move(kind), std::move(scenario)});
    }

    void add_days() {
        for (const StressDay& day : market_.stress_days) {
            std::map<AssetId, double> shocks;
            for (const AssetId& asset : book_.underlyings()) {
                const AssetCalibration row = calibration_of(asset, market_, policy_);
                const double own = move_on(day, asset, row);
                if (own != 0) shocks[asset] = own;
            }
            add("day", day.name, std::move(shocks));
        }
    }

    void add_pegs(const std::map<AssetId, double>& net_delta) {
        static constexpr std::array below{0.97, 0.90, 0.65};
        static constexpr std::array above{1.02, 1.05};
        for (const AssetId& asset : book_.underlyings()) {
            const auto net = net_delta.find(asset);
            if (net == net_delta.end() || !calibration_of(asset, market_, policy_).pegged) continue;
            const auto stand_at = [&](double price) { add("peg", fmt::format("{} at {:.2f}", asset.symbol, price), {{asset, price - 1}}); };
            if (net->second > 0) std::for_each(below.begin(), below.end(), stand_at);
            if (net->second < 0) std::for_each(above.begin(), above.end(), stand_at);
        }
    }

    /// The market by R to both sides, and the same with every price further on by the overshoot.
    void add_market(const ScenarioGrid& grid) {
        for (const double side : {-1.0, 1.0}) {
            const std::string prefix = fmt::format("market {:+.2f}R", side);
            const auto found =
                std::find_if(grid.joint.begin(), grid.joint.end(), [&](const Scenario& scenario) { return scenario.name.starts_with(prefix); });
            if (found == grid.joint.end()) continue;
            market_cases_.push_back(cases_.size());
            cases_.push_back({"market", *found});
            Scenario further = *found;
            for (auto& [asset, shock] : further.shocks) shock = (1 + shock) * (1 + (shock < 0 ? -1 : 1) * policy_.stress_overshoot) - 1;
            cases_.push_back({"overshoot", std::move(further)});
        }
    }

    void add_correlation_one() {
        for (const double side : {-1.0, 1.0}) {
            std::map<AssetId, double> shocks;
            for (const AssetId& asset : book_.underlyings()) {
                const AssetCalibration row = calibration_of(asset, market_, policy_);
                shocks[asset] = side * range_of(row.range, row.sigma_24h, policy_);
            }
            add("correlation", side < 0 ? "correlation 1, all down by R" : "correlation 1, all up by R", std::move(shocks));
        }
    }

    void revalue(unsigned threads) {
        for_each_row(cases_.size(), threads, [&](std::size_t i) {
            Result<std::vector<Book::Outcome>> outcomes = book_.outcomes(cases_[i].scenario, policy_);
            if (outcomes)
                cases_[i].outcomes = *std::move(outcomes);
            else
                cases_[i].reason = outcomes.error().message;
        });
    }

    std::vector<StressResult> results(const GridLoss& loss) const {
        std::vector<StressResult> results;
        for (const Case& one : cases_)
            if (one.kind == "day" || one.kind == "peg") results.push_back(result_of(one));
        if (const Case* const worst = worse_market()) add_venue_cases(*worst, results);
        for (const Case& one : cases_)
            if (one.kind == "correlation") results.push_back(result_of(one));
        double square = 0;
        for (const auto& [asset, own] : loss.own) square += own * own;
        results.push_back({"correlation 0, each at its worst", "correlation", {}, -std::sqrt(square)});
        return results;
    }

private:
    double move_on(const StressDay& day, const AssetId& asset, const AssetCalibration& row) const {
        if (const auto own = day.moves.find(asset); own != day.moves.end()) return own->second;
        if (const auto base = day.moves.find(AssetId{row.claim}); base != day.moves.end()) return base->second;
        return std::max(row.beta * day.factor, -policy_.range_cap);
    }

    double sum_of(const std::vector<Book::Outcome>& outcomes) const {
        double sum = 0;
        for (const Book::Outcome& outcome : outcomes) sum += outcome.pnl;
        return sum;
    }

    StressResult result_of(const Case& one) const { return result_of(one.scenario.name, one.kind, one, one.outcomes); }

    StressResult result_of(std::string name, std::string kind, const Case& one, const std::optional<std::vector<Book::Outcome>>& outcomes) const {
        StressResult result{std::move(name), std::move(kind), one.scenario.shocks};
        result.reason = one.reason;
        if (!outcomes) return result;
        result.pnl_usd = sum_of(*outcomes);
        for (std::size_t i = 0; i < outcomes->size(); ++i)
            if ((*outcomes)[i].liquidated) result.liquidated.push_back(accounts_[i].key);
        return result;
    }

    const Case* worse_market() const {
        const Case* worst = nullptr;
        for (const std::size_t i : market_cases_)
            if (cases_[i].outcomes && (worst == nullptr || sum_of(*cases_[i].outcomes) < sum_of(*worst->outcomes))) worst = &cases_[i];
        return worst;
    }

    void add_venue_cases(const Case& worst, std::vector<StressResult>& results) const {
        std::set<VenueId> venues;
        for (const BookAccount& account : accounts_) venues.insert(account.key.venue);
        const Case& further = *(&worst + 1);
        const std::string move = worst.scenario.name;
        // `there` tells what an account has where its venue is the one that differs.
        const auto add_case = [&](const std::string& name, const char* kind, const VenueId& venue, const auto& there) {
            std::vector<Book::Outcome> outcomes = *worst.outcomes;
            for (std::size_t i = 0; i < outcomes.size(); ++i)
                if (accounts_[i].key.venue == venue) outcomes[i] = there(i);
            results.push_back(result_of(name, kind, worst, std::move(outcomes)));
        };
        for (const VenueId& venue : venues)
            add_case(fmt::format("{}, {} keeps its old price", move, venue.to_string()), "freeze", venue,
                     [](std::size_t) { return Book::Outcome{}; });
        for (const VenueId& venue : venues) {
            if (!further.outcomes) break;
            add_case(fmt::format("{}, {} overshoots by {:.0f} %", move, venue.to_string(), policy_.stress_overshoot * 100), "overshoot", venue,
                     [&](std::size_t i) { return (*further.outcomes)[i]; });
        }
        for (const VenueId& venue : venues)
            add_case(fmt::format("{}, {} paused: gains there are out of reach", move, venue.to_string()), "pause", venue, [&](std::size_t i) {
                Book::Outcome outcome = (*worst.outcomes)[i];
                outcome.pnl = std::min(outcome.pnl, 0.0);
                return outcome;
            });
        std::vector<Book::Outcome> outcomes = *worst.outcomes;
        const auto best =
            std::max_element(outcomes.begin(), outcomes.end(), [](const Book::Outcome& a, const Book::Outcome& b) { return a.pnl < b.pnl; });
        if (best == outcomes.end() || !(best->pnl > 0)) return;
        const std::string key = accounts_[static_cast<std::size_t>(best - outcomes.begin())].key.to_string();
        best->pnl = 0;
        results.push_back(result_of(fmt::format("{}, {} deleveraged before it", move, key), "deleverage", worst, std::move(outcomes)));
    }

    std::span<const BookAccount> accounts_;
    const Book& book_;
    const Market& market_;
    const Policy& policy_;
    std::vector<Case> cases_;
    std::vector<std::size_t> market_cases_;
};

}  // namespace

std::vector<StressResult> stress_library(std::span<const BookAccount> accounts, const Book& book, const ScenarioGrid& grid, const GridLoss& loss,
                                         const std::map<AssetId, double>& net_delta, const Market& market, const Policy& policy, unsigned threads) {
    if (accounts.empty()) return {};
    Library library(accounts, book, market, policy);
    library.add_days();
    library.add_pegs(net_delta);
    library.add_market(grid);
    library.add_correlation_one();
    library.revalue(threads);
    return library.results(loss);
}

}  // namespace margind::risk
