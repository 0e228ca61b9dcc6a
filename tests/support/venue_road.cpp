// One venue of the local chain, read on the daemon's own road.
#include "tests/support/venue_road.hpp"

#include "adapters/rpc/chain.hpp"
#include "tests/support/run_coroutine.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <stdexcept>

namespace margind::tests {

using adapters::AccountReading;
using adapters::AccountReadings;
using adapters::AccountViews;
using adapters::AnyReading;
using adapters::Reading;
using model::FactsPtr;
using model::Result;

namespace {

model::ChainId chain_id(const ChainProcess& chain) { return {chain.ready().at("chain_id").get<std::uint64_t>()}; }

/// Throws the error, if that is what there is.
template <class T>
T value_of(Result<T> result) {
    if (!result) throw std::runtime_error(std::string(model::to_string(result.error().code)) + ": " + result.error().message);
    return std::move(*result);
}

}  // namespace

VenueRoad::VenueRoad(const ChainProcess& chain, std::unique_ptr<adapters::Adapter> adapter)
    : http_(io_.get_executor(), {}),
      rpc_(http_, value_of(adapters::rpc::Endpoint::parse(chain.rpc_url()))),
      rounds_(rpc_),
      adapter_(std::move(adapter)) {}

FactsPtr VenueRoad::config(const model::BlockRef& block) {
    config_ = value_of(run_coroutine(io_, rounds_.read(adapter_->read_config(), block)));
    return config_;
}

Result<FactsPtr> VenueRoad::try_venue(const FactsPtr& config, const model::BlockRef& block) {
    return run_coroutine(io_, rounds_.read(adapter_->read_venue(config, block), block));
}

FactsPtr VenueRoad::venue(const model::BlockRef& block) { return value_of(try_venue(config(block), block)); }

template <class T>
std::vector<Result<T>> VenueRoad::run(const std::vector<std::unique_ptr<Reading<T>>>& readings, const model::BlockRef& block) {
    std::vector<AnyReading*> all;
    for (const auto& reading : readings) all.push_back(reading.get());
    const Result<void> done = run_coroutine(io_, rounds_.run(std::move(all), block));
    if (!done) throw std::runtime_error(done.error().message);
    std::vector<Result<T>> results;
    for (const auto& reading : readings) results.push_back(reading->result());
    return results;
}

std::vector<adapters::Log> VenueRoad::found(const model::Address& owner, const model::BlockRef& block) {
    if (!config_) config(block);
    std::vector<adapters::Log> all;
    for (adapters::Search& search : adapter_->searches(*config_, &owner)) {
        search.filter.from_block = search.from_block;
        search.filter.to_block = block.number;
        const std::vector<adapters::Log> some = value_of(run_coroutine(io_, adapters::rpc::logs(rpc_, std::move(search.filter))));
        all.insert(all.end(), some.begin(), some.end());
    }
    return all;
}

std::vector<Result<AccountReadings>> VenueRoad::accounts(const FactsPtr& venue, std::span<const model::Address> owners, const model::BlockRef& block) {
    std::vector<std::unique_ptr<Reading<AccountReadings>>> readings;
    for (const model::Address& owner : owners) {
        const std::vector<adapters::Log> logs = found(owner, block);
        readings.push_back(adapter_->read_account_found(venue, owner, block, logs));
    }
    return run(readings, block);
}

std::vector<Result<AccountReading>> VenueRoad::single_accounts(const FactsPtr& venue, std::span<const model::Address> owners,
                                                               const model::BlockRef& block) {
    std::vector<Result<AccountReading>> results;
    for (Result<AccountReadings>& reading : accounts(venue, owners, block)) {
        if (!reading) results.push_back(model::fail(reading.error()));
        else if (reading->empty()) results.push_back(AccountReading{});
        else if (reading->size() == 1 && reading->front().sub.empty()) results.push_back(std::move(reading->front()));
        else throw std::runtime_error("an owner has several accounts at the venue");
    }
    return results;
}

std::vector<Result<std::vector<AccountViews>>> VenueRoad::views(const FactsPtr& venue, std::span<const model::Address> owners,
                                                                std::span<const AccountReadings> held, const model::BlockRef& block) {
    std::vector<std::unique_ptr<Reading<std::vector<AccountViews>>>> readings;
    for (std::size_t i = 0; i < owners.size(); ++i) {
        readings.push_back(adapter_->read_views(venue, owners[i], held[i]));
        if (!readings.back()) throw std::runtime_error("the venue has no views alone");
    }
    return run(readings, block);
}

std::vector<Result<std::vector<model::NativeFigure>>> VenueRoad::single_views(const FactsPtr& venue, std::span<const model::Address> owners,
                                                                              const model::BlockRef& block) {
    const std::vector<AccountReadings> held(owners.size(), AccountReadings(1));
    std::vector<Result<std::vector<model::NativeFigure>>> results;
    for (Result<std::vector<AccountViews>>& said : views(venue, owners, held, block)) {
        if (!said) results.push_back(model::fail(said.error()));
        else if (said->size() == 1 && said->front().sub.empty()) results.push_back(std::move(said->front().views));
        else throw std::runtime_error("the views are not those of one account");
    }
    return results;
}

VenueRoad aave_road(const ChainProcess& chain, const AaveMarket& market) {
    const auto all = adapters::all_protocols();
    const auto aave = std::find_if(all.begin(), all.end(), [](const auto& one) { return one.name == "aave_v3"; });
    config::Venue settings;
    settings.id = {"aave_v3", chain_id(chain), ""};
    settings.addresses["addresses_provider"] = chain.address(std::string(market.place) + "/addresses_provider");
    return VenueRoad(chain, value_of(aave->make(std::move(settings))));
}

model::AssetMap chain_assets(const ChainProcess& chain, const AaveMarket& market) {
    model::AssetMap assets;
    const nlohmann::json& addresses = chain.ready().at("addresses");
    const auto add = [&](const nlohmann::json& tokens) {
        for (const auto& [symbol, token] : tokens.items()) {
            const model::Address address = value_of(model::Address::parse(token.at("address").get<std::string>()));
            assets.add({chain_id(chain), address, {token.at("feed").get<std::string>()}, symbol});
        }
    };
    add(addresses.at("tokens"));
    const nlohmann::json& own = addresses.at(nlohmann::json::json_pointer(market.place));
    if (own.contains("tokens")) add(own.at("tokens"));
    return assets;
}

std::array<model::U256, 6> aave_truth(const ChainProcess& chain, const model::Address& user, const model::BlockRef& block,
                                      const AaveMarket& market) {
    const model::Bytes reply = chain.call(chain.address(std::string(market.place) + "/pool"),
                                          call_data("getUserAccountData(address)", {word_of(user)}), block.hash.to_string());
    const std::vector<model::U256> words = words_of(reply);
    if (words.size() != 6) throw std::runtime_error("getUserAccountData answered " + std::to_string(words.size()) + " words");
    std::array<model::U256, 6> six;
    std::copy(words.begin(), words.end(), six.begin());
    return six;
}

}  // namespace margind::tests
