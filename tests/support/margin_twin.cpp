// The twin's loops.
#include "tests/support/margin_twin.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

namespace margind::testing {

namespace {

using Real = long double;
using Moves = std::map<std::string, Real>;
/// +1 up, -1 down.
using Vols = std::map<std::string, int>;

const Real root_two = std::sqrt(Real{2});
Real cdf(Real x) { return std::erfc(-x / root_two) / 2; }

Real option_value(const PaperOption& option, Real forward, Real vol, Real seconds) {
    const Real sign = option.kind == model::OptionKind::call ? 1 : -1;
    const Real deviation = vol * std::sqrt(std::max(seconds, Real{0}) / (365 * Real{86400}));
    if (deviation <= 0 || forward <= 0) return std::max(sign * (forward - option.strike), Real{0});
    const Real d1 = (std::log(forward / option.strike) + deviation * deviation / 2) / deviation;
    return sign * (forward * cdf(sign * d1) - option.strike * cdf(sign * (d1 - deviation)));
}

Real option_vega(const PaperOption& option, Real forward) {
    const Real deviation = option.vol * std::sqrt(static_cast<Real>(option.time_to_expiry_s) / (365 * Real{86400}));
    const Real d1 = (std::log(forward / option.strike) + deviation * deviation / 2) / deviation;
    return forward * std::exp(-d1 * d1 / 2) / std::sqrt(2 * std::acos(Real{-1})) * deviation / option.vol;
}

Real option_delta(const PaperOption& option, Real forward) {
    const Real sign = option.kind == model::OptionKind::call ? 1 : -1;
    const Real deviation = option.vol * std::sqrt(static_cast<Real>(option.time_to_expiry_s) / (365 * Real{86400}));
    return sign * cdf(sign * (std::log(forward / option.strike) + deviation * deviation / 2) / deviation);
}

struct Shocked {
    std::string name;
    Moves moves;
    Vols vols;
    Real weight = 1;
};

class Twin {
public:
    explicit Twin(const PaperBook& book) : book_(book), policy_(book.policy) {
        for (const PaperHolder& holder : book_.holders) {
            if (holder.numeraire != "USD") assets_.insert(holder.numeraire);
            for (const PaperPosition& position : holder.positions) {
                if (position.underlying != "USD") assets_.insert(position.underlying);
                if (position.option) optioned_.insert(position.underlying);
            }
        }
    }

    TwinFigures run() {
        std::vector<std::size_t> all;
        for (std::size_t i = 0; i < book_.holders.size(); ++i) all.push_back(i);
        make_grid();
        make_paths();
        TwinFigures figures = of(all);
        Real alone = 0;
        for (const std::size_t i : all) alone += model_margin(of({i}), add_ons({i}), false);
        figures.netting = std::max(alone - model_margin(figures, add_ons(all), false), Real{0});
        figures.mm = model_margin(figures, add_ons(all), true);
        const std::map<std::string, Real> terms = add_ons(all);
        const Real beside = terms.at("funding") + terms.at("basis") + terms.at("tenor");
        figures.im = std::max({figures.grid + beside, figures.es_star, figures.floor}) + terms.at("liquidity") + terms.at("concentration") +
                     terms.at("short") + terms.at("peg") + terms.at("oracle");
        return figures;
    }

private:
    const model::AssetCalibration& row(const std::string& asset) const { return book_.market.assets.at({asset}); }
    Real usd(const std::string& asset) const { return asset == "USD" ? Real{1} : static_cast<Real>(book_.usd.at(asset)); }
    static Real move_of(const Moves& moves, const std::string& asset) {
        const auto found = moves.find(asset);
        return found == moves.end() ? Real{0} : found->second;
    }

    Real equity(const PaperHolder& holder) const {
        Real sum = 0;
        for (const PaperPosition& position : holder.positions) {
            if (position.instrument == model::Instrument::perp) continue;
            const Real price = usd(position.underlying) / usd(holder.numeraire);
            sum += position.quantity *
                   (position.option ? option_value(*position.option, price, position.option->vol, position.option->time_to_expiry_s) : price);
        }
        return sum * usd(holder.numeraire);
    }

    Real vol_there(const PaperOption& option, int direction) const {
        if (direction == 0) return option.vol;
        const Real days = std::max(static_cast<Real>(option.time_to_expiry_s) / 86400, static_cast<Real>(policy_.vol_days_floor));
        const Real stretch = std::pow(30 / days, days <= 30 ? static_cast<Real>(policy_.vol_power_short) : static_cast<Real>(policy_.vol_power_long));
        if (direction > 0) return std::max(option.vol * (1 + policy_.vol_up * stretch), static_cast<Real>(policy_.vol_up_least));
        return option.vol * std::max(Real{0}, 1 - policy_.vol_down * stretch);
    }

    /// Profit in USD where everything moves at once, and, with `days`, that much later.
    Real profit(const PaperHolder& holder, const Moves& moves, const Vols& vols, bool day_later) const {
        const Real money = usd(holder.numeraire);
        const Real money_move = move_of(moves, holder.numeraire);
        Real sum = equity(holder) * money_move;
        for (const PaperPosition& position : holder.positions) {
            if (day_later) sum += position.carry_per_day * money;
            if (position.underlying == holder.numeraire) continue;
            const Real price = usd(position.underlying) / money;
            const Real there = price * (1 + move_of(moves, position.underlying));
            Real gain = there - price;
            if (position.option) {
                const auto vol = vols.find(position.underlying);
                gain = option_value(*position.option, there, vol_there(*position.option, vol == vols.end() ? 0 : vol->second),
                                    static_cast<Real>(position.option->time_to_expiry_s) - (day_later ? 86400 : 0)) -
                       option_value(*position.option, price, position.option->vol, position.option->time_to_expiry_s);
            }
            sum += position.quantity * gain * money * (1 + money_move);
        }
        return sum;
    }

    Real range(Real table, Real sigma) const { return std::min(static_cast<Real>(policy_.range_cap), std::max(table, policy_.range_sigmas * sigma)); }

    /// (spot in R or whole, whether whole, vol direction) of an array.
    static std::vector<std::tuple<Real, bool, int>> cells(bool with_vols) {
        std::vector<std::tuple<Real, bool, int>> all;
        for (int quarter = -4; quarter <= 4; ++quarter) {
            const Real spot = quarter / Real{4};
            if (!with_vols) {
                if (quarter != 0) all.emplace_back(spot, false, 0);
                continue;
            }
            all.emplace_back(spot, false, 1);
            if (std::abs(quarter) == 4) continue;
            if (quarter != 0) all.emplace_back(spot, false, 0);
            all.emplace_back(spot, false, -1);
        }
        if (with_vols)
            for (const Real tail : {-0.66L, -0.33L, 0.5L, 1.0L, 2.0L, 3.0L, 4.0L, 5.0L}) all.emplace_back(tail, true, 1);
        return all;
    }

    Shocked one(const std::string& asset, const std::tuple<Real, bool, int>& cell, Real reach) const {
        const auto& [spot, whole, vol] = cell;
        Shocked state;
        state.moves[asset] = whole ? spot : spot * reach;
        if (vol != 0) state.vols[asset] = vol;
        if (whole) state.weight = std::min(Real{1}, policy_.tail_weight * reach / std::abs(spot));
        return state;
    }

    void make_grid() {
        const Real market_range = range(book_.market.market_range, book_.market.market_sigma_24h);
        for (const std::string& asset : assets_)
            for (const auto& cell : cells(optioned_.contains(asset)))
                own_[asset].push_back(one(asset, cell, range(row(asset).range, row(asset).sigma_24h)));
        for (const auto& cell : cells(!optioned_.empty())) {
            const auto& [spot, whole, vol] = cell;
            Shocked together;
            if (whole) together.weight = std::min(Real{1}, policy_.tail_weight * market_range / std::abs(spot));
            for (const std::string& asset : assets_) {
                Shocked leg;
                leg.weight = together.weight;
                leg.moves[asset] = std::max(row(asset).beta * (whole ? spot : spot * market_range), -static_cast<Real>(policy_.range_cap));
                if (vol != 0 && optioned_.contains(asset)) leg.vols[asset] = vol;
                together.moves[asset] = leg.moves[asset];
                for (const auto& [name, direction] : leg.vols) together.vols[name] = direction;
                own_[asset].push_back(leg);
            }
            joint_.push_back(together);
        }
        for (const std::string& asset : assets_)
            for (const Real side : {Real{1}, Real{-1}})
                for (const int vol : {0, 1}) {
                    if (vol == 1 && !optioned_.contains(asset)) continue;
                    Shocked alone;
                    alone.moves[asset] = side * std::min(range(row(asset).range, row(asset).sigma_24h),
                                                         std::max(static_cast<Real>(policy_.residual_floor),
                                                                  static_cast<Real>(policy_.residual_sigmas) * row(asset).residual_24h));
                    if (vol == 1) alone.vols[asset] = 1;
                    own_[asset].push_back(alone);
                    joint_.push_back(alone);
                }
    }

    void make_paths() {
        const model::PastMoves& past = book_.market.past.moves();
        for (std::size_t i = 0; i < past.end_hours.size(); ++i) {
            Moves moves;
            bool whole = true;
            for (const std::string& asset : assets_) {
                const model::AssetCalibration& own = row(asset);
                const model::PastSeries& series = past.assets.at({own.claim.empty() ? asset : own.claim});
                if (own.pegged) {
                    moves[asset] = series.returns[i] ? std::exp(*series.returns[i] / Real{100000}) - 1 : Real{0};
                } else if (series.returns[i] && series.sigmas[i]) {
                    moves[asset] = std::exp(*series.returns[i] / Real{100000} * own.sigma_24h / (*series.sigmas[i] / Real{100000})) - 1;
                } else {
                    whole = false;
                }
            }
            if (whole) paths_.push_back(moves);
        }
        for (std::size_t i = 0; i < past.stressed_end_hours.size(); ++i) {
            Moves moves;
            for (const std::string& asset : assets_) {
                const model::AssetCalibration& own = row(asset);
                const model::LogMove move = past.stressed.at({own.claim.empty() ? asset : own.claim})[i];
                moves[asset] = std::exp((move ? static_cast<Real>(*move) : own.beta * past.stressed_factor[i]) / Real{100000}) - 1;
            }
            stressed_.push_back(moves);
        }
    }

    Real loss_in(const std::vector<std::size_t>& who, const Shocked& state) const {
        Real sum = 0;
        for (const std::size_t i : who) sum += profit(book_.holders[i], state.moves, state.vols, false);
        return -state.weight * sum;
    }

    std::vector<Real> losses(const std::vector<std::size_t>& who, const std::vector<Moves>& paths) const {
        std::vector<Real> all;
        for (const Moves& moves : paths) {
            Real sum = 0;
            for (const std::size_t i : who) sum += profit(book_.holders[i], moves, {}, true);
            all.push_back(-sum);
        }
        std::sort(all.begin(), all.end(), std::greater<>());
        return all;
    }

    /// Mean of the worst share, its last member in part.
    static Real shortfall(const std::vector<Real>& worst_first, std::int64_t bps) {
        const Real size = static_cast<Real>(worst_first.size()) * static_cast<Real>(bps) / 10000;
        Real left = size;
        Real sum = 0;
        for (const Real loss : worst_first) {
            const Real part = std::min(Real{1}, left);
            if (part <= 0) break;
            sum += part * loss;
            left -= part;
        }
        return sum / size;
    }

    TwinFigures of(const std::vector<std::size_t>& who) const {
        TwinFigures figures;
        for (const std::size_t i : who) figures.equity += std::max(equity(book_.holders[i]), Real{0});
        for (const Shocked& state : joint_) figures.joint = std::max(figures.joint, loss_in(who, state));
        for (const auto& [asset, states] : own_) {
            Real worst = 0;
            for (const Shocked& state : states) worst = std::max(worst, loss_in(who, state));
            figures.sum += worst;
        }
        figures.sum = std::max(figures.sum, figures.joint);
        figures.grid = (1 - policy_.eta) * figures.joint + policy_.eta * figures.sum;
        for (const auto& [asset, sizes] : sizes_of(who)) {
            const auto& [net, gross] = sizes;
            figures.size += gross;
            figures.floor += policy_.floor_net * std::abs(net) + policy_.floor_hedged * (gross - std::abs(net)) / 2;
        }
        const std::vector<Real> filtered = losses(who, paths_);
        const auto rank = (filtered.size() * static_cast<std::size_t>(policy_.var_tail_bps) + 9999) / 10000;
        figures.var = filtered[rank - 1];
        figures.es = shortfall(filtered, policy_.es_tail_bps);
        figures.es_stressed = shortfall(losses(who, stressed_), policy_.es_tail_bps);
        figures.es_star = std::max((1 - policy_.es_stressed_weight) * figures.es + policy_.es_stressed_weight * figures.es_stressed, figures.floor);
        return figures;
    }

    Real exposure(const PaperHolder& holder, const PaperPosition& position) const {
        const Real delta = position.option ? option_delta(*position.option, usd(position.underlying) / usd(holder.numeraire)) : Real{1};
        return position.quantity * delta * usd(position.underlying);
    }

    std::map<std::string, std::pair<Real, Real>> sizes_of(const std::vector<std::size_t>& who) const {
        std::map<std::string, std::pair<Real, Real>> sizes;
        for (const std::size_t i : who)
            for (const PaperPosition& position : book_.holders[i].positions) {
                if (position.underlying == "USD") continue;
                const Real held = exposure(book_.holders[i], position);
                sizes[position.underlying].first += held;
                sizes[position.underlying].second += std::abs(held);
            }
        return sizes;
    }

    /// Every term of the whole book that is not known is nothing, for each part too.
    std::map<std::string, Real> add_ons(const std::vector<std::size_t>& who) const {
        std::map<std::string, Real> terms{{"funding", 0},       {"basis", 0}, {"tenor", 0}, {"liquidity", 0},
                                          {"concentration", 0}, {"short", 0}, {"peg", 0},   {"oracle", 0}};
        std::map<std::pair<std::string, std::string>, Real> perps;
        std::map<std::string, std::map<std::string, Real>> venues;
        std::map<std::pair<std::string, int>, Real> vegas;
        std::map<std::tuple<std::string, std::int64_t, double>, Real> strikes;
        for (const std::size_t i : who) {
            const PaperHolder& holder = book_.holders[i];
            for (const PaperPosition& position : holder.positions) {
                if (position.underlying == "USD") continue;
                venues[position.underlying][holder.venue] += exposure(holder, position);
                if (position.instrument == model::Instrument::perp) perps[{holder.venue, position.underlying}] += exposure(holder, position);
                if (!position.option || position.underlying == holder.numeraire) continue;
                strikes[{position.underlying, position.option->time_to_expiry_s, position.option->strike}] += position.quantity;
                const Real days = static_cast<Real>(position.option->time_to_expiry_s) / 86400;
                const int bucket = days <= policy_.tenor_short_days    ? 0
                                   : days <= policy_.tenor_middle_days ? 1
                                   : days <= policy_.tenor_long_days   ? 2
                                                                       : 3;
                const Real price = usd(position.underlying) / usd(holder.numeraire);
                vegas[{position.underlying, bucket}] +=
                    position.quantity * option_vega(*position.option, price) * position.option->vol * usd(holder.numeraire);
            }
        }
        for (const auto& [key, net] : perps)
            if (funding_known())
                terms["funding"] += std::abs(net) * (net > 0 ? *row(key.second).funding_long_24h : *row(key.second).funding_short_24h);
        for (const auto& [asset, by_venue] : venues) {
            if (!basis_known()) break;
            std::map<std::string, Real> left = by_venue;
            for (auto& [long_venue, most] : left)
                for (auto& [short_venue, least] : left) {
                    if (most <= 0 || least >= 0) continue;
                    const Real matched = std::min(most, -least);
                    most -= matched;
                    least += matched;
                    terms["basis"] += matched * std::max(policy_.basis_floor, policy_.basis_sigmas * *row(asset).basis_24h);
                }
        }
        for (const auto& [key, vega] : vegas) terms["tenor"] += std::abs(vega) * policy_.tenor_vol;
        for (const auto& [key, net] : strikes) terms["short"] += std::max(-net, Real{0}) * usd(std::get<0>(key)) * policy_.short_charge;
        for (const auto& [asset, sizes] : sizes_of(who)) {
            const auto& [net, gross] = sizes;
            const auto confidence = book_.confidence_ppm.find(asset);
            if (confidence != book_.confidence_ppm.end())
                terms["oracle"] += gross * policy_.oracle_charge * (1 - static_cast<Real>(confidence->second) / 1000000);
            if (row(asset).pegged) {
                terms["peg"] += policy_.peg_charge * std::abs(net);
                continue;
            }
            if (liquidity_known()) {
                const model::Liquidity& market = *row(asset).liquidity;
                terms["liquidity"] += gross * (*market.half_spread + row(asset).sigma_24h * std::sqrt(gross / market.adv_usd));
                terms["concentration"] +=
                    gross * row(asset).sigma_24h * std::sqrt(std::max(Real{0}, gross / (policy_.adv_share * market.adv_usd) - 1));
            }
        }
        return terms;
    }

    /// What some position of the whole book lacks is lacking.
    bool all_of(const std::function<bool(const PaperHolder&, const PaperPosition&)>& known) const {
        for (const PaperHolder& holder : book_.holders)
            for (const PaperPosition& position : holder.positions)
                if (position.underlying != "USD" && !known(holder, position)) return false;
        return true;
    }
    bool funding_known() const {
        return all_of([&](const PaperHolder&, const PaperPosition& p) {
            return p.instrument != model::Instrument::perp || row(p.underlying).funding_long_24h;
        });
    }
    bool basis_known() const {
        return all_of([&](const PaperHolder&, const PaperPosition& p) { return row(p.underlying).basis_24h.has_value(); });
    }
    bool liquidity_known() const {
        return all_of([&](const PaperHolder&, const PaperPosition& p) { return row(p.underlying).pegged || row(p.underlying).liquidity; });
    }

    Real model_margin(const TwinFigures& figures, const std::map<std::string, Real>& terms, bool closing) const {
        const Real beside = terms.at("funding") + terms.at("basis") + terms.at("tenor");
        const Real risk = std::max({policy_.mm_factor * figures.grid + beside, policy_.mm_factor * figures.es_star, figures.floor});
        return risk + terms.at("short") + terms.at("peg") + (closing ? terms.at("liquidity") + terms.at("concentration") : Real{0});
    }

    const PaperBook& book_;
    const model::Policy& policy_;
    std::set<std::string> assets_;
    std::set<std::string> optioned_;
    std::map<std::string, std::vector<Shocked>> own_;
    std::vector<Shocked> joint_;
    std::vector<Moves> paths_;
    std::vector<Moves> stressed_;
};

}  // namespace

TwinFigures margin_twin(const PaperBook& book) { return Twin(book).run(); }

}  // namespace margind::testing
