// The composition root: every part of a running daemon, made and joined in one place.
#pragma once

#include "config/settings.hpp"
#include "daemon/exit_code.hpp"
#include "risk/model/market.hpp"

namespace margind::daemon {

/// Watches, warns and serves until SIGINT or SIGTERM. What cannot work with these settings (a wrong chain id, a taken
/// port, a database that is none) ends it at once with one line on stderr; a node that is away does not.
ExitCode run_app(const config::Settings& settings, const model::Market& market);

}  // namespace margind::daemon
