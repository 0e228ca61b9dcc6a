// One trader at one block: balances, positions, orders, and the contracts' own verdicts.
#include "adapters/protocols/perp_v2/account.hpp"
#include "adapters/protocols/perp_v2/calls.hpp"
#include "adapters/protocols/perp_v2/readings.hpp"
#include "adapters/protocols/perp_v2/schema.hpp"

#include <algorithm>

namespace margind::adapters::protocols::perp_v2 {

namespace {

using model::Address;
using model::Bytes32;
using model::ErrorCode;
using model::I256;
using model::U256;

std::vector<Address> sorted_addresses(evm::AbiReader& r) {
    std::vector<Address> list = r.array(max_items, [](evm::AbiReader& e) { return e.address(); });
    std::sort(list.begin(), list.end());
    return list;
}

class AccountFacts final : public Reading<AccountReadings> {
public:
    AccountFacts(model::FactsPtr venue, const Address& owner) : venue_(std::move(venue)), known_(*venue_), owner_(owner) {
        house_ = known_.address("clearing_house");
        vault_ = known_.address("vault");
        balances_ = known_.address("account_balance");
        exchange_ = known_.address("exchange");
        order_book_ = known_.address("order_book");
        collateral_manager_ = known_.address("collateral_manager");
        settlement_decimals_ = static_cast<std::uint8_t>(known_.count("settlement_decimals", 18));
        if (venue_->schema() != venue_schema)
            error_ = model::Error{ErrorCode::unknown_schema, "venue facts of schema " + venue_->schema()};
        else if (!known_.ok())
            error_ = known_.error();
    }

    std::vector<Request> next(std::span<const Reply> replies) override {
        if (error_) return {};
        Answers answers(replies);
        std::vector<Request> requests;
        switch (round_++) {
            case 0: requests = ask_account(); break;
            case 1: take_account(answers); requests = ask_holdings(); break;
            case 2: take_holdings(answers); requests = ask_orders(); break;
            case 3: take_orders(answers); break;
            default: break;
        }
        if (!error_) error_ = answers.error();
        if (error_) requests.clear();
        return requests;
    }

    model::Result<AccountReadings> result() override {
        if (error_)
            return model::fail(error_->code, owner_.to_string() + ": " + error_->message, error_->retry);
        if (empty_) return AccountReadings{};
        model::Result<model::FactsPtr> facts = std::move(facts_).build();
        if (!facts) return model::fail(facts.error());
        AccountReading reading;
        reading.facts = *std::move(facts);
        reading.views = std::move(views_);
        return AccountReadings{std::move(reading)};
    }

private:
    evm::AbiWriter owner() const { return evm::AbiWriter().address(owner_); }
    evm::AbiWriter owner_and(const Address& token) const { return evm::AbiWriter().address(owner_).address(token); }

    std::vector<Request> ask_account() const {
        return {view(balances_, "getBaseTokens(address)", owner()),
                view(vault_, "getCollateralTokens(address)", owner()),
                view(vault_, "getBalance(address)", owner()),
                view(balances_, "getPnlAndPendingFee(address)", owner()),
                view(collateral_manager_, "getDebtThresholdByTrader(address)", owner()),
                view(vault_, "getAccountValue(address)", owner()),
                view(house_, "getAccountValue(address)", owner()),
                view(balances_, "getMarginRequirementForLiquidation(address)", owner()),
                view(vault_, "getFreeCollateral(address)", owner()),
                view(vault_, "isLiquidatable(address)", owner())};
    }

    void take_account(Answers& answers) {
        bases_ = answers.take("AccountBalance.getBaseTokens", sorted_addresses);
        tokens_ = answers.take("Vault.getCollateralTokens", sorted_addresses);
        const I256 balance = answers.i256("Vault.getBalance");
        // Before the first that may revert: a market without a price says so by name.
        refuse_unlisted();
        const I256 owed = answers.i256("AccountBalance.getPnlAndPendingFee");
        facts_.add("owner", owner_);
        facts_.add("balance", balance);
        facts_.add("owed_realized_pnl", owed);
        facts_.add("debt_threshold", answers.u256("CollateralManager.getDebtThresholdByTrader"));
        const I256 vault_value = answers.i256(view_vault_account_value);
        const I256 house_value = answers.i256(view_house_account_value);
        const I256 requirement = answers.i256(view_requirement);
        const U256 free = answers.u256(view_free_collateral, 255);
        const bool collateral_liquidatable = answers.boolean(view_collateral_liquidatable);
        facts_.add("markets", U256(bases_.size()));
        facts_.add("collaterals", U256(tokens_.size()));
        views_ = {{view_vault_account_value, vault_value, settlement_decimals_},
                  {view_house_account_value, house_value, 18},
                  {view_requirement, requirement, 18},
                  {view_free_collateral, I256::from(free).value_or(I256()), settlement_decimals_},
                  {view_liquidatable, I256(house_value < requirement ? 1 : 0), 0},
                  {view_collateral_liquidatable, I256(collateral_liquidatable ? 1 : 0), 0}};
        empty_ = bases_.empty() && tokens_.empty() && balance.is_zero() && owed.is_zero();
    }

    /// The venue's lists decide what can be priced: an account beyond them is not known.
    void refuse_unlisted() {
        for (const Address& base : bases_)
            if (!listed(markets, base) && !error_)
                error_ = model::Error{ErrorCode::missing,
                                      "holds market " + base.to_string() + ", which is not among the base_tokens"};
        for (const Address& token : tokens_)
            if (!listed(collaterals, token) && !error_)
                error_ = model::Error{ErrorCode::missing, "holds collateral " + token.to_string() +
                                                              ", which is not among the collateral_tokens"};
    }
    bool listed(const char* list, const Address& token) {
        const std::uint64_t count = known_.count(std::string(list) + "s", max_items);
        for (std::size_t i = 0; i < count; ++i)
            if (known_.address(item(list, i, "token")) == token) return true;
        return false;
    }

    std::vector<Request> ask_holdings() const {
        std::vector<Request> requests;
        for (const Address& base : bases_) {
            requests.push_back(view(balances_, "getAccountInfo(address,address)", owner_and(base)));
            requests.push_back(view(exchange_, "getPendingFundingPayment(address,address)", owner_and(base)));
            requests.push_back(view(order_book_, "getTotalTokenAmountInPoolAndPendingFee(address,address,bool)",
                                    owner_and(base).boolean(false)));
            requests.push_back(view(order_book_, "getOpenOrderIds(address,address)", owner_and(base)));
        }
        for (const Address& token : tokens_)
            requests.push_back(view(vault_, "getBalanceByToken(address,address)", owner_and(token)));
        return requests;
    }

    void take_holdings(Answers& answers) {
        for (std::size_t i = 0; i < bases_.size(); ++i) {
            struct Info {
                I256 size;
                I256 notional;
                I256 growth;
            };
            const Info info = answers.take("AccountBalance.getAccountInfo", [](evm::AbiReader& r) {
                Info read;
                read.size = r.i256();
                read.notional = r.i256();
                read.growth = r.i256();
                return read;
            });
            facts_.add(item(markets, i, "token"), bases_[i]);
            facts_.add(item(markets, i, "taker_size"), info.size);
            facts_.add(item(markets, i, "taker_notional"), info.notional);
            facts_.add(item(markets, i, "last_growth_x96"), info.growth);
            facts_.add(item(markets, i, "funding"), answers.i256("Exchange.getPendingFundingPayment"));
            facts_.add(item(markets, i, "pending_fee"),
                       answers.take("OrderBook.getTotalTokenAmountInPoolAndPendingFee", [](evm::AbiReader& r) {
                           r.skip(1);
                           return r.u256();
                       }));
            orders_.push_back(answers.take("OrderBook.getOpenOrderIds", [](evm::AbiReader& r) {
                return r.array(max_items, [](evm::AbiReader& e) { return e.bytes32(); });
            }));
            std::sort(orders_.back().begin(), orders_.back().end());
            facts_.add(orders_of(i) + "s", U256(orders_.back().size()));
        }
        for (std::size_t i = 0; i < tokens_.size(); ++i) {
            facts_.add(item(collaterals, i, "token"), tokens_[i]);
            const I256 balance = answers.i256("Vault.getBalanceByToken");
            if (balance.is_negative() && !error_)
                error_ = model::Error{ErrorCode::decode, "Vault.getBalanceByToken gave " + balance.to_decimal() + " of " +
                                                             tokens_[i].to_string()};
            facts_.add(item(collaterals, i, "balance"), balance.magnitude());
        }
    }

    std::vector<Request> ask_orders() const {
        std::vector<Request> requests;
        for (const std::vector<Bytes32>& ids : orders_)
            for (const Bytes32& id : ids)
                requests.push_back(view(order_book_, "getOpenOrderById(bytes32)", evm::AbiWriter().bytes32(id)));
        return requests;
    }

    void take_orders(Answers& answers) {
        struct Order {
            U256 liquidity;
            I256 lower;
            I256 upper;
            U256 base_debt;
            U256 quote_debt;
        };
        for (std::size_t i = 0; i < orders_.size(); ++i) {
            for (std::size_t k = 0; k < orders_[i].size(); ++k) {
                const Order order = answers.take("OrderBook.getOpenOrderById", [](evm::AbiReader& r) {
                    Order read;
                    read.liquidity = r.uint(128);
                    read.lower = r.sint(24);
                    read.upper = r.sint(24);
                    r.skip(4);
                    read.base_debt = r.u256();
                    read.quote_debt = r.u256();
                    return read;
                });
                const std::string list = orders_of(i);
                facts_.add(item(list, k, "liquidity"), order.liquidity);
                facts_.add(item(list, k, "lower_tick"), order.lower);
                facts_.add(item(list, k, "upper_tick"), order.upper);
                facts_.add(item(list, k, "base_debt"), order.base_debt);
                facts_.add(item(list, k, "quote_debt"), order.quote_debt);
            }
        }
    }

    model::FactsPtr venue_;
    FactReader known_;
    Address owner_;
    Address house_;
    Address vault_;
    Address balances_;
    Address exchange_;
    Address order_book_;
    Address collateral_manager_;
    std::uint8_t settlement_decimals_ = 0;
    std::vector<Address> bases_;
    std::vector<Address> tokens_;
    std::vector<std::vector<Bytes32>> orders_;
    model::FactsBuilder facts_{account_schema};
    std::vector<model::NativeFigure> views_;
    bool empty_ = false;
    int round_ = 0;
    std::optional<model::Error> error_;
};

}  // namespace

std::unique_ptr<Reading<AccountReadings>> account_reading(model::FactsPtr venue, const Address& owner) {
    return std::make_unique<AccountFacts>(std::move(venue), owner);
}

}  // namespace margind::adapters::protocols::perp_v2
