// The Aave pool of a local chain with random accounts.
#include "tests/support/aave_truth.hpp"

#include <algorithm>
#include <iostream>

namespace margind::tests {

using model::BlockRef;
using model::FactsPtr;
using model::I256;
using model::NativeFigure;
using model::State;
using model::U256;
using nlohmann::json;

json object(std::initializer_list<std::pair<const char*, json>> fields) {
    json out = json::object();
    for (const auto& [name, value] : fields) out[name] = value;
    return out;
}

std::vector<std::string> differences(const std::vector<NativeFigure>& ours, const std::array<U256, 6>& pool) {
    static const std::array<const char*, 6> names{"totalCollateralBase", "totalDebtBase", "availableBorrowsBase",
                                                  "currentLiquidationThreshold", "ltv", "healthFactor"};
    std::vector<std::string> found;
    if (ours.size() != names.size()) return {"there are " + std::to_string(ours.size()) + " figures"};
    for (std::size_t i = 0; i < names.size(); ++i) {
        const bool no_debt = pool[i] == U256::max();
        const bool same = no_debt ? ours[i].value.to_word() == *model::checked_sub(U256::pow2(255), U256(1))
                                  : ours[i].value == I256::from(pool[i]);
        if (ours[i].name != names[i] || !same)
            found.push_back(std::string(names[i]) + ": pool " + pool[i].to_decimal() + ", ours " + ours[i].value.to_decimal());
    }
    return found;
}

void AaveTruth::make_accounts(int seed, int count, std::vector<AaveAccount>& accounts) {
    const json made = chain_.verb(market_.random, object({{"seed", seed}, {"count", count}}));
    for (const json& one : made.at("accounts"))
        accounts.push_back({model::Address::parse(one.at("user").get<std::string>()).value(),
                            one.at("kind").get<std::string>(), nullptr});
}

void AaveTruth::read_facts(std::vector<AaveAccount>& accounts, const FactsPtr& venue, const BlockRef& block) {
    std::vector<model::Address> owners;
    for (const AaveAccount& account : accounts) owners.push_back(account.owner);
    const auto readings = road_.single_accounts(venue, owners, block);
    for (std::size_t i = 0; i < accounts.size(); ++i) {
        ASSERT_TRUE(readings[i]) << accounts[i].kind << ": " << readings[i].error().message;
        accounts[i].facts = readings[i]->facts;
        const auto pool = aave_truth(chain_, accounts[i].owner, block, market_);
        if (!accounts[i].facts) {
            // There is no account, and the pool knows of nothing either.
            EXPECT_TRUE(readings[i]->views.empty()) << accounts[i].kind;
            EXPECT_TRUE(pool[0].is_zero() && pool[1].is_zero()) << accounts[i].kind;
            continue;
        }
        // The views that the reading gives are the pool's own.
        expect_same(readings[i]->views, pool, accounts[i].kind + ", view");
    }
}

std::unique_ptr<model::PreparedAccount> AaveTruth::prepare(const FactsPtr& venue, const FactsPtr& account) {
    auto prepared = road_.adapter().rule().prepare(*venue, *account, assets_);
    if (!prepared) {
        ADD_FAILURE() << prepared.error().message;
        return nullptr;
    }
    return std::move(*prepared);
}

void AaveTruth::expect_same(const std::vector<NativeFigure>& ours, const std::array<U256, 6>& pool, const std::string& what) {
    ++checks_;
    for (const std::string& one : differences(ours, pool)) {
        ++differences_;
        ADD_FAILURE() << what << ": " << one;
    }
}

void AaveTruth::compare(const std::vector<AaveAccount>& accounts, const FactsPtr& venue, const BlockRef& block,
                        const std::string& what, const FactsPtr& priced_by, std::int64_t offset) {
    for (const AaveAccount& account : accounts) {
        if (!account.facts) continue;
        const auto prepared = prepare(venue, account.facts);
        ASSERT_NE(prepared, nullptr);
        State state = prepared->current();
        if (priced_by) state = prepare(priced_by, account.facts)->current();
        state.time_offset_s = offset;
        const auto figures = prepared->native(state);
        ASSERT_TRUE(figures) << what << ": " << figures.error().message;
        const auto pool = aave_truth(chain_, account.owner, block, market_);
        expect_same(*figures, pool, what + ", " + account.kind);
        // Liquidatable as the pool compares: below 10^18, with debt.
        const auto standing = prepared->at(state);
        ASSERT_TRUE(standing) << standing.error().message;
        EXPECT_EQ(standing->liquidatable, !pool[1].is_zero() && pool[5] < U256::pow10(18)) << what << ", " << account.kind;
        const U256& bigger = std::max(pool[0], pool[1]);
        const U256& smaller = std::min(pool[0], pool[1]);
        EXPECT_EQ(standing->equity.raw, *I256::make(pool[0] < pool[1], *model::checked_sub(bigger, smaller)));
    }
}

void AaveTruth::report(const std::string& name) const {
    std::cout << name << ": " << checks_ << " checks of six figures, " << differences_ << " differences\n";
}

void AaveTruth::send(const std::string& role, const model::Address& to, const model::Bytes& data) {
    const std::string from = chain_.ready().at("roles").contains(role)
                                 ? chain_.ready().at("roles").at(role).get<std::string>()
                                 : role;
    json params = json::array();
    params.push_back(object({{"from", from}, {"to", to.to_string()}, {"data", model::to_hex(data)}, {"gas", "0x989680"}}));
    const json receipt = chain_.rpc("eth_sendTransactionSync", params);
    ASSERT_EQ(receipt.at("status").get<std::string>(), "0x1") << receipt.dump();
}

void AaveTruth::set_price(const char* asset, const char* answer) {
    chain_.verb("set_price", object({{"asset", asset}, {"answer", answer}}));
}

}  // namespace margind::tests
