// margind config check and config show.
#include "config/settings.hpp"
#include "daemon/commands.hpp"
#include "daemon/complain.hpp"
#include "daemon/endpoints.hpp"
#include "daemon/market_file.hpp"
#include "daemon/venues.hpp"

#include <fmt/format.h>

#include <set>

namespace margind::daemon {
namespace {

model::Result<config::Settings> settings_of(const std::string& file) {
    if (file.empty()) return config::defaults();
    return config::load(file);
}

}  // namespace

ExitCode config_check(const std::string& config) {
    const auto settings = settings_of(config);
    if (!settings) return complain(settings.error(), ExitCode::config);
    bool good = true;
    const auto expect = [&good](const auto& result) {
        if (result) return;
        static_cast<void>(complain(result.error(), ExitCode::config));
        good = false;
    };
    std::set<model::ChainId> watched;
    for (const config::Endpoint& endpoint : settings->endpoints) {
        watched.insert(endpoint.chain);
        expect(endpoint_of(endpoint));
    }
    // What only the protocols of this build know: the addresses and lists that each needs.
    for (const auto& [id, chain] : settings->chains) expect(make_adapters(*settings, id));
    for (const config::WebHook& hook : settings->sinks.web_hooks) expect(endpoint_of(hook));
    expect(load_market(*settings));
    if (!good) return ExitCode::config;
    fmt::print("{}: good; {} of {} chains with an endpoint, {} venues, {} feeds, {} portfolios\n", config.empty() ? "built-in rows" : config,
               watched.size(), settings->chains.size(), settings->venues.size(), settings->feeds.size(), settings->portfolios.size());
    return ExitCode::ok;
}

ExitCode config_show(const std::string& config) {
    const auto settings = settings_of(config);
    if (!settings) return complain(settings.error(), ExitCode::config);
    fmt::print("{}", config::describe(*settings));
    return ExitCode::ok;
}

}  // namespace margind::daemon
