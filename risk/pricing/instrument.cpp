// Full revaluation: loops for what is linear, the vector kernel for options.
#include "risk/pricing/instrument.hpp"

#include "risk/pricing/black.hpp"
#include "risk/pricing/kernels.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace margind::risk::pricing {

namespace {

constexpr double days_per_year = 365;

double at(std::span<const double> moves, std::size_t state, double unmoved) { return moves.empty() ? unmoved : moves[state]; }

double present(const Holding& holding) { return holding.quantity * holding.rate * holding.spot; }

double present(const LinearPerp& perp) { return perp.quantity * (perp.spot * (1 + perp.basis) - perp.entry); }

double present(const InversePerp& perp) {
    return perp.contracts * (1 / perp.entry - 1 / (perp.spot * (1 + perp.basis))) * perp.spot;
}

BlackOption black(const Option& option, double years) {
    const double forward = option.spot * (1 + option.basis);
    double vol = option.vol;
    if (option.smile) vol = option.years > 0 ? svi_vol(*option.smile, std::log(option.strike / forward), option.years) : 0;
    return {option.kind, forward, option.strike, vol, years, std::exp(-option.rate * years)};
}

double present(const Option& option) { return option.quantity * black_value(black(option, option.years)); }

void add(const Holding& holding, const Moves& moves, double scale, std::span<double> out) {
    const double now = scale * present(holding);
    const double growth = 1 + holding.growth * moves.days;
    for (std::size_t i = 0; i < out.size(); ++i) out[i] += now * (at(moves.factor, i, 1) * growth - 1);
}

void add(const LinearPerp& perp, const Moves& moves, double scale, std::span<double> out) {
    const double size = scale * perp.quantity * perp.spot;
    const double funding = perp.funding * moves.days;
    for (std::size_t i = 0; i < out.size(); ++i) {
        const double mark = at(moves.factor, i, 1) * (1 + perp.basis + at(moves.basis, i, 0));
        out[i] += size * (mark * (1 + funding) - (1 + perp.basis));
    }
}

void add(const InversePerp& perp, const Moves& moves, double scale, std::span<double> out) {
    const double now = present(perp);
    for (std::size_t i = 0; i < out.size(); ++i) {
        const double spot = perp.spot * at(moves.factor, i, 1);
        const double mark = spot * (1 + perp.basis + at(moves.basis, i, 0));
        const double coins = perp.contracts * (1 / perp.entry - 1 / mark + perp.funding * moves.days / mark);
        out[i] += scale * (coins * spot - now);
    }
}

/// States whose basis or smile moves: what the kernel is handed is made for each option anew.
struct Columns {
    std::vector<double> factor;
    std::vector<double> log_factor;
    std::vector<double> vol_factor;
};

Columns columns_of(const Option& option, const Moves& moves, std::size_t count, double reference_vol) {
    Columns columns;
    const double forward = option.spot * (1 + option.basis);
    for (std::size_t i = 0; i < count; ++i) {
        const double carry = 1 + at(moves.basis, i, 0) / (1 + option.basis);
        const double factor = at(moves.factor, i, 1) * carry;
        const double log_factor = at(moves.log_factor, i, 0) + (moves.basis.empty() ? 0 : std::log(carry));
        double vol_factor = at(moves.vol_factor, i, 1);
        if (option.smile && reference_vol > 0) {
            const double k = std::log(option.strike / forward) - log_factor;
            vol_factor *= svi_vol(*option.smile, k, option.years) / reference_vol;
        }
        columns.factor.push_back(factor);
        columns.log_factor.push_back(log_factor);
        columns.vol_factor.push_back(vol_factor);
    }
    return columns;
}

void add(const Option& option, const Moves& moves, double scale, std::span<double> out) {
    const double years = std::max(0.0, option.years - moves.days / days_per_year);
    const BlackOption now = black(option, option.years);
    const double discount = std::exp(-option.rate * years);
    BlackStates states;
    states.forward = now.forward;
    states.strike = now.strike;
    states.log_moneyness = std::log(now.forward / now.strike);
    states.deviation = now.vol * std::sqrt(years);
    states.call = option.kind == model::OptionKind::call;
    states.scale = scale * option.quantity * discount;
    // Discounted by the discount of then, since `scale` holds that.
    states.base = black_value(now) / discount;
    states.count = out.size();
    states.out = out.data();
    const bool shared = !moves.factor.empty() && !moves.log_factor.empty() && !moves.vol_factor.empty() && moves.basis.empty() && !option.smile;
    const Columns own = shared ? Columns{} : columns_of(option, moves, out.size(), now.vol);
    states.factor = shared ? moves.factor.data() : own.factor.data();
    states.log_factor = shared ? moves.log_factor.data() : own.log_factor.data();
    states.vol_factor = shared ? moves.vol_factor.data() : own.vol_factor.data();
    kernels().add_black(states);
}

}  // namespace

double value(const Instrument& instrument) {
    return std::visit([](const auto& kind) { return present(kind); }, instrument);
}

void add_pnl(const Instrument& instrument, const Moves& moves, double scale, std::span<double> out) {
    std::visit([&](const auto& kind) { add(kind, moves, scale, out); }, instrument);
}

}  // namespace margind::risk::pricing
