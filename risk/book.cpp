// Revaluation of a book through each account's own rule.
#include "risk/book.hpp"

#include <algorithm>
#include <optional>

namespace margind::risk {

using namespace model;

Result<Book> Book::make(std::span<const BookAccount> accounts, const Valuation& valuation) {
    Book book;
    for (const BookAccount& account : accounts) {
        const Result<Standing> now = account.prepared.at(account.prepared.current());
        if (!now) return fail(now.error());
        Row row{account, AssetId{now->equity.unit}, 0, 0, 0, {}};
        for (const PriceInput& input : account.prepared.inputs()) row.exposed.insert(input.underlying);
        row.exposed.insert(row.numeraire);
        row.exposed.erase(AssetId{"USD"});
        const Result<double> unit = valuation.firm_price(row.numeraire);
        if (!unit) return fail(unit.error());
        row.equity = now->equity.to_double() * *unit;
        row.excess = (now->equity.to_double() - now->maintenance.to_double()) * *unit;
        row.initial = now->initial.to_double() * *unit;
        book.underlyings_.insert(row.exposed.begin(), row.exposed.end());
        for (const Position& position : account.positions)
            if (position.underlying.symbol != "USD") book.underlyings_.insert(position.underlying);
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
    return book;
}

Result<double> Book::pnl(std::size_t index, const Scenario& scenario) const {
    const Row& row = rows_[index];
    const bool moves = std::any_of(scenario.shocks.begin(), scenario.shocks.end(),
                                   [&](const auto& shock) { return row.exposed.contains(shock.first); });
    if (!moves) return 0.0;
    const std::vector<PriceInput>& inputs = row.account.prepared.inputs();
    State state = row.account.prepared.current();
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        const auto shock = scenario.shocks.find(inputs[i].underlying);
        if (shock == scenario.shocks.end()) continue;
        const std::optional<U256> price = scaled(inputs[i].price, 1 + shock->second);
        if (!price) return fail(ErrorCode::out_of_range, scenario.name + ": the price of " + inputs[i].label + " does not fit");
        state.prices[i] = *price;
    }
    const Result<Standing> there = row.account.prepared.at(state);
    if (!there) return fail(there.error().code, scenario.name + ": " + row.account.key.to_string() + ": " + there.error().message);
    const auto shock = scenario.shocks.find(row.numeraire);
    const double unit = prices_.at(row.numeraire) * (shock == scenario.shocks.end() ? 1.0 : 1 + shock->second);
    return there->equity.to_double() * unit - row.equity;
}

Result<double> Book::excess(const std::vector<U256>& prices) const {
    // By underlying: where it stands, where it stood.
    std::map<AssetId, std::pair<const U256*, const U256*>> moved;
    for (std::size_t i = 0; i < movers_.size(); ++i)
        if (prices[i] != movers_[i].price) moved[movers_[i].underlying] = {&prices[i], &movers_[i].price};
    double sum = 0;
    for (const Row& row : rows_) {
        const bool moves = std::any_of(moved.begin(), moved.end(), [&](const auto& m) { return row.exposed.contains(m.first); });
        if (!moves) {
            sum += row.excess;
            continue;
        }
        const std::vector<PriceInput>& inputs = row.account.prepared.inputs();
        State state = row.account.prepared.current();
        for (std::size_t i = 0; i < inputs.size(); ++i) {
            const auto move = moved.find(inputs[i].underlying);
            if (move == moved.end()) continue;
            const std::optional<U256> price = mul_div(inputs[i].price, *move->second.first, *move->second.second, Rounding::down);
            if (!price) return fail(ErrorCode::out_of_range, "the price of " + inputs[i].label + " does not fit");
            state.prices[i] = *price;
        }
        const Result<Standing> there = row.account.prepared.at(state);
        if (!there) return fail(there.error().code, row.account.key.to_string() + ": " + there.error().message);
        double unit = prices_.at(row.numeraire);
        if (const auto move = moved.find(row.numeraire); move != moved.end())
            unit *= move->second.first->to_double() / move->second.second->to_double();
        sum += (there->equity.to_double() - there->maintenance.to_double()) * unit;
    }
    return sum;
}

}  // namespace margind::risk
