// One deployment of Ostium as an adapter.
#include "adapters/protocols/ostium/protocol.hpp"

#include "adapters/protocols/ostium/account_file.hpp"
#include "adapters/protocols/ostium/book.hpp"
#include "adapters/protocols/ostium/readings.hpp"

namespace margind::adapters::protocols::ostium {

namespace {

using model::ErrorCode;
using model::fail;
using model::Result;

constexpr const char* storage_name = "trading_storage";
constexpr const char* collateral_name = "usdc";

class Ostium final : public Adapter {
public:
    explicit Ostium(Settings settings) : settings_(std::move(settings)) {}

    const model::VenueId& venue() const override { return settings_.venue; }
    std::unique_ptr<Reading<model::FactsPtr>> read_config() const override { return config_reading(settings_); }
    std::unique_ptr<Reading<model::FactsPtr>> read_venue(model::FactsPtr config, const model::BlockRef& block) const override {
        return venue_reading(std::move(config), block);
    }
    std::unique_ptr<Reading<AccountReadings>> read_account(model::FactsPtr venue, const model::Address& owner, const model::BlockRef&) const override {
        return account_reading(std::move(venue), owner);
    }
    const model::VenueRule& rule() const override { return ostium::rule(); }
    std::vector<std::string> limits() const override {
        return {
            "Not verified against a deployment: the rule and its roundings are those of the published sources (2025-06), and the contracts may have been upgraded "
            "since; another width of a reply is refused. The tests run contracts of our own.",
            "Ostium liquidates on Chainlink Data Streams, which are on no chain: ours are the price feeds that the configuration names, so room is a band.",
            "A pair without a configured feed has the price of its last trade, whenever that was: its accounts are marked stale.",
            "A pair has no contract: the asset table knows it by the name that Ostium gives it.",
            "Rollover and funding are pending ones at the block; time lets them go on at the block's rates, by four blocks a second, and what a side receives does "
            "not count before it is there.",
            "Trades above the pair's overnight leverage are closed at the end of the trading day; while a market is closed nothing is liquidated. Neither is foreseen.",
            "The price at which a liquidation is executed is the bid or ask; nothing of the trade comes back.",
            "Limit orders that are not executed yet hold collateral and are no position: they are not shown.",
            "Accounts are read at each block, since fees accrue without a log.",
            "A top-up is taken to leave the position as it is, with the leverage rounded down to hundredths.",
        };
    }

private:
    Settings settings_;
};

Result<std::unique_ptr<Adapter>> make(config::Venue venue) {
    const auto storage = venue.addresses.find(storage_name);
    const auto collateral = venue.addresses.find(collateral_name);
    if (storage == venue.addresses.end() || collateral == venue.addresses.end())
        return fail(ErrorCode::bad_input, venue.id.to_string() + " needs the addresses " + storage_name + " and " + collateral_name);
    Result<std::vector<PairFeed>> feeds = pair_feeds(venue);
    if (!feeds) return fail(feeds.error());
    return std::unique_ptr<Adapter>(std::make_unique<Ostium>(Settings{venue.id, storage->second, collateral->second, std::move(*feeds)}));
}

}  // namespace

Protocol protocol() {
    Protocol protocol;
    protocol.name = "ostium";
    protocol.required_addresses = {storage_name, collateral_name};
    protocol.make = make;
    protocol.rule = []() -> const model::VenueRule& { return rule(); };
    protocol.required_ids = {price_feeds_name};
    protocol.account_file = AccountFile{account_file_format, evaluate_account_file};
    return protocol;
}

}  // namespace margind::adapters::protocols::ostium
