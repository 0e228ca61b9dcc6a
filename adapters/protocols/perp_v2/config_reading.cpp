// From the clearing house to every contract that it works with.
#include "adapters/protocols/perp_v2/calls.hpp"
#include "adapters/protocols/perp_v2/readings.hpp"
#include "adapters/protocols/perp_v2/schema.hpp"

namespace margind::adapters::protocols::perp_v2 {

namespace {

using model::Address;
using model::ErrorCode;
using model::U256;

class ConfigReading final : public Reading<model::FactsPtr> {
public:
    explicit ConfigReading(const config::Venue& settings)
        : chain_(settings.id.chain),
          house_(settings.addresses.at("clearing_house")),
          bases_(settings.lists.at("base_tokens")),
          collaterals_(settings.lists.at("collateral_tokens")) {}

    std::vector<Request> next(std::span<const Reply> replies) override {
        Answers answers(replies);
        std::vector<Request> requests;
        switch (round_++) {
            case 0: requests = ask_house(); break;
            case 1: take_house(answers); requests = ask_parts(); break;
            case 2: take_parts(answers); requests = ask_lists(); break;
            case 3: take_lists(answers); break;
            default: break;
        }
        if (!error_) error_ = answers.error();
        if (error_) requests.clear();
        return requests;
    }

    model::Result<model::FactsPtr> result() override {
        if (error_) return model::fail(*error_);
        facts_.add("chain_id", U256(chain_.value));
        facts_.add("clearing_house", house_);
        facts_.add("vault", vault_);
        facts_.add("account_balance", account_balance_);
        facts_.add("exchange", exchange_);
        facts_.add("order_book", order_book_);
        facts_.add("clearing_house_config", house_config_);
        facts_.add("market_registry", registry_);
        facts_.add("collateral_manager", collateral_manager_);
        facts_.add("markets", U256(bases_.size()));
        facts_.add("collaterals", U256(collaterals_.size()));
        return std::move(facts_).build();
    }

private:
    std::vector<Request> ask_house() const {
        return {Code{house_},
                view(house_, "getVault()"),
                view(house_, "getAccountBalance()"),
                view(house_, "getExchange()"),
                view(house_, "getOrderBook()"),
                view(house_, "getClearingHouseConfig()")};
    }
    void take_house(Answers& answers) {
        if (answers.bytes("code of the clearing house").empty() && !answers.error())
            error_ = model::Error{ErrorCode::no_code, "no contract at the clearing_house " + house_.to_string() +
                                                          " on chain " + std::to_string(chain_.value)};
        vault_ = answers.address("ClearingHouse.getVault");
        account_balance_ = answers.address("ClearingHouse.getAccountBalance");
        exchange_ = answers.address("ClearingHouse.getExchange");
        order_book_ = answers.address("ClearingHouse.getOrderBook");
        house_config_ = answers.address("ClearingHouse.getClearingHouseConfig");
    }

    std::vector<Request> ask_parts() const {
        return {view(vault_, "getSettlementToken()"), view(vault_, "decimals()"), view(vault_, "getCollateralManager()"),
                view(order_book_, "getMarketRegistry()"), view(house_config_, "getTwapInterval()")};
    }
    void take_parts(Answers& answers) {
        facts_.add("settlement_token", answers.address("Vault.getSettlementToken"));
        const U256 decimals = answers.u256("Vault.decimals", 8);
        if (decimals > U256(18) && !error_)
            error_ = model::Error{ErrorCode::decode, "Vault.decimals gave " + decimals.to_decimal() + ", more than 18"};
        facts_.add("settlement_decimals", decimals);
        collateral_manager_ = answers.address("Vault.getCollateralManager");
        registry_ = answers.address("OrderBook.getMarketRegistry");
        facts_.add("twap_interval", answers.u256("ClearingHouseConfig.getTwapInterval", 32));
    }

    std::vector<Request> ask_lists() const {
        std::vector<Request> requests;
        for (const Address& base : bases_)
            requests.push_back(view(registry_, "getPool(address)", evm::AbiWriter().address(base)));
        for (const Address& token : collaterals_) requests.push_back(view(token, "decimals()"));
        return requests;
    }
    void take_lists(Answers& answers) {
        for (std::size_t i = 0; i < bases_.size(); ++i) {
            facts_.add(item(markets, i, "token"), bases_[i]);
            facts_.add(item(markets, i, "pool"), answers.address("MarketRegistry.getPool of " + bases_[i].to_string()));
        }
        for (std::size_t i = 0; i < collaterals_.size(); ++i) {
            facts_.add(item(collaterals, i, "token"), collaterals_[i]);
            const U256 decimals = answers.u256("decimals of " + collaterals_[i].to_string(), 8);
            if (decimals > U256(model::max_decimals) && !error_)
                error_ = model::Error{ErrorCode::decode, "collateral " + collaterals_[i].to_string() + " has " +
                                                             decimals.to_decimal() + " decimals"};
            facts_.add(item(collaterals, i, "decimals"), decimals);
        }
    }

    model::ChainId chain_;
    Address house_;
    std::vector<Address> bases_;
    std::vector<Address> collaterals_;
    Address vault_;
    Address account_balance_;
    Address exchange_;
    Address order_book_;
    Address house_config_;
    Address registry_;
    Address collateral_manager_;
    model::FactsBuilder facts_{config_schema};
    int round_ = 0;
    std::optional<model::Error> error_;
};

}  // namespace

std::unique_ptr<Reading<model::FactsPtr>> config_reading(const config::Venue& settings) {
    return std::make_unique<ConfigReading>(settings);
}

}  // namespace margind::adapters::protocols::perp_v2
