// Ratios, prices and pools at one block.
#include "adapters/protocols/perp_v2/book.hpp"
#include "adapters/protocols/perp_v2/calls.hpp"
#include "adapters/protocols/perp_v2/readings.hpp"
#include "adapters/protocols/perp_v2/schema.hpp"

namespace margind::adapters::protocols::perp_v2 {

namespace {

using model::Address;
using model::ErrorCode;
using model::Result;
using model::U256;

/// The vault values other collateral at a TWAP over this window (a constant of the contract).
constexpr std::uint64_t collateral_twap_s = 900;

class VenueReading final : public Reading<model::FactsPtr> {
public:
    explicit VenueReading(model::FactsPtr config) : config_(std::move(config)), known_(*config_) {
        house_config_ = known_.address("clearing_house_config");
        collateral_manager_ = known_.address("collateral_manager");
        vault_ = known_.address("vault");
        settlement_token_ = known_.address("settlement_token");
        twap_interval_ = known_.u256("twap_interval");
        markets_ = known_.count("markets", max_items);
        collaterals_ = known_.count("collaterals", max_items);
        if (config_->schema() != config_schema)
            error_ = model::Error{ErrorCode::unknown_schema, "config facts of schema " + config_->schema()};
        else if (!known_.ok())
            error_ = known_.error();
    }

    std::vector<Request> next(std::span<const Reply> replies) override {
        if (asked_) {
            Answers answers(replies);
            take(answers);
            if (answers.error()) error_ = answers.error();
            return {};
        }
        asked_ = true;
        return error_ ? std::vector<Request>{} : ask();
    }

    Result<model::FactsPtr> result() override {
        if (error_) return model::fail(*error_);
        return std::move(facts_).build();
    }

private:
    std::vector<Request> ask() {
        std::vector<Request> requests{view(house_config_, "getImRatio()"),
                                      view(house_config_, "getMmRatio()"),
                                      view(house_config_, "getLiquidationPenaltyRatio()"),
                                      view(house_config_, "getMaxFundingRate()"),
                                      view(house_config_, "getSettlementTokenBalanceCap()"),
                                      view(house_config_, "getTwapInterval()"),
                                      view(vault_, "getCollateralManager()"),
                                      view(collateral_manager_, "getMmRatioBuffer()"),
                                      view(collateral_manager_, "getDebtNonSettlementTokenValueRatio()"),
                                      view(collateral_manager_, "getLiquidationRatio()"),
                                      view(collateral_manager_, "getCollateralValueDust()"),
                                      view(collateral_manager_, "getCLInsuranceFundFeeRatio()"),
                                      held_by_vault(settlement_token_)};
        for (std::size_t i = 0; i < markets_; ++i) ask_market(i, requests);
        for (std::size_t i = 0; i < collaterals_; ++i) {
            const Address token = known_.address(item(collaterals, i, "token"));
            requests.push_back(view(collateral_manager_, "getCollateralConfig(address)", evm::AbiWriter().address(token)));
            requests.push_back(
                view(collateral_manager_, "getPriceFeedDecimals(address)", evm::AbiWriter().address(token)));
            requests.push_back(view(collateral_manager_, "getPrice(address,uint256)",
                                    evm::AbiWriter().address(token).u256(collateral_twap_s)));
            requests.push_back(held_by_vault(token));
        }
        return requests;
    }

    Request held_by_vault(const Address& token) const {
        return view(token, "balanceOf(address)", evm::AbiWriter().address(vault_));
    }

    void ask_market(std::size_t i, std::vector<Request>& requests) {
        const Address base = known_.address(item(markets, i, "token"));
        const Address pool = known_.address(item(markets, i, "pool"));
        requests.push_back(view(base, "isOpen()"));
        requests.push_back(view(base, "isClosed()"));
        requests.push_back(view(base, "getPausedIndexPrice()"));
        requests.push_back(view(base, "getClosedPrice()"));
        requests.push_back(view(known_.address("account_balance"), "getMarkPrice(address)", evm::AbiWriter().address(base)));
        requests.push_back(view(known_.address("exchange"), "getSqrtMarketTwapX96(address,uint32)",
                                evm::AbiWriter().address(base).u256(twap_interval_)));
        requests.push_back(view(base, "getIndexPrice(uint256)", evm::AbiWriter().u256(twap_interval_)));
        requests.push_back(view(pool, "slot0()"));
        requests.push_back(
            view(known_.address("market_registry"), "getFeeRatio(address)", evm::AbiWriter().address(base)));
    }

    void take(Answers& answers) {
        facts_.add("im_ratio", answers.u256("ClearingHouseConfig.getImRatio", 24));
        facts_.add("mm_ratio", answers.u256("ClearingHouseConfig.getMmRatio", 24));
        facts_.add("penalty_ratio", answers.u256("ClearingHouseConfig.getLiquidationPenaltyRatio", 24));
        facts_.add("max_funding_rate", answers.u256("ClearingHouseConfig.getMaxFundingRate", 24));
        facts_.add("settlement_cap", answers.u256("ClearingHouseConfig.getSettlementTokenBalanceCap"));
        if (answers.u256("ClearingHouseConfig.getTwapInterval", 32) != twap_interval_ && !answers.error())
            error_ = model::Error{ErrorCode::missing, "the funding window of the configuration, " +
                                                          twap_interval_.to_decimal() + " s, was changed: read it anew"};
        if (answers.address("Vault.getCollateralManager") != collateral_manager_ && !answers.error())
            error_ = model::Error{ErrorCode::missing, "collateral manager " + collateral_manager_.to_string() +
                                                          " was replaced: read the configuration anew"};
        facts_.add("mm_ratio_buffer", answers.u256("CollateralManager.getMmRatioBuffer", 24));
        facts_.add("debt_value_ratio", answers.u256("CollateralManager.getDebtNonSettlementTokenValueRatio", 24));
        facts_.add("sale_ratio", answers.u256("CollateralManager.getLiquidationRatio", 24));
        facts_.add("sale_dust", answers.u256("CollateralManager.getCollateralValueDust"));
        facts_.add("sale_fee_ratio", answers.u256("CollateralManager.getCLInsuranceFundFeeRatio", 24));
        facts_.add("settlement_held", answers.u256("balanceOf the vault of settlement token " + settlement_token_.to_string()));
        for (const char* name :
             {"clearing_house", "vault", "account_balance", "exchange", "order_book", "collateral_manager", "settlement_token"})
            facts_.add(name, known_.address(name));
        for (const char* name : {"chain_id", "settlement_decimals", "markets", "collaterals"})
            facts_.add(name, known_.u256(name));
        for (std::size_t i = 0; i < markets_; ++i) take_market(answers, i);
        for (std::size_t i = 0; i < collaterals_; ++i) take_collateral(answers, i);
        if (!known_.ok()) error_ = known_.error();
    }

    /// A market whose price reverts has a reason instead: its holders are unknown, all others are not.
    void take_market(Answers& answers, std::size_t i) {
        const Address base = known_.address(item(markets, i, "token"));
        const std::string name = "market " + base.to_string() + ": ";
        const bool open = answers.boolean(name + "isOpen");
        const bool closed = answers.boolean(name + "isClosed");
        const MarketStatus status = open ? MarketStatus::open : closed ? MarketStatus::closed : MarketStatus::paused;
        const U256 paused_price = answers.u256(name + "getPausedIndexPrice");
        const Result<U256> closed_price = answers.attempt_u256(name + "getClosedPrice");
        const Result<U256> mark = answers.attempt_u256(name + "AccountBalance.getMarkPrice");
        const Result<U256> market_twap = answers.attempt_u256(name + "Exchange.getSqrtMarketTwapX96");
        const Result<U256> index_twap = answers.attempt_u256(name + "getIndexPrice");
        const U256 sqrt_price = answers.u256(name + "slot0", 160);
        facts_.add(item(markets, i, "token"), base);
        facts_.add(item(markets, i, "status"), U256(static_cast<std::uint64_t>(status)));
        facts_.add(item(markets, i, "sqrt_price_x96"), sqrt_price);
        facts_.add(item(markets, i, "fee_ratio"), answers.u256(name + "MarketRegistry.getFeeRatio", 24));
        const Result<U256> price = status == MarketStatus::open     ? mark
                                   : status == MarketStatus::closed ? closed_price
                                                                    : Result<U256>(paused_price);
        const Result<U256>* failed = !price                                              ? &price
                                     : status == MarketStatus::open && !market_twap ? &market_twap
                                     : status == MarketStatus::open && !index_twap  ? &index_twap
                                                                                    : nullptr;
        if (failed != nullptr) {
            facts_.add(item(markets, i, "reason"), to_bytes(failed->error().message));
            return;
        }
        facts_.add(item(markets, i, "price"), *price);
        if (status == MarketStatus::open) {
            facts_.add(item(markets, i, "sqrt_market_twap_x96"), *market_twap);
            facts_.add(item(markets, i, "index_twap"), *index_twap);
        }
    }

    void take_collateral(Answers& answers, std::size_t i) {
        const Address token = known_.address(item(collaterals, i, "token"));
        const std::string name = "collateral " + token.to_string() + ": ";
        struct Terms {
            U256 ratio;
            U256 discount;
            U256 cap;
        };
        const Terms terms = answers.take(name + "getCollateralConfig", [](evm::AbiReader& r) {
            r.skip(1);
            Terms t;
            t.ratio = r.uint(24);
            t.discount = r.uint(24);
            t.cap = r.u256();
            return t;
        });
        const Result<U256> price_decimals = answers.attempt_u256(name + "getPriceFeedDecimals");
        const Result<U256> price = answers.attempt_u256(name + "getPrice");
        const U256 held = answers.u256(name + "balanceOf the vault");
        facts_.add(item(collaterals, i, "token"), token);
        facts_.add(item(collaterals, i, "decimals"), known_.u256(item(collaterals, i, "decimals")));
        facts_.add(item(collaterals, i, "ratio"), terms.ratio);
        facts_.add(item(collaterals, i, "discount_ratio"), terms.discount);
        facts_.add(item(collaterals, i, "deposit_cap"), terms.cap);
        facts_.add(item(collaterals, i, "held"), held);
        if (!price || !price_decimals) {
            facts_.add(item(collaterals, i, "reason"), to_bytes((price ? price_decimals : price).error().message));
            return;
        }
        facts_.add(item(collaterals, i, "price"), *price);
        facts_.add(item(collaterals, i, "price_decimals"), *price_decimals);
    }

    model::FactsPtr config_;
    FactReader known_;
    Address house_config_;
    Address collateral_manager_;
    Address vault_;
    Address settlement_token_;
    U256 twap_interval_;
    std::uint64_t markets_ = 0;
    std::uint64_t collaterals_ = 0;
    model::FactsBuilder facts_{venue_schema};
    bool asked_ = false;
    std::optional<model::Error> error_;
};

}  // namespace

std::unique_ptr<Reading<model::FactsPtr>> venue_reading(model::FactsPtr config) {
    return std::make_unique<VenueReading>(std::move(config));
}

}  // namespace margind::adapters::protocols::perp_v2
