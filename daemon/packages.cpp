// Signed price packages as their gateways hand them out.
#include "daemon/packages.hpp"

#include "adapters/oracles/redstone/package.hpp"
#include "adapters/rpc/spawn.hpp"
#include "daemon/questions.hpp"

#include <fmt/format.h>

#include <chrono>
#include <optional>
#include <utility>

namespace margind::daemon {
namespace {

using adapters::oracles::Delivery;
using adapters::rpc::HttpClient;
using adapters::rpc::HttpLimits;
using adapters::rpc::HttpResponse;
using model::Result;
using Steady = std::chrono::steady_clock;
namespace redstone = adapters::oracles::redstone;

constexpr HttpLimits gateway_limits{std::chrono::milliseconds(2'000), std::chrono::milliseconds(3'000), std::size_t{8} << 20, 16'384};

Delivery delivery_of(const Result<HttpResponse>& response, const config::RedstoneFeed& source, const std::string& shown) {
    Delivery delivery;
    if (!response) {
        delivery.trouble = in_short(response.error());
        return delivery;
    }
    if (response->status != 200) {
        delivery.trouble = fmt::format("{}: status {}", shown, response->status);
        return delivery;
    }
    auto packages = redstone::parse_delivery(response->body, {redstone::data_feed_id(source.data_feed)});
    if (packages) delivery.packages = std::move(*packages);
    else delivery.trouble = fmt::format("{}: {}", shown, packages.error().message);
    return delivery;
}

}  // namespace

struct Packages::Gateway {
    config::RedstoneFeed source;
    std::optional<Steady::time_point> asked;
    bool under_way = false;
    std::shared_ptr<const Delivery> last;
};

asio::awaitable<Delivery> fetch_packages(HttpClient& http, config::RedstoneFeed source) {
    const auto endpoint = adapters::rpc::Endpoint::parse(source.url.reveal());
    if (!endpoint) {
        Delivery none;
        none.trouble = endpoint.error().message;
        co_return none;
    }
    const std::string shown = endpoint->shown();
    auto where = *endpoint;
    const auto response = co_await http.get(std::move(where), gateway_limits);
    co_return delivery_of(response, source, shown);
}

namespace {

template <class Gateway>
asio::awaitable<void> ask_gateway(HttpClient& http, std::shared_ptr<Gateway> gateway) {
    gateway->under_way = true;
    gateway->asked = Steady::now();
    config::RedstoneFeed source = gateway->source;
    auto delivery = co_await fetch_packages(http, std::move(source));
    gateway->under_way = false;
    // What was heard stays while nothing comes: the packages' own times tell how old it is.
    if (!delivery.packages.empty() || !gateway->last || gateway->last->packages.empty())
        gateway->last = std::make_shared<const Delivery>(std::move(delivery));
}

}  // namespace

Packages::Packages(HttpClient& http, const std::vector<config::Feed>& feeds) : http_(http) {
    for (const config::Feed& feed : feeds) {
        const auto* source = std::get_if<config::RedstoneFeed>(&feed.source);
        if (source == nullptr) continue;
        const auto [entry, is_new] = gateways_.try_emplace({source->url.reveal(), source->data_feed});
        if (is_new) entry->second = std::make_shared<Gateway>(Gateway{*source, std::nullopt, false, nullptr});
    }
}

Packages::~Packages() = default;

asio::awaitable<void> Packages::refresh() {
    const Steady::time_point now = Steady::now();
    std::vector<asio::awaitable<void>> first;
    for (const auto& [name, gateway] : gateways_) {
        if (gateway->under_way || (gateway->asked && now - *gateway->asked < gateway->source.poll_interval)) continue;
        auto task = ask_gateway(http_, gateway);
        if (!gateway->asked) first.push_back(std::move(task));
        else adapters::rpc::spawn(http_.executor(), std::move(task), [gateway = gateway](std::exception_ptr error) {
            gateway->under_way = false;
            if (error) std::rethrow_exception(error);
        });
    }
    if (!first.empty()) co_await adapters::rpc::join_all(std::move(first));
}

std::shared_ptr<const Delivery> Packages::of(const config::Feed& feed) const {
    const auto* source = std::get_if<config::RedstoneFeed>(&feed.source);
    if (source == nullptr) return nullptr;
    const auto found = gateways_.find({source->url.reveal(), source->data_feed});
    return found == gateways_.end() ? nullptr : found->second->last;
}

}  // namespace margind::daemon
