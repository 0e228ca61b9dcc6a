// The aave_v3 adapter: its readings, its rule, its limits.
#include "adapters/protocols/aave_v3/protocol.hpp"

#include "adapters/protocols/aave_v3/events.hpp"
#include "adapters/protocols/aave_v3/readings.hpp"
#include "adapters/protocols/aave_v3/rule.hpp"

#include <utility>

namespace margind::adapters::protocols::aave_v3 {

namespace {

constexpr const char* provider_name = "addresses_provider";

class AaveAdapter final : public Adapter {
public:
    AaveAdapter(model::VenueId venue, const model::Address& provider, std::optional<Line> line)
        : venue_(std::move(venue)), provider_(provider), line_(line) {}

    const model::VenueId& venue() const override { return venue_; }
    std::unique_ptr<Reading<model::FactsPtr>> read_config() const override { return config_reading(provider_, line_); }
    std::unique_ptr<Reading<model::FactsPtr>> read_venue(model::FactsPtr config, const model::BlockRef& block) const override {
        return venue_reading(std::move(config), block);
    }
    std::unique_ptr<Reading<AccountReadings>> read_account(model::FactsPtr venue, const model::Address& owner,
                                                           const model::BlockRef&) const override {
        return account_reading(std::move(venue), owner);
    }
    std::optional<Watch> watch(const model::Facts& venue) const override { return aave_v3::watch(venue); }
    std::vector<model::Address> touched(const Log& log) const override { return aave_v3::touched(log); }
    std::unique_ptr<Reading<std::vector<AccountViews>>> read_views(model::FactsPtr venue, const model::Address& owner,
                                                                   std::span<const AccountReading>) const override {
        return views_reading(venue, owner);
    }
    const model::VenueRule& rule() const override { return aave_v3::rule(); }
    std::vector<std::string> limits() const override {
        return {
            "Aave's oracle has no staleness check: the pool liquidates on the last answer however old it is.",
            "Where an oracle sentinel is set, the pool refuses liquidations with a health factor from 0.95 to 1 while the "
            "sequencer is down or in its grace period; the account is reported liquidatable all the same.",
            "In paused or inactive reserves and, in 3.6, during a reserve's grace period nobody is liquidated; the account is "
            "reported liquidatable all the same.",
            "Isolation mode and siloed borrowing restrict new borrowing only; they do not alter the health factor and are "
            "not shown.",
            "Interest is carried forward at the rates of the block that was read; any transaction in a reserve changes them.",
            "A liquidator is taken to choose the collateral of the largest value and, in 3.0, to close the close factor of all "
            "debt; in 3.6 to close as much as one call may of the largest debt.",
            "A supply that is not enabled as collateral and that has no price or no asset mapping is not listed.",
            "Pool revisions other than 1 to 3 (3.0.x) and 10 (3.6): only the pool's own figures, no distance.",
            "In 3.6 a user of an e-mode category that was added more than three numbers above the others is unknown until the "
            "configuration is read again.",
        };
    }

private:
    model::VenueId venue_;
    model::Address provider_;
    /// Given for a fork that counts revisions by itself; empty: as the revision says.
    std::optional<Line> line_;
};

model::Result<std::unique_ptr<Adapter>> make(config::Venue settings) {
    const auto provider = settings.addresses.find(provider_name);
    if (provider == settings.addresses.end())
        return model::fail(model::ErrorCode::bad_input, settings.id.to_string() + " needs the address " + provider_name);
    const std::optional<Line> line = line_named(settings.rule);
    if (!settings.rule.empty() && !line)
        return model::fail(model::ErrorCode::bad_input, settings.id.to_string() + " has the rule \"" + settings.rule + "\"; there are 3.0 and 3.6");
    return std::make_unique<AaveAdapter>(std::move(settings.id), provider->second, line);
}

}  // namespace

Protocol protocol() {
    Protocol protocol;
    protocol.name = "aave_v3";
    protocol.required_addresses = {provider_name};
    protocol.rules = {"3.0", "3.6"};
    protocol.make = make;
    protocol.rule = []() -> const model::VenueRule& { return rule(); };
    return protocol;
}

}  // namespace margind::adapters::protocols::aave_v3
