// margind run: the daemon on a configuration.
#include "daemon/app.hpp"
#include "daemon/commands.hpp"
#include "daemon/complain.hpp"
#include "daemon/market_file.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace margind::daemon {

ExitCode run(const std::string& config) {
    // Standard output belongs to the JSON lines of incidents.
    auto log = spdlog::stderr_logger_mt("margind");
    log->set_pattern("time=%Y-%m-%dT%H:%M:%S.%eZ level=%l %v", spdlog::pattern_time_type::utc);
    log->flush_on(spdlog::level::info);
    spdlog::set_default_logger(log);
    const auto settings = config::load(config);
    if (!settings) return complain(settings.error(), ExitCode::config);
    const auto market = load_market(*settings);
    if (!market) return complain(market.error(), ExitCode::config);
    return run_app(*settings, *market);
}

}  // namespace margind::daemon
