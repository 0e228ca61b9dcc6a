// Revaluation of a book through each account's own rule.
#include "risk/book.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <utility>

namespace margind::risk {

using namespace model;

namespace {

std::optional<U256> moved_vol(const VolInput& input, VolMove move, const Policy& policy) {
    const std::optional<U256> vol = scaled(input.vol, vol_factor(move, input.time_to_expiry_s, policy));
    if (!vol || move == VolMove::down) return vol;
    const std::optional<U256> least = scaled(U256::pow10(input.decimals), policy.vol_up_least);
    return least ? std::max(*vol, *least) : least;
}

}  // namespace

Result<Book> Book::make(std::span<const BookAccount> accounts, const Valuation& valuation) {
    Book book;
    for (const BookAccount& account : accounts) {
        const Result<Standing> now = account.prepared.at(account.prepared.current());
        if (!now) return fail(now.error());
        Row row{account, AssetId{now->equity.unit}, 0, 0, 0, 0, {}, {}, nowhere, account.prepared.current()};
        for (const PriceInput& input : account.prepared.inputs()) book.add_underlying(input.underlying);
        for (const VolInput& input : account.prepared.vol_inputs()) {
            book.add_underlying(input.underlying);
            book.with_vols_.insert(input.underlying);
        }
        book.add_underlying(row.numeraire);
        const Result<double> unit = valuation.firm_price(row.numeraire);
        if (!unit) return fail(unit.error());
        row.unit = *unit;
        row.equity = now->equity.to_double() * *unit;
        row.excess = (now->equity.to_double() - now->maintenance.to_double()) * *unit;
        row.initial = now->initial.to_double() * *unit;
        for (const Position& position : account.positions) book.add_underlying(position.underlying);
        book.rows_.push_back(std::move(row));
    }
    book.prices_[AssetId{"USD"}] = 1;
    for (const AssetId& asset : book.underlyings_) {
        const Result<double> price = valuation.firm_price(asset);
        if (!price) return fail(price.error());
        book.prices_[asset] = *price;
        const ReferencePrice& reference = *valuation.find(asset);
        book.movers_.push_back({asset, asset.symbol, PriceRole::oracle, reference.raw.magnitude(), reference.decimals});
    }
    for (Row& row : book.rows_) {
        for (const PriceInput& input : row.account.prepared.inputs()) row.input_movers.push_back(book.mover_of(input.underlying));
        for (const VolInput& input : row.account.prepared.vol_inputs()) row.vol_movers.push_back(book.mover_of(input.underlying));
        row.numeraire_mover = book.mover_of(row.numeraire);
    }
    return book;
}

void Book::add_underlying(const AssetId& asset) {
    if (asset.symbol != "USD") underlyings_.insert(asset);
}

std::size_t Book::mover_of(const AssetId& underlying) const {
    const auto at = underlyings_.find(underlying);
    return at == underlyings_.end() ? nowhere : static_cast<std::size_t>(std::distance(underlyings_.begin(), at));
}

/// `moves` holds something true for each mover that moves.
template <class Moves>
bool Book::is_moved(const Row& row, const Moves& moves) {
    const auto moves_at = [&](std::size_t mover) { return mover != nowhere && static_cast<bool>(moves[mover]); };
    return moves_at(row.numeraire_mover) || std::any_of(row.input_movers.begin(), row.input_movers.end(), moves_at);
}

std::vector<Book::Shock> Book::shocks_of(const Scenario& scenario) const {
    std::vector<Shock> shocks(movers_.size());
    for (const auto& [asset, shock] : scenario.shocks)
        if (const std::size_t mover = mover_of(asset); mover != nowhere) shocks[mover].spot = shock;
    for (const auto& [asset, vol] : scenario.vols)
        if (const std::size_t mover = mover_of(asset); mover != nowhere) shocks[mover].vol = vol;
    return shocks;
}

Result<std::vector<double>> Book::pnl(const Scenario& scenario, const Policy& policy, std::span<const double* const> known) const {
    std::vector<Shock> shocks = shocks_of(scenario);
    State state;
    std::vector<double> all;
    all.reserve(rows_.size());
    for (std::size_t i = 0; i < rows_.size(); ++i) {
        if (i < known.size() && known[i] != nullptr) {
            all.push_back(*known[i]);
            continue;
        }
        const Result<double> one = pnl(rows_[i], scenario, policy, shocks, state);
        if (!one) return fail(one.error());
        all.push_back(*one);
    }
    return all;
}

Result<std::vector<Book::Outcome>> Book::outcomes(const Scenario& scenario, const Policy& policy) const {
    std::vector<Shock> shocks = shocks_of(scenario);
    State state;
    std::vector<Outcome> all;
    all.reserve(rows_.size());
    for (const Row& row : rows_) {
        const Result<Outcome> one = outcome(row, scenario, policy, shocks, state);
        if (!one) return fail(one.error());
        all.push_back(*one);
    }
    return all;
}

Result<bool> Book::move(const Row& row, const Scenario& scenario, const Policy& policy, std::vector<Shock>& shocks, State& state) {
    const auto vol_moves = [&](std::size_t mover) { return mover != nowhere && shocks[mover].vol.has_value(); };
    state = row.now;
    if (!is_moved(row, shocks) && std::none_of(row.vol_movers.begin(), row.vol_movers.end(), vol_moves)) return false;
    const std::vector<PriceInput>& inputs = row.account.prepared.inputs();
    const std::vector<VolInput>& vols = row.account.prepared.vol_inputs();
    for (std::size_t i = 0; i < vols.size(); ++i) {
        if (!vol_moves(row.vol_movers[i])) continue;
        const std::optional<U256> vol = moved_vol(vols[i], *shocks[row.vol_movers[i]].vol, policy);
        if (!vol) return fail(ErrorCode::out_of_range, scenario.name + ": the vol of " + vols[i].label + " does not fit");
        state.vols[i] = *vol;
    }
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        if (row.input_movers[i] == nowhere || !shocks[row.input_movers[i]]) continue;
        Shock& shock = shocks[row.input_movers[i]];
        if (!shock.last || shock.last->from != inputs[i].price) shock.last = {inputs[i].price, scaled(inputs[i].price, 1 + *shock.spot)};
        if (!shock.last->to) return fail(ErrorCode::out_of_range, scenario.name + ": the price of " + inputs[i].label + " does not fit");
        state.prices[i] = *shock.last->to;
    }
    return true;
}

double Book::unit(const Row& row, const std::vector<Shock>& shocks) {
    const bool moves = row.numeraire_mover != nowhere && shocks[row.numeraire_mover];
    return moves ? row.unit * (1 + *shocks[row.numeraire_mover].spot) : row.unit;
}

Result<double> Book::pnl(const Row& row, const Scenario& scenario, const Policy& policy, std::vector<Shock>& shocks, State& state) {
    const Result<bool> moves = move(row, scenario, policy, shocks, state);
    if (!moves) return fail(moves.error());
    if (!*moves) return 0.0;
    const Result<Standing> there = row.account.prepared.at(state);
    if (!there) return fail(there.error().code, scenario.name + ": " + row.account.key.to_string() + ": " + there.error().message);
    return there->equity.to_double() * unit(row, shocks) - row.equity;
}

Result<Book::Outcome> Book::outcome(const Row& row, const Scenario& scenario, const Policy& policy, std::vector<Shock>& shocks, State& state) {
    const Result<bool> moves = move(row, scenario, policy, shocks, state);
    if (!moves) return fail(moves.error());
    const Result<Standing> there = row.account.prepared.at(state);
    if (!there) return fail(there.error().code, scenario.name + ": " + row.account.key.to_string() + ": " + there.error().message);
    const double unit_there = unit(row, shocks);
    Outcome outcome;
    outcome.liquidated = there->liquidatable;
    double loss = row.equity - there->equity.to_double() * unit_there;
    if (outcome.liquidated) {
        const Result<LiquidationTerms> terms = row.account.prepared.terms(state);
        if (!terms) return fail(terms.error().code, scenario.name + ": " + row.account.key.to_string() + ": " + terms.error().message);
        loss += terms->loss.to_double() * unit_there;
    }
    outcome.pnl = -std::min(loss, std::max(row.equity, 0.0));
    return outcome;
}

std::vector<Book::Move> Book::moves_to(const std::vector<U256>& prices) const {
    std::vector<Move> moves(movers_.size());
    for (std::size_t i = 0; i < movers_.size(); ++i)
        if (prices[i] != movers_[i].price) moves[i] = {&prices[i], &movers_[i].price, std::nullopt};
    return moves;
}

Result<void> Book::move(const Row& row, std::vector<Move>& moves, State& state) {
    const std::vector<PriceInput>& inputs = row.account.prepared.inputs();
    state = row.now;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        if (row.input_movers[i] == nowhere || !moves[row.input_movers[i]]) continue;
        Move& move = moves[row.input_movers[i]];
        if (!move.last || move.last->from != inputs[i].price)
            move.last = {inputs[i].price, mul_div(inputs[i].price, *move.to, *move.from, Rounding::down)};
        if (!move.last->to) return fail(ErrorCode::out_of_range, "the price of " + inputs[i].label + " does not fit");
        state.prices[i] = *move.last->to;
    }
    return {};
}

double Book::unit(const Row& row, const std::vector<Move>& moves) {
    if (row.numeraire_mover == nowhere || !moves[row.numeraire_mover]) return row.unit;
    const Move& move = moves[row.numeraire_mover];
    return row.unit * (move.to->to_double() / move.from->to_double());
}

Result<double> Book::excess(const std::vector<U256>& prices) const {
    std::vector<Move> moves = moves_to(prices);
    State state;
    double sum = 0;
    for (const Row& row : rows_) {
        if (!is_moved(row, moves)) {
            sum += row.excess;
            continue;
        }
        if (const Result<void> known = move(row, moves, state); !known) return fail(known.error());
        const Result<Standing> there = row.account.prepared.at(state);
        if (!there) return fail(there.error().code, row.account.key.to_string() + ": " + there.error().message);
        sum += (there->equity.to_double() - there->maintenance.to_double()) * unit(row, moves);
    }
    return sum;
}

Certainty Book::deficit(const std::vector<U256>& low, const std::vector<U256>& high) const {
    std::vector<Move> down = moves_to(low);
    std::vector<Move> up = moves_to(high);
    State bottom;
    State top;
    double least = 0;
    double largest = 0;
    double magnitude = 0;
    for (const Row& row : rows_) {
        if (!is_moved(row, down) && !is_moved(row, up)) {
            least += row.excess;
            largest += row.excess;
            magnitude += std::abs(row.excess);
            continue;
        }
        const bool fits = move(row, down, bottom).has_value() && move(row, up, top).has_value();
        const std::optional<Enclosure> enclosure = fits ? row.account.prepared.between(bottom, top) : std::nullopt;
        if (!enclosure) return Certainty::unknown;
        const double lowest = enclosure->least_excess.to_double();
        const double highest = enclosure->largest_excess.to_double();
        const std::array units{unit(row, down), unit(row, up)};
        least += lowest * units[lowest < 0 ? 1 : 0];
        largest += highest * units[highest < 0 ? 0 : 1];
        magnitude += 2 * enclosure->magnitude.to_double() * units[1];
    }
    // More than what each conversion, product and sum, here and in excess(), can be off by.
    const double slack = magnitude * 0x1p-51 * (static_cast<double>(rows_.size()) + 32);
    if (least > slack) return Certainty::sound;
    return largest < -slack ? Certainty::broken : Certainty::mixed;
}

}  // namespace margind::risk
