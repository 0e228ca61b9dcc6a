// How a command says why it failed.
#pragma once

#include "daemon/exit_code.hpp"
#include "risk/model/result.hpp"

namespace margind::daemon {

/// "margind: …" on stderr, one line per line of the message, and the code back.
ExitCode complain(const model::Error& error, ExitCode code);

}  // namespace margind::daemon
