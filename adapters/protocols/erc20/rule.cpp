// A wallet's holdings in the common form.
#include "adapters/protocols/erc20/rule.hpp"

#include "adapters/protocols/erc20/facts.hpp"

#include <utility>

namespace margind::adapters::protocols::erc20 {

using model::Error;
using model::ErrorCode;
using model::fail;
using model::Facts;
using model::I256;
using model::Money;
using model::Result;
using model::State;
using model::U256;

std::string token_fact(unsigned number, std::string_view field) {
    std::string name("token.");
    for (const unsigned place : {100U, 10U, 1U}) name.push_back(static_cast<char>('0' + number / place % 10));
    name.append(1, '.').append(field);
    return name;
}

model::NativeFigure balance_figure(const model::Address& token, const U256& balance, std::uint8_t decimals) {
    static const I256 largest = *I256::from(*model::checked_sub(U256::pow2(255), U256(1)));
    return {token.to_string(), I256::from(balance).value_or(largest), decimals};
}

namespace {

class PreparedWallet final : public model::PreparedAccount {
public:
    PreparedWallet(std::vector<model::Position> positions, std::vector<model::NativeFigure> balances)
        : positions_(std::move(positions)), balances_(std::move(balances)) {}

    const std::vector<model::PriceInput>& inputs() const override {
        static const std::vector<model::PriceInput> none;
        return none;
    }
    /// No venue prices it: what it is worth follows from reference prices, outside of this rule.
    Result<model::Standing> at(const State&) const override { return model::Standing{usd(), usd(), usd(), false}; }
    Result<std::vector<model::NativeFigure>> native(const State&) const override { return balances_; }
    Result<model::LiquidationTerms> terms(const State&) const override { return model::LiquidationTerms{0, 0, usd()}; }
    Result<std::vector<model::Position>> positions(const State&) const override { return positions_; }
    std::vector<model::AdjustmentOption> options() const override { return {}; }
    Result<std::unique_ptr<PreparedAccount>> with(const model::Adjustment&) const override {
        return fail(ErrorCode::bad_input, "a wallet has nothing to adjust");
    }

private:
    static Money usd() { return {I256{}, 8, "USD"}; }

    std::vector<model::Position> positions_;
    std::vector<model::NativeFigure> balances_;
};

Result<model::Position> position_of(const model::AssetMapping& mapping, const U256& balance, std::uint8_t decimals) {
    const std::optional<U256> units = units_of(mapping, balance);
    const std::optional<I256> quantity = units ? I256::from(*units) : std::nullopt;
    if (!quantity) return fail(ErrorCode::out_of_range, "a balance of " + balance.to_decimal() + " " + mapping.label + " does not fit");
    model::Position position;
    position.instrument = mapping.ratio ? model::Instrument::vault_share : model::Instrument::spot;
    position.underlying = stands_for(mapping);
    position.label = mapping.label;
    position.quantity = {*quantity, decimals, position.underlying.symbol};
    // Set from reference prices.
    for (Money* money : {&position.mark, &position.notional, &position.accrued, &position.carry_per_day}) *money = {I256{}, 8, "USD"};
    return position;
}

class Rule final : public model::VenueRule {
public:
    Result<std::unique_ptr<model::PreparedAccount>> prepare(const Facts& venue, const Facts& account,
                                                            const model::AssetMap& assets) const override {
        if (venue.schema() != venue_schema || account.schema() != account_schema)
            return fail(ErrorCode::unknown_schema, "facts have the schemas " + venue.schema() + " and " + account.schema());
        const Result<std::uint64_t> chain = venue.u64("chain_id");
        const Result<std::uint64_t> count = venue.u64("tokens");
        if (!chain) return fail(chain.error());
        if (!count) return fail(count.error());
        std::vector<model::Position> positions;
        std::vector<model::NativeFigure> balances;
        for (unsigned i = 0; i < *count; ++i) {
            if (account.find(token_fact(i, "balance")) == nullptr) continue;
            const Result<U256> balance = account.u256(token_fact(i, "balance"));
            const Result<model::Address> token = venue.address(token_fact(i, "address"));
            const Result<std::uint64_t> decimals = venue.u64(token_fact(i, "decimals"));
            if (!balance) return fail(balance.error());
            if (!token) return fail(token.error());
            if (!decimals) return fail(decimals.error());
            if (*decimals > model::max_decimals)
                return fail(ErrorCode::decode, token->to_string() + " has " + std::to_string(*decimals) + " decimals");
            const model::AssetMapping* mapping = assets.find({*chain}, *token);
            if (mapping == nullptr)
                return fail(ErrorCode::missing,
                            "unmapped_asset " + token->to_string() + " on chain " + std::to_string(*chain) + ": add it to the asset table");
            Result<model::Position> position = position_of(*mapping, *balance, static_cast<std::uint8_t>(*decimals));
            if (!position) return fail(position.error());
            positions.push_back(std::move(*position));
            balances.push_back(balance_figure(*token, *balance, static_cast<std::uint8_t>(*decimals)));
        }
        return std::make_unique<PreparedWallet>(std::move(positions), std::move(balances));
    }

    bool has_margin() const override { return false; }

    std::vector<model::TokenRatio> ratios(const Facts& venue) const override {
        std::vector<model::TokenRatio> all;
        const Result<std::uint64_t> chain = venue.u64("chain_id");
        const Result<std::uint64_t> count = venue.u64("tokens");
        if (venue.schema() != venue_schema || !chain || !count) return all;
        for (unsigned i = 0; i < *count; ++i) {
            if (venue.find(token_fact(i, "units")) == nullptr) continue;
            const Result<U256> units = venue.u256(token_fact(i, "units"));
            const Result<model::Address> token = venue.address(token_fact(i, "address"));
            if (units && token && !units->is_zero()) all.push_back({{*chain}, *token, *units});
        }
        return all;
    }
};

}  // namespace

const model::VenueRule& rule() {
    static const Rule instance;
    return instance;
}

}  // namespace margind::adapters::protocols::erc20
