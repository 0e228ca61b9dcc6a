// The morpho_blue adapter: its readings, its rule, its limits.
#include "adapters/protocols/morpho_blue/protocol.hpp"

#include "adapters/protocols/morpho_blue/events.hpp"
#include "adapters/protocols/morpho_blue/readings.hpp"
#include "adapters/protocols/morpho_blue/rule.hpp"

#include <utility>

namespace margind::adapters::protocols::morpho_blue {

namespace {

constexpr const char* morpho_name = "morpho";
constexpr const char* markets_name = "markets";
constexpr const char* pre_liquidations_name = "pre_liquidations";

class MorphoAdapter final : public Adapter {
public:
    MorphoAdapter(model::VenueId venue, Scope scope) : venue_(std::move(venue)), scope_(std::move(scope)) {}

    const model::VenueId& venue() const override { return venue_; }
    std::unique_ptr<Reading<model::FactsPtr>> read_config() const override { return config_reading(scope_); }
    std::unique_ptr<Reading<model::FactsPtr>> read_venue(model::FactsPtr config, const model::BlockRef& block) const override {
        return venue_reading(std::move(config), block);
    }
    std::unique_ptr<Reading<AccountReadings>> read_account(model::FactsPtr venue, const model::Address& owner, const model::BlockRef&) const override {
        return account_reading(std::move(venue), owner, std::nullopt);
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
            "Only positions in the markets of ids.markets are seen.",
            "The contract has no health view: it is asked by static calls of liquidate, which tell yes or no, no figure.",
            "Interest is carried forward at the rate of the block that was read; an adaptive rate model moves it slowly.",
            "A market's oracle is believed: Morpho has no staleness check, and anyone may have made the market.",
            "Fee shares that a market mints to the fee recipient are in no log that names it: its supply lags until it is verified.",
            "Pre-liquidation contracts other than those of lists.pre_liquidations are not seen.",
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
    if (morpho == settings.addresses.end() || markets == settings.ids.end() || contracts == settings.lists.end())
        return model::fail(model::ErrorCode::bad_input, settings.id.to_string() + " needs the address " + morpho_name + ", the ids " + markets_name +
                                                            " and the list " + pre_liquidations_name);
    Scope scope{settings.id.chain, morpho->second, markets->second, contracts->second};
    return std::make_unique<MorphoAdapter>(std::move(settings.id), std::move(scope));
}

}  // namespace

Protocol protocol() {
    Protocol protocol;
    protocol.name = "morpho_blue";
    protocol.required_addresses = {morpho_name};
    protocol.make = make;
    protocol.rule = []() -> const model::VenueRule& { return rule(); };
    protocol.required_lists = {pre_liquidations_name};
    protocol.required_ids = {markets_name};
    return protocol;
}

}  // namespace margind::adapters::protocols::morpho_blue
