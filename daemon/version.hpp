// The version of this build.
#pragma once

namespace margind::daemon {

const char* version();

}  // namespace margind::daemon
