// Both versions share the frame; where they differ the branch says so.
#include "adapters/protocols/derive/portfolio_margin.hpp"

#include "adapters/protocols/derive/black76.hpp"
#include "adapters/protocols/derive/fixed.hpp"

#include <algorithm>

namespace margind::adapters::protocols::derive {
namespace {

using model::ErrorCode;
using model::Result;

constexpr std::int64_t month_s = 30LL * 86'400;
constexpr std::int64_t year_s = 365LL * 86'400;

class Computation {
public:
    explicit Computation(const Book& book)
        : book_(book), p_(book.portfolio), market_(book.markets.front()), second_(book.manager == ManagerKind::pmrm_2) {}

    Result<PortfolioMargin> run() {
        minimum_confidence_ = market_.spot.confidence;
        if (market_.perp) minimum_confidence_ = std::min(minimum_confidence_, market_.perp->price.confidence);
        prepare_expiries();
        value();
        contingencies();
        scenarios();
        if (!m_.ok()) return model::fail(ErrorCode::out_of_range, "a figure of the account does not fit the contract's integers at this state");
        return std::move(out_);
    }

private:
    void prepare_expiries() {
        for (const Expiry& expiry : market_.expiries) {
            PortfolioExpiry& row = out_.expiries.emplace_back();
            row.seconds = seconds_left(book_, expiry);
            const I256 rate = std::max(expiry.rate, I256());
            const I256 seconds(static_cast<std::int64_t>(row.seconds));
            row.discount = second_ ? m_.exp(m_.mul_div(m_.negate(rate), seconds, year_s)) : I256(wad);
            row.confidence = std::min({expiry.forward_confidence, expiry.rate_confidence, minimum_confidence_});
            if (!expiry.options.empty()) row.confidence = std::min(row.confidence, expiry.volatility_confidence);
            row.mtm = shocked_mtm(expiry, row, wad, VolShock::none);
            row.basis_up_mtm = shocked_mtm(expiry, row, p_.basis_spot_up, VolShock::none);
            row.basis_down_mtm = shocked_mtm(expiry, row, p_.basis_spot_down, VolShock::none);
            const I256 years = annualised(row.seconds);
            const I256 loss = std::min({m_.sub(row.basis_up_mtm, row.mtm), m_.sub(row.basis_down_mtm, row.mtm), I256()});
            row.basis_contingency = m_.mul(loss, m_.add(p_.basis_addition, m_.mul(p_.basis_multiple, years)));
            shock_vols(row);
            row.discount_long = m_.mul(p_.long_base_discount, time_discount(years, rate, p_.long_rate_multiple, p_.long_rate_addition));
            if (second_) {
                const I256 grown = m_.div(p_.short_base_discount, time_discount(years, rate, p_.short_rate_multiple, p_.short_rate_addition));
                row.discount_short = std::min(m_.div(wad, row.discount), grown);
            } else {
                row.discount_short = wad;
            }
            row.naked_shorts = naked_shorts(expiry);
        }
    }

    I256 time_discount(const I256& years, const I256& rate, const I256& multiple, const I256& addition) {
        return m_.exp(m_.negate(m_.mul(years, m_.add(m_.mul(rate, multiple), addition))));
    }

    void shock_vols(PortfolioExpiry& row) {
        const auto seconds = static_cast<std::int64_t>(std::max(row.seconds, p_.dte_floor_s));
        const I256 tau = m_.mul_div(month_s, wad, seconds);
        const I256 factor = m_.power(tau, row.seconds <= static_cast<std::uint64_t>(month_s) ? p_.short_term_power : p_.long_term_power);
        row.vol_up = m_.add(wad, m_.mul(p_.vol_range_up, factor));
        row.vol_down = std::max(m_.sub(wad, m_.mul(p_.vol_range_down, factor)), I256());
    }

    I256 value_of(const Option& option, const PortfolioExpiry& row, const I256& vol, const I256& forward) {
        const auto prices = black76(row.seconds, row.discount, vol, forward, option.strike);
        if (!prices) m_.fail();
        return prices ? m_.mul(option.is_call ? prices->call : prices->put, option.amount) : I256();
    }

    I256 shocked_mtm(const Expiry& expiry, const PortfolioExpiry& row, const I256& spot, VolShock shock) {
        I256 factor = wad;
        I256 lowest;
        if (shock == VolShock::up) {
            factor = row.vol_up;
            lowest = p_.min_vol_up_shock;
        } else if (shock == VolShock::down) {
            factor = row.vol_down;
        }
        const I256 forward = m_.add(m_.mul(expiry.forward_variable, spot), expiry.forward_fixed);
        I256 sum;
        for (const Option& option : expiry.options)
            sum = m_.add(sum, value_of(option, row, std::max(lowest, m_.mul(option.volatility, factor)), forward));
        return sum;
    }

    /// The wings of the smile turned (linear) or lifted (absolute), up to a cap that is reached about k* from the forward.
    I256 skewed_mtm(const Expiry& expiry, const PortfolioExpiry& row, bool linear) {
        const I256 forward = m_.add(expiry.forward_variable, expiry.forward_fixed);
        const I256 root = m_.take(square_root(annualised(row.seconds)));
        const I256 cap = linear ? m_.add(m_.mul(p_.linear_base_slope, root), p_.linear_base_cap)
                                : m_.add(m_.mul(p_.absolute_base_slope, root), p_.absolute_base_cap);
        const I256 vol_parameter = m_.add(p_.vol_static, m_.mul(root, p_.vol_scale));
        const I256 k_star = std::max(p_.min_k_star, m_.mul(m_.mul(root, p_.width_scale), vol_parameter));
        I256 sum;
        for (const Option& option : expiry.options) {
            I256 k = m_.ln(m_.div(option.strike, forward));
            if (!linear) k = magnitude(k);
            const I256 slope = m_.mul_div(k, cap, k_star);
            const I256 multiplier = m_.add(wad, k.is_negative() ? std::max(m_.negate(cap), slope) : std::min(cap, slope));
            sum = m_.add(sum, value_of(option, row, m_.mul(option.volatility, std::max(multiplier, I256())), forward));
        }
        return sum;
    }

    /// Per strike, what longs of that strike do not cover; a call covers a put and the other way round.
    I256 naked_shorts(const Expiry& expiry) {
        std::vector<bool> seen(expiry.options.size(), false);
        I256 sum;
        for (std::size_t i = 0; i < expiry.options.size(); ++i) {
            if (seen[i]) continue;
            const Option& first = expiry.options[i];
            bool paired = false;
            for (std::size_t j = i + 1; j < expiry.options.size(); ++j) {
                const Option& second = expiry.options[j];
                if (second.strike != first.strike) continue;
                seen[j] = true;
                paired = true;
                if (first.amount.is_negative() != second.amount.is_negative()) {
                    sum = m_.add(sum, std::max(m_.negate(m_.add(first.amount, second.amount)), I256()));
                } else if (first.amount.is_negative()) {
                    sum = m_.sub(sum, m_.add(first.amount, second.amount));
                }
            }
            if (!paired && first.amount.is_negative()) sum = m_.sub(sum, first.amount);
        }
        return sum;
    }

    I256 base_value(const I256& spot_factor) {
        if (market_.base.is_zero()) return {};
        return m_.div(m_.mul(m_.mul(market_.base, market_.spot.price), spot_factor), book_.stable.price);
    }

    void value() {
        for (const PortfolioExpiry& row : out_.expiries) {
            out_.options_mtm = m_.add(out_.options_mtm, row.mtm);
            out_.basis_contingency = m_.add(out_.basis_contingency, row.basis_contingency);
        }
        if (market_.perp) out_.perp_unsettled = market_.perp->unsettled;
        if (second_) {
            for (const Collateral& held : book_.collaterals) {
                values_.push_back(m_.mul_div(held.amount, held.price.price, book_.stable.price));
                out_.collateral_value = m_.add(out_.collateral_value, values_.back());
            }
        } else {
            out_.collateral_value = base_value(wad);
        }
        out_.cash = book_.cash;
        out_.mtm = m_.add(m_.add(out_.options_mtm, out_.perp_unsettled), m_.add(out_.collateral_value, out_.cash));
    }

    I256 confidence_share(const I256& confidence) {
        return confidence < p_.confidence_threshold ? m_.mul(m_.sub(wad, confidence), p_.confidence_margin) : I256();
    }

    void contingencies() {
        if (second_) second_contingencies();
        else first_contingencies();
        for (Contingencies* all : {&out_.maintenance_contingency, &out_.initial_contingency})
            all->sum = m_.add(m_.add(all->perp, all->options), m_.add(all->collateral, all->confidence));
    }

    void second_contingencies() {
        Contingencies& mm = out_.maintenance_contingency;
        Contingencies& im = out_.initial_contingency;
        const I256 perp_notional = market_.perp ? m_.mul(magnitude(market_.perp->size), market_.spot.price) : I256();
        mm.perp = m_.mul(perp_notional, p_.maintenance_perp);
        im.perp = m_.mul(perp_notional, p_.initial_perp);
        im.confidence = m_.mul(confidence_share(minimum_confidence_), perp_notional);
        for (std::size_t i = 0; i < out_.expiries.size(); ++i) {
            const I256 shorts = m_.mul(out_.expiries[i].naked_shorts, market_.spot.price);
            mm.options = m_.add(mm.options, m_.mul(shorts, p_.maintenance_option));
            im.options = m_.add(im.options, m_.mul(shorts, p_.initial_option));
            const I256 notional = m_.mul(all_options(market_.expiries[i]), market_.spot.price);
            im.confidence = m_.add(im.confidence, m_.mul(confidence_share(out_.expiries[i].confidence), notional));
        }
        for (std::size_t i = 0; i < book_.collaterals.size(); ++i) {
            const Collateral& held = book_.collaterals[i];
            mm.collateral = m_.add(mm.collateral, m_.mul(values_[i], held.maintenance_haircut));
            im.collateral = m_.add(im.collateral, m_.mul(values_[i], held.initial_haircut));
            // When a token is arranged the contract has not seen the perp's confidence yet.
            const I256 confidence = std::min(held.price.confidence, market_.spot.confidence);
            im.confidence = m_.add(im.confidence, m_.mul(confidence_share(confidence), values_[i]));
        }
    }

    /// One static contingency, inside of what the initial factor multiplies.
    void first_contingencies() {
        Contingencies& mm = out_.maintenance_contingency;
        const I256 perp_size = market_.perp ? magnitude(market_.perp->size) : I256();
        const I256 perp_units = m_.mul(perp_size, p_.maintenance_perp);
        const I256 base_units = m_.mul(market_.base, p_.base_percent);
        const I256 both = m_.mul(m_.add(perp_units, base_units), market_.spot.price);
        mm.perp = m_.mul(perp_units, market_.spot.price);
        mm.collateral = m_.sub(both, mm.perp);
        I256& confidence = out_.initial_contingency.confidence;
        confidence = m_.mul(m_.mul(confidence_share(minimum_confidence_), m_.add(perp_size, market_.base)), market_.spot.price);
        for (std::size_t i = 0; i < out_.expiries.size(); ++i) {
            mm.options = m_.add(mm.options, m_.mul(m_.mul(out_.expiries[i].naked_shorts, p_.maintenance_option), market_.spot.price));
            const I256 amount = all_options(market_.expiries[i]);
            confidence = m_.add(confidence, m_.mul(m_.mul(confidence_share(out_.expiries[i].confidence), amount), market_.spot.price));
        }
    }

    I256 all_options(const Expiry& expiry) {
        I256 sum;
        for (const Option& option : expiry.options) sum = m_.add(sum, magnitude(option.amount));
        return sum;
    }

    I256 shocked_expiry(const Expiry& expiry, const PortfolioExpiry& row, const Scenario& scenario) {
        if (scenario.vol == VolShock::linear || scenario.vol == VolShock::absolute) return skewed_mtm(expiry, row, scenario.vol == VolShock::linear);
        if (scenario.vol == VolShock::none && scenario.spot == I256(wad)) return row.mtm;
        if (scenario.vol == VolShock::none && scenario.spot == p_.basis_spot_up) return row.basis_up_mtm;
        if (scenario.vol == VolShock::none && scenario.spot == p_.basis_spot_down) return row.basis_down_mtm;
        return shocked_mtm(expiry, row, scenario.spot, scenario.vol);
    }

    I256 pnl(const Scenario& scenario) {
        const I256 move = m_.sub(scenario.spot, wad);
        I256 sum;
        if (market_.perp) sum = damped(m_.mul(market_.perp->size, m_.mul(move, market_.perp->price.price)), scenario);
        for (std::size_t i = 0; i < out_.expiries.size(); ++i) {
            const PortfolioExpiry& row = out_.expiries[i];
            const I256 shocked = shocked_expiry(market_.expiries[i], row, scenario);
            const I256 discounted = m_.mul(shocked, shocked.is_negative() ? row.discount_short : row.discount_long);
            const I256 change = damped(m_.sub(discounted, row.mtm), scenario);
            // A skew may turn either way: the worse one for each expiry.
            const bool skew = scenario.vol == VolShock::linear || scenario.vol == VolShock::absolute;
            sum = m_.add(sum, skew ? m_.negate(magnitude(change)) : change);
        }
        if (second_) {
            for (std::size_t i = 0; i < book_.collaterals.size(); ++i)
                if (book_.collaterals[i].risk_cancelling) sum = m_.add(sum, damped(m_.mul(values_[i], move), scenario));
        } else {
            sum = m_.add(sum, m_.sub(base_value(scenario.spot), out_.collateral_value));
        }
        return sum;
    }

    I256 damped(const I256& change, const Scenario& scenario) { return m_.mul(change, scenario.dampening); }

    void scenarios() {
        out_.worst_loss = out_.basis_contingency;
        out_.worst_scenario = book_.scenarios.size();
        for (std::size_t i = 0; i < book_.scenarios.size(); ++i) {
            const I256 change = out_.scenario_pnl.emplace_back(pnl(book_.scenarios[i]));
            if (change >= out_.worst_loss) continue;
            out_.worst_loss = change;
            out_.worst_scenario = i;
        }
        out_.initial_factor = p_.initial_factor;
        if (book_.stable.price < p_.peg_loss_threshold)
            out_.initial_factor = m_.add(out_.initial_factor, m_.mul(m_.sub(p_.peg_loss_threshold, book_.stable.price), p_.peg_loss_factor));
        out_.maintenance_factor = second_ ? p_.maintenance_factor : I256(wad);
        const I256& contingency = out_.maintenance_contingency.sum;
        // Version 1 multiplies the contingency too.
        const I256 base = second_ ? out_.worst_loss : m_.sub(out_.worst_loss, contingency);
        const I256 beside = second_ ? contingency : I256();
        out_.maintenance = m_.add(m_.sub(m_.mul(base, out_.maintenance_factor), beside), out_.mtm);
        out_.initial = m_.add(m_.sub(m_.mul(base, out_.initial_factor), m_.add(beside, out_.initial_contingency.sum)), out_.mtm);
    }

    const Book& book_;
    const PortfolioParameters& p_;
    const Market& market_;
    bool second_;
    Checked m_;
    I256 minimum_confidence_;
    std::vector<I256> values_;
    PortfolioMargin out_;
};

}  // namespace

Result<PortfolioMargin> portfolio_margin(const Book& book) { return Computation(book).run(); }

}  // namespace margind::adapters::protocols::derive
