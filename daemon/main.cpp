// The command line of margind.
#include "daemon/commands.hpp"
#include "daemon/version.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <string>
#include <vector>

namespace {

using margind::daemon::ExitCode;

constexpr const char* about =
    R"(margind says how close positions on several DeFi protocols are to liquidation, where, and what the cheapest way out is.
It only reads: nothing in it can sign or send a transaction.

Start here:
  margind check 0xYOURADDRESS --rpc https://your.node         one answer, now
  margind doctor --rpc https://your.node                      is that endpoint fit for it?
  margind run --config margind.toml                           watch, warn, serve http://127.0.0.1:8480/v1/portfolios)";

constexpr const char* exit_codes =
    R"(Exit codes of check and evaluate, by the headline:
   0  OK or WATCH                      10  WARN or CALL
  20  CRITICAL or LIQUIDATABLE         30  UNKNOWN, or a good level that stands on a stale price
                                          or on a head that is behind the clock
Exit codes of doctor: 0 all good, 10 warnings, 30 something is unusable.
Exit codes of failures (one line on stderr says which value and what to do):
   1  internal      2  usage, e.g. a bad address      3  configuration, e.g. a wrong chain id      4  no upstream

Endpoints: --rpc URL, else --rpc-file FILE, else the environment variable MARGIND_RPC (URLs with blanks between), else the
configuration. http, https, ws, wss and ipc:/path; each of several counts as an operator of its own. A URL on the command
line can be read by every user of the machine: where it holds a key, use one of the others.)";

void add_endpoint_options(CLI::App& command, margind::daemon::EndpointChoice& endpoints) {
    command.add_option("--rpc", endpoints.rpc, "Endpoint; several times for several operators")->allow_extra_args(false);
    command.add_option("--rpc-file", endpoints.rpc_file, "File with one endpoint a line");
}

int run_command(int argc, char** argv) {
    CLI::App app{about, "margind"};
    app.footer(exit_codes);
    app.require_subcommand(1);

    margind::daemon::CheckOptions check;
    auto* check_command = app.add_subcommand("check", "Read the positions of addresses once and say how they stand");
    check_command->add_option("ADDRESS", check.addresses, "One or more owners, 0x and 40 hex digits; together they are one book")->required();
    add_endpoint_options(*check_command, check.endpoints);
    check_command->add_option("--config", check.config, "Configuration with venues, assets and feeds beyond the built-in ones");
    check_command->add_option("--block", check.block, "Block number or hash instead of the head");
    check_command->add_flag("--json", check.json, "The full report as JSON");

    std::string config;
    auto* run = app.add_subcommand("run", "Watch the configured portfolios, warn, keep history, serve REST on loopback");
    run->add_option("FILE,--config", config, "Configuration, TOML")->required();

    margind::daemon::DoctorOptions doctor;
    auto* doctor_command = app.add_subcommand("doctor", "Examine endpoints, venues and feeds, and say in plain words what is wrong");
    add_endpoint_options(*doctor_command, doctor.endpoints);
    doctor_command->add_option("--config", doctor.config, "Configuration; without it the built-in venues and feeds");
    doctor_command->add_flag("--json", doctor.json, "The findings as JSON");

    std::string file;
    bool json = false;
    auto* evaluate = app.add_subcommand("evaluate", "Reproduce a report from an evaluation file, as /v1/portfolios/NAME/snapshot gives it, or give the margin of an account file");
    evaluate->add_option("FILE", file, "Evaluation or account file; - for standard input")->required();
    evaluate->add_flag("--json", json, "Report, next memory and events as JSON");

    std::string folder;
    auto* calibrate = app.add_subcommand("calibrate", "Make the calibration that evaluations stand on from a folder of price histories; JSON on standard output");
    calibrate->add_option("DATA", folder, "Folder with prices/*.csv.gz and funding/*.csv.gz")->required();

    margind::daemon::BacktestOptions backtest;
    auto* backtest_command = app.add_subcommand("backtest", "Hold margins, VaR, ES and warnings against a folder of price histories");
    backtest_command->add_option("DATA", backtest.folder, "Folder with prices/*.csv.gz and funding/*.csv.gz, as for calibrate; iv/ and oracle/ where there are")->required();
    backtest_command->add_option("--html", backtest.html, "Write one page with charts to this file too");
    backtest_command->add_flag("--json", backtest.json, "Everything, day by day, as JSON");

    auto* configuration = app.add_subcommand("config", "Check or show a configuration");
    configuration->require_subcommand(1);
    auto* config_check = configuration->add_subcommand("check", "Say every error of a configuration at once");
    config_check->add_option("FILE,--config", config, "Configuration, TOML; without it the built-in rows");
    auto* config_show = configuration->add_subcommand("show", "The settings in force; of a secret its origin alone");
    config_show->add_option("FILE,--config", config, "Configuration, TOML; without it the built-in rows");

    auto* adapters = app.add_subcommand("adapters", "Protocols of this build, the addresses each needs, what each cannot know");
    auto* version = app.add_subcommand("version", "Version of this build");

    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        if (error.get_exit_code() == 0) return app.exit(error);
        const std::vector<std::string> unknown = app.remaining(true);
        if (unknown.empty()) fmt::print(stderr, "margind: {}; see margind --help\n", error.what());
        else fmt::print(stderr, "margind: '{}' is no command or option here; see margind --help\n", unknown.front());
        return static_cast<int>(ExitCode::usage);
    }
    ExitCode code = ExitCode::ok;
    if (check_command->parsed()) code = margind::daemon::check(check);
    else if (run->parsed()) code = margind::daemon::run(config);
    else if (doctor_command->parsed()) code = margind::daemon::doctor(doctor);
    else if (evaluate->parsed()) code = margind::daemon::evaluate_file(file, json);
    else if (calibrate->parsed()) code = margind::daemon::calibrate(folder);
    else if (backtest_command->parsed()) code = margind::daemon::backtest(backtest);
    else if (config_check->parsed()) code = margind::daemon::config_check(config);
    else if (config_show->parsed()) code = margind::daemon::config_show(config);
    else if (adapters->parsed()) code = margind::daemon::list_adapters();
    else if (version->parsed()) fmt::print("margind {}\n", margind::daemon::version());
    return static_cast<int>(code);
}

}  // namespace

int main(int argc, char** argv) {
    try {
        return run_command(argc, argv);
    } catch (const std::exception& error) {
        fmt::print(stderr, "margind: internal error: {}\n", error.what());
        return static_cast<int>(ExitCode::internal);
    }
}
