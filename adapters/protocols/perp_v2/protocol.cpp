// One clearing house as an adapter.
#include "adapters/protocols/perp_v2/protocol.hpp"

#include "adapters/protocols/perp_v2/readings.hpp"
#include "adapters/protocols/perp_v2/rule.hpp"
#include "adapters/protocols/perp_v2/schema.hpp"

#include <set>

namespace margind::adapters::protocols::perp_v2 {

namespace {

using model::ErrorCode;
using model::Result;

const model::VenueRule& shared_rule() {
    static const Rule rule;
    return rule;
}

class PerpV2 final : public Adapter {
public:
    explicit PerpV2(config::Venue settings) : settings_(std::move(settings)) {}

    const model::VenueId& venue() const override { return settings_.id; }
    std::unique_ptr<Reading<model::FactsPtr>> read_config() const override { return config_reading(settings_); }
    std::unique_ptr<Reading<model::FactsPtr>> read_venue(model::FactsPtr config, const model::BlockRef&) const override {
        return venue_reading(std::move(config));
    }
    std::unique_ptr<Reading<AccountReadings>> read_account(model::FactsPtr venue, const model::Address& owner,
                                                           const model::BlockRef&) const override {
        return account_reading(std::move(venue), owner);
    }
    const model::VenueRule& rule() const override { return shared_rule(); }
    std::vector<std::string> limits() const override {
        return {
            "Accounts are volatile: funding's global growth has no view, so an account is read at each block.",
            "Later times carry funding by the present premium alone, to within 2 wei of the contract while TWAPs rest; "
            "in the first 15 minutes after a market's first trade the contract uses a shorter window.",
            "A market or collateral that the configuration does not list makes its holders unknown, by name.",
            "The mark is a median of TWAPs: it follows the pool and the index late, scenarios move it at once.",
            "Orders: what they hold follows the price of the state by the pool's formulas; fees earned on the way do not.",
            "A paused or closed market never reopens: its positions count as money at the fixed price.",
            "An account with other collateral may be liquidatable while N - M is positive: the vault sells collateral at a "
            "larger requirement than the clearing house's, or for a debt alone.",
            "What a liquidation takes is that of one call: after a sale of little collateral the positions may follow at once.",
            "A reduction is taken at the mark with the exchange fee, without slippage and trader discounts.",
        };
    }

private:
    config::Venue settings_;
};

Result<std::unique_ptr<Adapter>> make(config::Venue settings) {
    if (!settings.addresses.contains("clearing_house"))
        return model::fail(ErrorCode::bad_input, settings.id.to_string() + ": address clearing_house is missing");
    for (const char* name : {"base_tokens", "collateral_tokens"}) {
        const auto list = settings.lists.find(name);
        if (list == settings.lists.end())
            return model::fail(ErrorCode::bad_input, settings.id.to_string() + ": list " + name + " is missing");
        if (list->second.size() > max_items)
            return model::fail(ErrorCode::limit, settings.id.to_string() + ": list " + name + " has " +
                                                     std::to_string(list->second.size()) + " entries, more than " +
                                                     std::to_string(max_items));
        std::set<model::Address> seen;
        for (const model::Address& address : list->second)
            if (!seen.insert(address).second)
                return model::fail(ErrorCode::bad_input, settings.id.to_string() + ": " + address.to_string() +
                                                             " is twice in " + name);
    }
    return std::unique_ptr<Adapter>(std::make_unique<PerpV2>(std::move(settings)));
}

}  // namespace

Protocol protocol() {
    return {.name = "perp_v2",
            .required_addresses = {"clearing_house"},
            .make = make,
            .rule = shared_rule,
            .required_lists = {"base_tokens", "collateral_tokens"}};
}

}  // namespace margind::adapters::protocols::perp_v2
