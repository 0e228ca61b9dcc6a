// What the process answers its caller.
#pragma once

#include "risk/model/report.hpp"

namespace margind::daemon {

enum class ExitCode : int {
    ok = 0,
    internal = 1,
    usage = 2,
    config = 3,
    no_upstream = 4,
    /// Headline WARN or CALL.
    warned = 10,
    /// Headline LIQUIDATABLE or CRITICAL.
    critical = 20,
    /// Headline UNKNOWN, or a good one that stands on a stale or disputed price.
    unknown = 30,
};

ExitCode exit_code_of(const model::Headline& headline);
/// Of a command that failed: an endpoint's errors are no_upstream, a wrong chain id is config.
ExitCode exit_code_of(const model::Error& error);

}  // namespace margind::daemon
