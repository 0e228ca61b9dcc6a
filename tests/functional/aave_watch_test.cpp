// Which logs tell that an Aave account changed, against the real contracts: over random blocks in which everything happens that can
// happen to an account, stored facts change only where a log names the owner. Logs come by eth_getLogs without our client.
#include "risk/model/keccak.hpp"
#include "tests/support/aave_truth.hpp"

#include <algorithm>
#include <iostream>
#include <map>
#include <random>
#include <set>
#include <string_view>

namespace margind::tests {
namespace {

using model::Address;
using model::BlockRef;
using model::FactsPtr;
using model::U256;
using nlohmann::json;

constexpr int random_blocks = 600;
constexpr std::uint64_t whole[] = {1'000'000'000'000'000'000, 100'000'000, 1'000'000, 1'000'000'000'000'000'000};
constexpr const char* symbols[] = {"WETH", "WBTC", "USDC", "DAI"};

class AaveWatch : public AaveLines {
protected:
    struct Token {
        Address address;
        Address a_token;
        std::vector<Address> debts;
        /// Raw units worth about 1,000 USD.
        U256 thousand;
    };

    AaveWatch() : pool_(part("pool")) {
        for (std::size_t i = 0; i < 10; ++i) add_user(chain_.ready().at("accounts").at(i).get<std::string>());
        for (const char* role : {"treasury", "liquidator", "lender"}) add_user(chain_.ready().at("roles").at(role).get<std::string>());
        owner_ = chain_.ready().at("roles").at("owner").get<std::string>();
        keeper_ = chain_.ready().at("roles").at("keeper").get<std::string>();
        const std::uint64_t prices[] = {3'000, 60'000, 1, 1};
        for (std::size_t i = 0; i < 4; ++i) {
            Token token;
            token.address = chain_.address(std::string("/tokens/") + symbols[i] + "/address");
            const auto words = words_of(chain_.call(pool_, call_data("getReserveData(address)", {word_of(token.address)})));
            token.a_token = as_address(words.at(8));
            token.debts.push_back(as_address(words.at(10)));
            if (has_stable_debt_) token.debts.push_back(as_address(words.at(9)));
            token.thousand = *model::checked_div(*model::checked_mul(U256(whole[i]), U256(1'000)), U256(prices[i]));
            tokens_.push_back(token);
        }
    }

    static Address as_address(const U256& word) {
        const std::string digits = word.to_hex().substr(2);
        return Address::parse("0x" + std::string(40 - digits.size(), '0') + digits).value();
    }

    void add_user(const std::string& text) {
        users_.push_back(Address::parse(text).value());
        chain_.rpc("anvil_setBalance", {text, "0xd3c21bcecceda1000000"});
    }

    /// Into the block that mine() makes.
    void queue(const std::string& from, const Address& to, const model::Bytes& data) {
        json params = json::array();
        params.push_back(object({{"from", from}, {"to", to.to_string()}, {"data", model::to_hex(data)}, {"gas", "0x1e8480"}}));
        queued_.push_back(chain_.rpc("eth_sendTransaction", params).get<std::string>());
    }
    void queue(const Address& from, const Address& to, const model::Bytes& data) { queue(from.to_string(), to, data); }

    /// How many of the queued transactions went through.
    int mine(std::int64_t seconds) {
        chain_.rpc("evm_setNextBlockTimestamp", json::array({chain_.head().time + seconds}));
        chain_.rpc("evm_mine");
        int good = 0;
        for (const std::string& hash : queued_)
            if (chain_.rpc("eth_getTransactionReceipt", json::array({hash})).at("status") == "0x1") ++good;
        queued_.clear();
        return good;
    }

    void prepare_users() {
        if (has_stable_debt_) send(owner_, part("acl_manager"), call_data("addBridge(address)", {word_of(users_[0])}));
        for (const Token& token : tokens_) {
            const Address configurator = part("pool_configurator");
            // Liquidators share their bonus with the treasury, in aTokens.
            send(owner_, configurator, call_data("setLiquidationProtocolFee(address,uint256)", {word_of(token.address), U256(1'000)}));
            if (!has_stable_debt_) continue;
            send(owner_, configurator, call_data("setReserveStableRateBorrowing(address,bool)", {word_of(token.address), U256(1)}));
            send(owner_, configurator, call_data("setUnbackedMintCap(address,uint256)", {word_of(token.address), U256(1'000'000)}));
        }
        chain_.rpc("evm_setAutomine", {false});
        for (const Address& user : users_) {
            for (const Token& token : tokens_) {
                queue(user, token.address, call_data("mint(address,uint256)", {word_of(user), *model::checked_mul(token.thousand, U256(1'000'000))}));
                queue(user, token.address, call_data("approve(address,uint256)", {word_of(pool_), U256::max()}));
                for (const Address& debt : token.debts)
                    queue(user, debt, call_data("approveDelegation(address,uint256)", {word_of(users_[1]), U256::max()}));
            }
            ASSERT_EQ(mine(1), has_stable_debt_ ? 16 : 12);
        }
    }

    std::size_t pick(std::size_t count) { return std::uniform_int_distribution<std::size_t>(0, count - 1)(random_); }
    U256 amount(const Token& token) { return *model::checked_div(*model::checked_mul(token.thousand, U256(1 + pick(20'000))), U256(1'000)); }
    U256 mode() { return U256(has_stable_debt_ ? 1 + pick(2) : 2); }

    /// One random thing that somebody does; many are refused by the pool, as for any user.
    void act() {
        const Address& user = users_[pick(users_.size())];
        const Address& other = users_[pick(users_.size())];
        const Token& token = tokens_[pick(tokens_.size())];
        const U256 some = amount(token);
        const U256 all_or_some = pick(3) == 0 ? U256::max() : some;
        const auto pool = [&](const char* name, const std::vector<U256>& words) {
            acts_[name]++;
            queue(user, pool_, call_data(name, words));
        };
        switch (pick(18)) {
            case 0:
            case 1: return pool("supply(address,uint256,address,uint16)", {word_of(token.address), some, word_of(user), U256()});
            case 2: return pool("supply(address,uint256,address,uint16)", {word_of(token.address), some, word_of(other), U256()});
            case 3: return pool("withdraw(address,uint256,address)", {word_of(token.address), all_or_some, word_of(other)});
            case 4:
            case 5: return pool("borrow(address,uint256,uint256,uint16,address)", {word_of(token.address), some, mode(), U256(), word_of(user)});
            case 6:
                acts_["borrow by delegate"]++;
                return queue(
                    users_[1], pool_,
                    call_data("borrow(address,uint256,uint256,uint16,address)", {word_of(token.address), some, mode(), U256(), word_of(other)}));
            case 7: return pool("repay(address,uint256,uint256,address)", {word_of(token.address), all_or_some, mode(), word_of(user)});
            // The pool repays all on behalf of another only when the amount says so.
            case 8: return pool("repay(address,uint256,uint256,address)", {word_of(token.address), some, mode(), word_of(other)});
            case 9: return pool("repayWithATokens(address,uint256,uint256)", {word_of(token.address), all_or_some, mode()});
            case 10:
                acts_["aToken transfer"]++;
                return queue(user, token.a_token, call_data("transfer(address,uint256)", {word_of(other), some}));
            case 11: return pool("setUserUseReserveAsCollateral(address,bool)", {word_of(token.address), U256(pick(2))});
            case 12: return pool("setUserEMode(uint8)", {U256(pick(2))});
            case 13: return pool("swapBorrowRateMode(address,uint256)", {word_of(token.address), mode()});
            case 14: return pool("rebalanceStableBorrowRate(address,address)", {word_of(token.address), word_of(other)});
            case 15:
                return pool("liquidationCall(address,address,address,uint256,bool)",
                            {word_of(token.address), word_of(tokens_[pick(4)].address), word_of(other), U256::max(), U256(pick(2))});
            case 16: return move_price();
            default: return rare(token, other, some);
        }
    }

    void rare(const Token& token, const Address& other, const U256& some) {
        switch (pick(4)) {
            case 0: {
                acts_["mintToTreasury"]++;
                return queue(other, pool_, call_data("mintToTreasury(address[])", {U256(32), U256(1), word_of(token.address)}));
            }
            case 1:
                acts_["mintUnbacked"]++;
                return queue(users_[0], pool_,
                             call_data("mintUnbacked(address,uint256,address,uint16)", {word_of(token.address), some, word_of(other), U256()}));
            case 2:
                acts_["backUnbacked"]++;
                return queue(users_[0], pool_, call_data("backUnbacked(address,uint256,uint256)", {word_of(token.address), some, U256(1)}));
            default: return move_price();
        }
    }

    /// From half to 1.2 times the first price: some become liquidatable, some can no longer borrow.
    void move_price() {
        acts_["price"]++;
        const char* feed = pick(2) == 0 ? "ETH" : "BTC";
        const std::uint64_t usd = (feed[0] == 'E' ? 3'000 : 60'000) * (50 + pick(70)) / 100;
        queue(keeper_, chain_.address(std::string("/feeds/") + feed),
              call_data("updateAnswer(int256)", {*model::checked_mul(U256(usd), U256(100'000'000))}));
    }

    /// Of one whose health factor is below 1: some pairs of collateral and debt, of which the pool takes what fits.
    void liquidate() {
        const model::I256 one = model::I256::from(U256::pow10(18)).value();
        const std::size_t start = pick(users_.size());
        for (std::size_t i = 0; i < users_.size(); ++i) {
            const std::size_t u = (start + i) % users_.size();
            if (views_[u].empty() || !(views_[u].at(5).value < one)) continue;
            const Address& liquidator = users_[pick(users_.size())];
            for (int k = 0; k < 5; ++k) {
                acts_["liquidation of one who may be"]++;
                queue(liquidator, pool_,
                      call_data(
                          "liquidationCall(address,address,address,uint256,bool)",
                          {word_of(tokens_[pick(4)].address), word_of(tokens_[pick(4)].address), word_of(users_[u]), U256::max(), U256(pick(2))}));
            }
            return;
        }
    }

    /// By the venue facts of the first block, and the views beside them.
    std::vector<FactsPtr> facts_at(const BlockRef& block) {
        std::vector<FactsPtr> facts;
        views_.clear();
        for (auto& reading : road_.single_accounts(venue_, users_, block)) {
            if (!reading) throw std::runtime_error(reading.error().message);
            facts.push_back(reading->facts);
            views_.push_back(reading->views);
        }
        return facts;
    }

    std::set<Address> named_by_logs(std::uint64_t first, std::uint64_t last) {
        json query = json::object();
        query["address"] = json::array();
        for (const Address& address : watch_->addresses) query["address"].push_back(address.to_string());
        json signatures = json::array();
        for (const model::Bytes32& topic : watch_->topics) signatures.push_back(topic.to_string());
        query["topics"] = json::array();
        query["topics"].push_back(signatures);
        query["fromBlock"] = hex(first);
        query["toBlock"] = hex(last);
        json params = json::array();
        params.push_back(query);
        std::set<Address> named;
        for (const json& row : chain_.rpc("eth_getLogs", params)) {
            adapters::Log log;
            log.address = Address::parse(row.at("address").get<std::string>()).value();
            for (const json& topic : row.at("topics")) log.topics.push_back(model::Bytes32::parse(topic.get<std::string>()).value());
            log.data = model::bytes_from_hex(row.at("data").get<std::string>()).value();
            events_[log.topics.at(0)]++;
            if (log.topics.at(0) == model::keccak256("LiquidationCall(address,address,address,uint256,uint256,address,bool)") &&
                log.data.back() == std::byte{1})
                ++liquidations_for_a_tokens_;
            for (const Address& owner : road_.adapter().touched(log)) named.insert(owner);
        }
        return named;
    }

    static std::string hex(std::uint64_t number) {
        std::string text;
        do text.insert(text.begin(), "0123456789abcdef"[number % 16]);
        while (number /= 16);
        return "0x" + text;
    }

    static bool same(const FactsPtr& a, const FactsPtr& b) { return a && b ? *a == *b : a == b; }

    void begin() {
        block_ = chain_.head();
        venue_ = road_.venue(block_);
        watch_ = road_.adapter().watch(*venue_);
        facts_ = facts_at(block_);
    }

    /// What happened since the last call: whose facts changed against whom the logs name.
    void compare_with_logs() {
        const BlockRef next = chain_.head();
        const std::set<Address> in_logs = named_by_logs(block_.number + 1, next.number);
        const std::vector<FactsPtr> after = facts_at(next);
        for (std::size_t u = 0; u < users_.size(); ++u) {
            const bool is_named = in_logs.contains(users_[u]);
            const bool is_changed = !same(facts_[u], after[u]);
            named_ += is_named;
            changed_ += is_changed;
            named_in_vain_ += is_named && !is_changed;
            untouched_ += !is_named;
            EXPECT_TRUE(is_named || !is_changed) << "block " << next.number << ": " << users_[u].to_string() << " changed, and no log names it";
        }
        facts_ = after;
        block_ = next;
    }

    /// A block with this one transaction, which must go through.
    void alone(const Address& from, const Address& to, const model::Bytes& data) {
        queue(from, to, data);
        ASSERT_EQ(mine(1), 1) << from.to_string() << " " << model::to_hex(data);
        compare_with_logs();
    }

    /// A debt that its collateral does not cover, liquidated: what is left of it becomes the reserve's deficit.
    void leave_a_deficit() {
        const Token& usdc = tokens_[2];
        const Token& weth = tokens_[0];
        const auto times = [](const U256& amount, std::uint64_t percent) {
            return *model::mul_div(amount, U256(percent), U256(100), model::Rounding::down);
        };
        const auto price = [&](std::uint64_t usd) {
            queue(keeper_, chain_.address("/feeds/ETH"), call_data("updateAnswer(int256)", {*model::checked_mul(U256(usd), U256(100'000'000))}));
            ASSERT_EQ(mine(1), 1);
            compare_with_logs();
        };
        alone(users_[2], pool_,
              call_data("supply(address,uint256,address,uint16)", {word_of(weth.address), times(weth.thousand, 200), word_of(users_[2]), U256()}));
        alone(users_[2], pool_, call_data("borrow(address,uint256,uint256,uint16,address)",
                                          {word_of(usdc.address), times(usdc.thousand, 150), U256(2), U256(), word_of(users_[2])}));
        price(1'500);
        alone(users_[3], pool_, call_data("liquidationCall(address,address,address,uint256,bool)",
                                          {word_of(weth.address), word_of(usdc.address), word_of(users_[2]), U256::max(), U256()}));
        price(3'000);
    }

    /// A stable loan at a rate that has become too low: rebalanced by anybody.
    void rebalance_a_stable_loan() {
        const Token& usdc = tokens_[2];
        const Token& weth = tokens_[0];
        const auto available = [&] { return words_of(chain_.call(usdc.address, call_data("balanceOf(address)", {word_of(usdc.a_token)}))).at(0); };
        const auto part_of = [](const U256& all, std::uint64_t percent) {
            return *model::mul_div(all, U256(percent), U256(100), model::Rounding::down);
        };
        for (const std::size_t user : {2U, 3U})
            alone(users_[user], pool_,
                  call_data("supply(address,uint256,address,uint16)",
                            {word_of(weth.address), *model::checked_mul(weth.thousand, U256(300'000)), word_of(users_[user]), U256()}));
        const auto borrow = [&](std::size_t user, std::uint64_t percent, std::uint64_t rate_mode) {
            alone(users_[user], pool_,
                  call_data("borrow(address,uint256,uint256,uint16,address)",
                            {word_of(usdc.address), part_of(available(), percent), U256(rate_mode), U256(), word_of(users_[user])}));
        };
        for (int i = 0; i < 4; ++i) borrow(2, 20, 1);
        borrow(3, 99, 2);
        alone(users_[4], pool_, call_data("rebalanceStableBorrowRate(address,address)", {word_of(usdc.address), word_of(users_[2])}));
    }

    /// And bridges, as 3.0 has.
    const bool has_stable_debt_ = market_.name == std::string_view(aave_30.name);
    Address pool_;
    std::string owner_;
    std::string keeper_;
    std::vector<Address> users_;
    std::vector<Token> tokens_;
    std::vector<std::string> queued_;
    std::mt19937_64 random_{20'261'120};
    std::map<std::string, int> acts_;
    std::map<model::Bytes32, int> events_;
    BlockRef block_;
    FactsPtr venue_;
    std::optional<adapters::Watch> watch_;
    std::vector<FactsPtr> facts_;
    std::vector<std::vector<model::NativeFigure>> views_;
    int changed_ = 0;
    int named_ = 0;
    int named_in_vain_ = 0;
    int untouched_ = 0;
    int liquidations_for_a_tokens_ = 0;
};

INSTANTIATE_TEST_SUITE_P(Aave, AaveWatch, testing::Values(aave_30, aave_36), name_of_market);

TEST_P(AaveWatch, names_every_owner_whose_stored_state_changed) {
    prepare_users();
    if (HasFatalFailure()) return;
    begin();
    ASSERT_TRUE(watch_);
    if (has_stable_debt_)
        rebalance_a_stable_loan();
    else
        leave_a_deficit();
    if (HasFatalFailure()) return;
    int sent = 0;
    int accepted = 0;
    for (int i = 0; i < random_blocks; ++i) {
        // Time alone in each tenth.
        const std::size_t count = i % 10 == 9 ? 0 : 1 + pick(3);
        for (std::size_t k = 0; k < count; ++k) act();
        if (i % 10 == 8) liquidate();
        sent += static_cast<int>(queued_.size());
        accepted += mine(static_cast<std::int64_t>(pick(20) == 0 ? 86'400 * (1 + pick(30)) : 1 + pick(600)));
        compare_with_logs();
        // The pool's own figures alone, by venue facts of a much earlier block.
        if (i % 40 != 0) continue;
        const auto alone = road_.single_views(venue_, users_, block_);
        for (std::size_t u = 0; u < users_.size(); ++u) {
            ASSERT_TRUE(alone[u]) << alone[u].error().message;
            // Of a user with nothing there is no account, and so no view beside it.
            if (!views_[u].empty()) {
                EXPECT_EQ(*alone[u], views_[u]);
            }
            expect_same(*alone[u], aave_truth(chain_, users_[u], block_, market_), "views alone");
        }
    }
    std::cout << "Aave watch, " << market_.name << ": " << random_blocks << " blocks, " << accepted << " of " << sent
              << " transactions went through, " << changed_ << " accounts changed, " << named_ << " named by logs, " << named_in_vain_
              << " of them unchanged (" << 100.0 * named_in_vain_ / std::max(named_, 1) << " %), " << untouched_
              << " times an account was named by none and equal\n";
    for (const auto& [act, times] : acts_) std::cout << "  " << times << " " << act << "\n";
    EXPECT_GE(changed_, has_stable_debt_ ? 400 : 300);
    EXPECT_GE(untouched_, 4'000);
    // Each watched event was seen, so none is watched under a wrong signature.
    for (const model::Bytes32& topic : watch_->topics) EXPECT_GT(events_[topic], 0) << topic.to_string();
    EXPECT_GT(liquidations_for_a_tokens_, 0);
}

}  // namespace
}  // namespace margind::tests
