// The morpho_blue adapter: its readings, its rule, its limits.
#include "adapters/protocols/morpho_blue/protocol.hpp"

#include "adapters/protocols/morpho_blue/events.hpp"
#include "adapters/protocols/morpho_blue/readings.hpp"
#include "adapters/protocols/morpho_blue/rule.hpp"
#include "adapters/protocols/morpho_blue/search.hpp"

#include <utility>

namespace margind::adapters::protocols::morpho_blue {

namespace {

constexpr const char* morpho_name = "morpho";
constexpr const char* markets_name = "markets";
constexpr const char* pre_liquidations_name = "pre_liquidations";
constexpr const char* factories_name = "pre_liquidation_factories";

class MorphoAdapter final : public Adapter {
public:
    MorphoAdapter(model::VenueId venue, Scope scope) : venue_(std::move(venue)), scope_(std::move(scope)) {}

    const model::VenueId& venue() const override { return venue_; }
    std::unique_ptr<Reading<model::FactsPtr>> read_config() const override { return config_reading(scope_); }
    std::unique_ptr<Reading<model::FactsPtr>> read_venue(model::FactsPtr config, const model::BlockRef& block) const override {
        return venue_reading(std::move(config), block);
    }
    std::unique_ptr<Reading<AccountReadings>> read_account(model::FactsPtr venue, const model::Address& owner,
                                                           const model::BlockRef&) const override {
        return account_reading(std::move(venue), owner, std::nullopt);
    }
    std::vector<Search> searches(const model::Facts&, const model::Address* owner) const override {
        if (owner == nullptr) return shared_searches(scope_);
        return scope_.markets.empty() ? owner_searches(scope_, *owner) : std::vector<Search>{};
    }
    std::unique_ptr<Reading<model::FactsPtr>> read_venue_found(model::FactsPtr config, const model::BlockRef& block,
                                                               const Found& found) const override {
        return venue_reading(std::move(config), block, found);
    }
    std::unique_ptr<Reading<AccountReadings>> read_account_found(model::FactsPtr venue, const model::Address& owner, const model::BlockRef&,
                                                                 std::span<const Log> found) const override {
        std::optional<std::vector<model::Bytes32>> markets;
        if (scope_.markets.empty()) markets = markets_in(found);
        return account_reading(std::move(venue), owner, std::move(markets));
    }
    std::optional<Watch> watch(const model::Facts& venue) const override { return morpho_blue::watch(venue); }
    std::vector<model::Address> touched(const Log& log) const override { return morpho_blue::touched(log); }
    std::unique_ptr<Reading<std::vector<AccountViews>>> read_views(model::FactsPtr venue, const model::Address& owner,
                                                                   std::span<const AccountReading> held) const override {
        return views_reading(std::move(venue), owner, held);
    }
    const model::VenueRule& rule() const override { return morpho_blue::rule(); }
    std::vector<std::string> limits() const override {
        return {
            "Where ids.markets names markets, only positions in those are seen; else those in every market where logs name the owner.",
            "The contract has no health view: it is asked by static calls of liquidate, which tell yes or no, no figure.",
            "Interest is carried forward at the rate of the block that was read; an adaptive rate model moves it slowly.",
            "A market's oracle is believed: Morpho has no staleness check, and anyone may have made the market.",
            "Fee shares that a market mints to the fee recipient are in no log that names it: its supply lags until it is verified.",
            "Pre-liquidation contracts are those of lists.pre_liquidations and of the factories of lists.pre_liquidation_factories.",
            "A liquidator may take all of the debt at once; what is left of a debt without collateral is the lenders' loss.",
        };
    }

private:
    model::VenueId venue_;
    Scope scope_;
};

model::Result<std::unique_ptr<Adapter>> make(config::Venue settings) {
    const auto morpho = settings.addresses.find(morpho_name);
    const auto markets = settings.ids.find(markets_name);
    const auto contracts = settings.lists.find(pre_liquidations_name);
    const auto factories = settings.lists.find(factories_name);
    if (morpho == settings.addresses.end() || markets == settings.ids.end() || contracts == settings.lists.end() || factories == settings.lists.end())
        return model::fail(model::ErrorCode::bad_input, settings.id.to_string() + " needs the address " + morpho_name + ", the ids " + markets_name +
                                                            " and the lists " + pre_liquidations_name + " and " + factories_name);
    Scope scope{settings.id.chain, morpho->second, markets->second, contracts->second, factories->second, settings.from_block};
    return std::make_unique<MorphoAdapter>(std::move(settings.id), std::move(scope));
}

}  // namespace

Protocol protocol() {
    Protocol protocol;
    protocol.name = "morpho_blue";
    protocol.required_addresses = {morpho_name};
    protocol.make = make;
    protocol.rule = []() -> const model::VenueRule& { return rule(); };
    protocol.required_lists = {pre_liquidations_name, factories_name};
    protocol.required_ids = {markets_name};
    return protocol;
}

}  // namespace margind::adapters::protocols::morpho_blue
