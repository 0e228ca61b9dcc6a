// Positions as linear values and option contracts, and what they are worth elsewhere.
#include "risk/revaluation.hpp"

#include "risk/account.hpp"
#include "risk/parallel.hpp"
#include "risk/pricing/black.hpp"
#include "risk/pricing/kernels.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <optional>
#include <ranges>

namespace margind::risk {

using namespace model;

namespace {

constexpr double year_s = 365.0 * 86'400;
constexpr std::int64_t day_s = 86'400;

double years_of(std::int64_t seconds) { return static_cast<double>(std::max<std::int64_t>(seconds, 0)) / year_s; }

pricing::BlackOption black_of(const OptionContract& contract, double move, std::int64_t later_s, double vol) {
    return {contract.kind, contract.forward * (1 + move), contract.strike, vol, years_of(contract.time_to_expiry_s - later_s), 1};
}

/// The forward within a tenth of spot at which Black-76 gives the venue's mark; spot where there is none, or where the mark does
/// not depend on it.
double forward_of(OptionContract contract, double spot, double mark) {
    constexpr double reach = 0.1;
    constexpr int most_steps = 30;
    const auto error_at = [&](double forward) {
        contract.forward = forward;
        return value_of(contract, 0, 0, contract.vol) - mark;
    };
    double low = spot * (1 - reach);
    double high = spot * (1 + reach);
    const double side = contract.kind == OptionKind::call ? 1.0 : -1.0;
    if (side * error_at(low) > 0 || side * error_at(high) < 0) return spot;
    double forward = spot;
    for (int step = 0; step < most_steps; ++step) {
        const double error = error_at(forward);
        if (std::abs(error) <= 1e-13 * spot) return forward;
        (side * error > 0 ? high : low) = forward;
        const double delta = greeks_of(contract).delta;
        if (std::abs(delta) < 1e-6) return spot;
        const double next = forward - error / delta;
        forward = next > low && next < high ? next : (low + high) / 2;
    }
    return forward;
}

}  // namespace

double value_of(const OptionContract& contract, double move, std::int64_t later_s, double vol) {
    return pricing::black_value(black_of(contract, move, later_s, vol));
}

Greeks greeks_of(const OptionContract& contract) {
    const pricing::BlackGreeks black = pricing::black_greeks(black_of(contract, 0, 0, contract.vol));
    return {black.delta, black.gamma, black.vega, value_of(contract, 0, day_s, contract.vol) - value_of(contract, 0, 0, contract.vol)};
}

Result<Revaluation> Revaluation::make(std::span<const BookAccount> accounts, const Book& book, const Valuation& valuation) {
    Revaluation result;
    std::map<OptionContract, std::size_t> known;
    const auto mover_of = [&](const AssetId& asset) { return book.mover_of(asset); };
    for (std::size_t i = 0; i < accounts.size(); ++i) {
        const BookAccount& account = accounts[i];
        result.first_.push_back(result.holdings_.size());
        const AssetId& money = book.numeraire(i);
        const double unit = book.price(money);
        const std::size_t numeraire = mover_of(money);
        for (std::size_t j = 0; j < account.positions.size(); ++j) {
            const Position& position = account.positions[j];
            if (!counts(position)) continue;
            const Result<double> carry = valuation.usd(position.carry_per_day);
            if (!carry) return fail(carry.error());
            Holding holding{i, j, Holding::none, numeraire, 0, *carry};
            if (position.underlying != money) holding.mover = mover_of(position.underlying);
            if (!position.option) {
                holding.usd = position.notional.to_double() * unit;
            } else if (!position.option->settlement_price && holding.mover != Holding::none) {
                const OptionTerms& terms = *position.option;
                OptionContract contract{terms.kind,
                                        0,
                                        terms.strike.to_double(),
                                        terms.vol ? terms.vol->to_double() : 0.0,
                                        std::max<std::int64_t>(terms.expiry - account.time, 0),
                                        holding.mover};
                const double spot = book.price(position.underlying) / unit;
                if (!(contract.strike > 0) || !(spot > 0) || contract.vol < 0)
                    return fail(ErrorCode::out_of_range, account.key.to_string() + ": " + position.label + ": no option on a price or strike of 0");
                contract.forward = contract.vol > 0 && contract.time_to_expiry_s > 0 ? forward_of(contract, spot, position.mark.to_double()) : spot;
                holding.contract = known.try_emplace(contract, known.size()).first->second;
                if (holding.contract == result.contracts_.size()) result.contracts_.push_back(contract);
                holding.quantity_usd = position.quantity.to_double() * unit;
            }
            result.holdings_.push_back(holding);
        }
        if (numeraire != Holding::none) result.holdings_.push_back({i, Holding::none, numeraire, Holding::none, book.equity(i)});
    }
    result.first_.push_back(result.holdings_.size());
    return result;
}

std::vector<Revaluation::Move> Revaluation::moves(const Scenario& scenario, const Book& book, const Policy& policy) const {
    std::vector<double> shocks;
    std::vector<std::optional<VolMove>> vols;
    for (const AssetId& asset : book.underlyings()) {
        const auto shock = scenario.shocks.find(asset);
        shocks.push_back(shock == scenario.shocks.end() ? 0.0 : shock->second);
        const auto vol = scenario.vols.find(asset);
        vols.push_back(vol == scenario.vols.end() ? std::nullopt : std::optional<VolMove>(vol->second));
    }
    std::vector<Move> moves;
    moves.reserve(holdings_.size());
    for (const Holding& holding : holdings_) {
        const double shock = holding.mover == Holding::none ? 0.0 : shocks[holding.mover];
        const double money = holding.numeraire == Holding::none ? 1.0 : 1 + shocks[holding.numeraire];
        if (holding.contract == Holding::none) {
            moves.push_back({holding.usd * shock * money, 0});
            continue;
        }
        const OptionContract& contract = contracts_[holding.contract];
        const double now = value_of(contract, 0, 0, contract.vol);
        const double there = value_of(contract, shock, 0, contract.vol);
        Move move{holding.quantity_usd * (there - now) * money, 0};
        if (const std::optional<VolMove>& vol = vols[holding.mover])
            move.vol = holding.quantity_usd *
                       (value_of(contract, shock, 0, vol_moved(contract.vol, *vol, contract.time_to_expiry_s, policy)) - there) * money;
        moves.push_back(move);
    }
    return moves;
}

PathBook::PathBook(const Revaluation& book, const Paths& paths, unsigned threads, const KeptProfits* before) : book_(book), paths_(paths) {
    std::vector<std::vector<double>> factors(paths.moves.size());
    for (const OptionContract& contract : book.contracts()) {
        std::vector<double>& factor = factors[contract.mover];
        if (!factor.empty()) continue;
        for (const double move : paths.moves[contract.mover]) factor.push_back(1 + move);
    }
    const std::vector<double> same_vol(paths.count, 1.0);
    profits_.resize(book.contracts().size());
    by_time_.resize(book.contracts().size());
    for_each_row(profits_.size(), threads, [&](std::size_t i) {
        const OptionContract& contract = book.contracts()[i];
        const double now = value_of(contract, 0, 0, contract.vol);
        by_time_[i] = value_of(contract, 0, day_s, contract.vol) - now;
        if (before != nullptr)
            if (const auto known = before->find(contract); known != before->end()) {
                profits_[i] = known->second;
                return;
            }
        std::vector<double> profits(paths.count);
        pricing::BlackStates states;
        states.forward = contract.forward;
        states.strike = contract.strike;
        states.log_moneyness = std::log(contract.forward / contract.strike);
        states.deviation = contract.vol * std::sqrt(years_of(contract.time_to_expiry_s - day_s));
        states.call = contract.kind == OptionKind::call;
        states.base = now;
        states.factor = factors[contract.mover].data();
        states.log_factor = paths.logs[contract.mover].data();
        states.vol_factor = same_vol.data();
        states.out = profits.data();
        states.count = paths.count;
        pricing::kernels().add_black(states);
        profits_[i] = std::make_shared<const std::vector<double>>(std::move(profits));
    });
}

KeptProfits PathBook::kept() const {
    KeptProfits all;
    for (std::size_t i = 0; i < profits_.size(); ++i) all.emplace(book_.contracts()[i], profits_[i]);
    return all;
}

/// Coefficients first, so that a path costs one product per pair of underlying and money, not one per position.
template <class Indices>
std::vector<double> PathBook::sum(const Indices& indices) const {
    std::map<std::pair<std::size_t, std::size_t>, double> linear;
    std::map<std::pair<std::size_t, std::size_t>, double> options;
    double carry = 0;
    for (const std::size_t i : indices) {
        const Holding& holding = book_.holdings()[i];
        carry += holding.carry_usd;
        if (holding.contract != Holding::none)
            options[{holding.contract, holding.numeraire}] += holding.quantity_usd;
        else if (holding.mover != Holding::none)
            linear[{holding.mover, holding.numeraire}] += holding.usd;
    }
    std::vector<double> losses(paths_.count, -carry);
    const auto take = [&](const std::vector<double>& profits, std::size_t numeraire, double size) {
        if (size == 0) return;
        if (numeraire == Holding::none) {
            for (std::size_t path = 0; path < losses.size(); ++path) losses[path] -= size * profits[path];
            return;
        }
        const std::vector<double>& money = paths_.moves[numeraire];
        for (std::size_t path = 0; path < losses.size(); ++path) losses[path] -= size * profits[path] * (1 + money[path]);
    };
    for (const auto& [key, size] : linear) take(paths_.moves[key.first], key.second, size);
    for (const auto& [key, size] : options) take(*profits_[key.first], key.second, size);
    return losses;
}

std::vector<double> PathBook::losses(std::span<const std::size_t> holdings) const { return sum(holdings); }

std::vector<double> PathBook::losses(std::size_t first, std::size_t last) const { return sum(std::views::iota(first, last)); }

double PathBook::loss_by_price(const Holding& holding, std::size_t path) const {
    const double money = holding.numeraire == Holding::none ? 1.0 : 1 + paths_.moves[holding.numeraire][path];
    if (holding.contract != Holding::none) return -holding.quantity_usd * ((*profits_[holding.contract])[path] * money - by_time_[holding.contract]);
    return holding.mover == Holding::none ? 0.0 : -holding.usd * paths_.moves[holding.mover][path] * money;
}

double PathBook::loss_by_time(const Holding& holding) const {
    const double theta = holding.contract == Holding::none ? 0.0 : holding.quantity_usd * by_time_[holding.contract];
    return -holding.carry_usd - theta;
}

}  // namespace margind::risk
