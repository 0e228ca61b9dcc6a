// The compound_v3 adapter: its readings, its rule, its limits. A venue is one comet.
#include "adapters/protocols/compound_v3/protocol.hpp"

#include "adapters/protocols/compound_v3/events.hpp"
#include "adapters/protocols/compound_v3/readings.hpp"
#include "adapters/protocols/compound_v3/rule.hpp"

#include <utility>

namespace margind::adapters::protocols::compound_v3 {

namespace {

constexpr const char* comet_name = "comet";

class CometAdapter final : public Adapter {
public:
    CometAdapter(model::VenueId venue, const model::Address& comet) : venue_(std::move(venue)), comet_(comet) {}

    const model::VenueId& venue() const override { return venue_; }
    std::unique_ptr<Reading<model::FactsPtr>> read_config() const override { return config_reading(comet_); }
    std::unique_ptr<Reading<model::FactsPtr>> read_venue(model::FactsPtr config, const model::BlockRef& block) const override {
        return venue_reading(std::move(config), block);
    }
    std::unique_ptr<Reading<AccountReadings>> read_account(model::FactsPtr venue, const model::Address& owner,
                                                           const model::BlockRef&) const override {
        return account_reading(std::move(venue), owner);
    }
    std::optional<Watch> watch(const model::Facts& venue) const override { return compound_v3::watch(venue); }
    std::vector<model::Address> touched(const Log& log) const override { return compound_v3::touched(log); }
    std::unique_ptr<Reading<std::vector<AccountViews>>> read_views(model::FactsPtr venue, const model::Address& owner,
                                                                   std::span<const AccountReading> held) const override {
        return views_reading(std::move(venue), owner, held);
    }
    const model::VenueRule& rule() const override { return compound_v3::rule(); }
    std::vector<std::string> limits() const override {
        return {
            "Not verified against a real comet: no package has its code; the tests run a contract written after its public source.",
            "isLiquidatable goes by interest up to the last accrual, absorb by interest up to its own block; the latter decides here.",
            "The comet has no staleness check of its own: it liquidates on the last answer of a feed however old it is.",
            "While absorbing is paused nobody is liquidated; the account is reported liquidatable all the same.",
            "Interest is carried forward at the rates of the block that was read; any transaction in base tokens changes them.",
            "Prices are in the comet's own unit (USD, or ETH in markets of ETH); figures are in base tokens, so the unit does not matter.",
        };
    }

private:
    model::VenueId venue_;
    model::Address comet_;
};

model::Result<std::unique_ptr<Adapter>> make(config::Venue settings) {
    const auto comet = settings.addresses.find(comet_name);
    if (comet == settings.addresses.end())
        return model::fail(model::ErrorCode::bad_input, settings.id.to_string() + " needs the address " + comet_name);
    return std::make_unique<CometAdapter>(std::move(settings.id), comet->second);
}

}  // namespace

Protocol protocol() {
    Protocol protocol;
    protocol.name = "compound_v3";
    protocol.required_addresses = {comet_name};
    protocol.make = make;
    protocol.rule = []() -> const model::VenueRule& { return rule(); };
    return protocol;
}

}  // namespace margind::adapters::protocols::compound_v3
