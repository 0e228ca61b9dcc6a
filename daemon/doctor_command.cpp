// margind doctor: what is right and wrong with the endpoints, venues and feeds of a configuration.
#include "adapters/rpc/spawn.hpp"
#include "daemon/commands.hpp"
#include "daemon/complain.hpp"
#include "daemon/doctor.hpp"
#include "daemon/published.hpp"

#include <boost/asio/io_context.hpp>
#include <fmt/format.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <exception>

namespace margind::daemon {

ExitCode doctor(const DoctorOptions& options) {
    spdlog::set_default_logger(spdlog::stderr_logger_mt("margind"));
    spdlog::set_level(spdlog::level::warn);
    const auto settings = options.config.empty() ? model::Result<config::Settings>(config::defaults()) : config::load(options.config);
    if (!settings) return complain(settings.error(), ExitCode::config);
    auto endpoints = chosen_endpoints(options.endpoints, *settings);
    if (!endpoints) return complain(endpoints.error(), ExitCode::config);

    boost::asio::io_context io(1);
    adapters::rpc::HttpClient http(io.get_executor(), adapters::rpc::HttpOptions{});
    Diagnosis diagnosis;
    adapters::rpc::spawn(io.get_executor(), diagnose(http, *settings, std::move(*endpoints), system_clocks().wall(), diagnosis), [&io](std::exception_ptr error) {
        io.stop();
        if (error) std::rethrow_exception(error);
    });
    io.run();
    if (options.json) fmt::print("{}\n", to_json(diagnosis));
    else fmt::print("{}", to_text(diagnosis));
    if (!diagnosis.answered) return ExitCode::no_upstream;
    switch (diagnosis.verdict()) {
        case Condition::good: return ExitCode::ok;
        case Condition::warning: return ExitCode::warned;
        case Condition::unusable: return ExitCode::unknown;
    }
    return ExitCode::internal;
}

}  // namespace margind::daemon
