// The version of this build.
#include "daemon/version.hpp"

namespace margind::daemon {

const char* version() { return MARGIND_VERSION; }

}  // namespace margind::daemon
