// The commands of the executable. Each prints what it has to say and gives the exit code; failures are one line on stderr.
#pragma once

#include "daemon/endpoints.hpp"
#include "daemon/exit_code.hpp"

#include <string>
#include <vector>

namespace margind::daemon {

struct CheckOptions {
    std::vector<std::string> addresses;
    std::string config;
    EndpointChoice endpoints;
    /// Number or hash; empty: the head.
    std::string block;
    bool json = false;
};

struct DoctorOptions {
    std::string config;
    EndpointChoice endpoints;
    bool json = false;
};

struct BacktestOptions {
    std::string folder;
    /// Where the page goes; empty: nowhere.
    std::string html;
    bool json = false;
};

ExitCode check(const CheckOptions& options);
/// Runs until SIGINT or SIGTERM.
ExitCode run(const std::string& config);
/// 0 all good, 10 warnings, 30 something is unusable, 4 no endpoint answers.
ExitCode doctor(const DoctorOptions& options);
ExitCode evaluate_file(const std::string& file, bool json);
/// The calibration of a folder of histories, as JSON on standard output.
ExitCode calibrate(const std::string& folder);
/// The risk model against a folder of histories: tables or JSON on standard output, progress on stderr.
ExitCode backtest(const BacktestOptions& options);
ExitCode config_check(const std::string& config);
ExitCode config_show(const std::string& config);
ExitCode list_adapters();

}  // namespace margind::daemon
