// The lyra_avalon adapter: its readings, its rule, its limits.
#include "adapters/protocols/lyra_avalon/protocol.hpp"

#include "adapters/protocols/lyra_avalon/readings.hpp"
#include "adapters/protocols/lyra_avalon/rule.hpp"

#include <utility>

namespace margind::adapters::protocols::lyra_avalon {

namespace {

constexpr const char* viewer_name = "option_market_viewer";

class LyraAdapter final : public Adapter {
public:
    LyraAdapter(model::VenueId venue, const model::Address& viewer) : venue_(std::move(venue)), viewer_(viewer) {}

    const model::VenueId& venue() const override { return venue_; }
    std::unique_ptr<Reading<model::FactsPtr>> read_config() const override { return config_reading(venue_, viewer_); }
    std::unique_ptr<Reading<model::FactsPtr>> read_venue(model::FactsPtr config, const model::BlockRef& block) const override {
        return venue_reading(std::move(config), block);
    }
    std::unique_ptr<Reading<AccountReadings>> read_account(model::FactsPtr venue, const model::Address& owner,
                                                             const model::BlockRef&) const override {
        return account_reading(std::move(venue), owner);
    }
    std::optional<Watch> watch(const model::Facts& venue) const override { return lyra_avalon::watch(venue); }
    std::vector<model::Address> touched(const Log& log) const override { return lyra_avalon::touched(log); }
    std::unique_ptr<Reading<std::vector<AccountViews>>> read_views(model::FactsPtr venue, const model::Address& owner,
                                                                   std::span<const AccountReading> held) const override {
        return views_reading(std::move(venue), owner, held);
    }
    const model::VenueRule& rule() const override { return lyra_avalon::rule(); }
    std::vector<std::string> limits() const override {
        return {
            "The mark is Black-Scholes at the GWAV vol of the pool's own valuation; what a close costs on the market is more, by fees and by the "
            "trade's own push on the vol.",
            "GWAV vols stay as they are in scenarios of time; on the chain they drift towards the present iv and skew.",
            "While a market is paused, its board frozen or its spot refused, nothing there can be liquidated; a paused or frozen short is reported "
            "liquidatable all the same.",
            "A liquidation's cost leaves out the fee on the pool's vega, which is asked where the buy-back adds to what the pool is short.",
            "An expired board that is not settled is valued as if it were settled at the present spot, which is what anyone may do.",
            "Payouts of a settled board that the collateral did not cover come out of the pool, whose means are not checked.",
        };
    }

private:
    model::VenueId venue_;
    model::Address viewer_;
};

model::Result<std::unique_ptr<Adapter>> make(config::Venue settings) {
    const auto viewer = settings.addresses.find(viewer_name);
    if (viewer == settings.addresses.end())
        return model::fail(model::ErrorCode::bad_input, settings.id.to_string() + " needs the address " + viewer_name);
    return std::make_unique<LyraAdapter>(std::move(settings.id), viewer->second);
}

}  // namespace

Protocol protocol() {
    Protocol protocol;
    protocol.name = "lyra_avalon";
    protocol.required_addresses = {viewer_name};
    protocol.make = make;
    protocol.rule = []() -> const model::VenueRule& { return rule(); };
    return protocol;
}

}  // namespace margind::adapters::protocols::lyra_avalon
