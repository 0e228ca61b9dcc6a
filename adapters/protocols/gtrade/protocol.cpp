// One deployment of gTrade as an adapter.
#include "adapters/protocols/gtrade/protocol.hpp"

#include "adapters/protocols/gtrade/account_file.hpp"
#include "adapters/protocols/gtrade/book.hpp"
#include "adapters/protocols/gtrade/readings.hpp"

namespace margind::adapters::protocols::gtrade {

namespace {

using model::ErrorCode;
using model::fail;
using model::Result;

constexpr const char* diamond_name = "diamond";

class GTrade final : public Adapter {
public:
    explicit GTrade(Settings settings) : settings_(std::move(settings)) {}

    const model::VenueId& venue() const override { return settings_.venue; }
    std::unique_ptr<Reading<model::FactsPtr>> read_config() const override { return config_reading(settings_); }
    std::unique_ptr<Reading<model::FactsPtr>> read_venue(model::FactsPtr config, const model::BlockRef& block) const override {
        return venue_reading(std::move(config), block);
    }
    std::unique_ptr<Reading<AccountReadings>> read_account(model::FactsPtr venue, const model::Address& owner, const model::BlockRef&) const override {
        return account_reading(std::move(venue), owner);
    }
    const model::VenueRule& rule() const override { return gtrade::rule(); }
    std::vector<std::string> limits() const override {
        return {
            "Not verified against a deployment: layouts are those of the SDK's ABI (1.8.8-rc4), roundings those of published sources of version 10; facets are replaced, "
            "and another width of a reply is refused. The tests run a contract of our own.",
            "gTrade liquidates on signed prices that are on no chain: ours are the price feeds that the configuration names, so room is a band. A pair without a feed has "
            "no price here: its trades are unknown.",
            "A pair has no contract: the asset table knows it by the name that gTrade gives it.",
            "Pending holding fees are the contract's at the pair's price and at twice that, with a straight line between; a threshold of exposure at which funding "
            "begins is not seen.",
            "Time lets borrowing and funding go on at the last rates that were stored; what a side receives does not count before it is there, and borrowing of "
            "trades from before version 10 does not go on.",
            "A trader's own fixed spread counts by half, as the sources have it; the SDK counts it whole.",
            "Orders that wait (limit, stop) hold collateral and are no position: they are not shown.",
            "Profits of a trade with another collateral than dollars are paid in that collateral, by its percentage.",
            "While a market is closed, or trading is paused, nothing is liquidated: not foreseen, only the pause is told.",
            "Stop losses and take profits may close a trade before; they are not read.",
            "Accounts are read at each block, since fees accrue without a log.",
            "A deposit is taken to leave the position as it is, with the leverage rounded down to thousandths, and without the fees of changing it.",
        };
    }

private:
    Settings settings_;
};

Result<std::unique_ptr<Adapter>> make(config::Venue venue) {
    const auto diamond = venue.addresses.find(diamond_name);
    if (diamond == venue.addresses.end()) return fail(ErrorCode::bad_input, venue.id.to_string() + " needs the address " + diamond_name);
    Result<std::vector<PairFeed>> feeds = pair_feeds(venue);
    if (!feeds) return fail(feeds.error());
    return std::unique_ptr<Adapter>(std::make_unique<GTrade>(Settings{venue.id, diamond->second, std::move(*feeds)}));
}

}  // namespace

Protocol protocol() {
    Protocol protocol;
    protocol.name = "gtrade";
    protocol.required_addresses = {diamond_name};
    protocol.make = make;
    protocol.rule = []() -> const model::VenueRule& { return rule(); };
    protocol.required_ids = {price_feeds_name};
    protocol.account_file = AccountFile{account_file_format, evaluate_account_file};
    return protocol;
}

}  // namespace margind::adapters::protocols::gtrade
