// A text from outside as one value of a key=value log line.
#pragma once

#include <string>
#include <string_view>

namespace margind::daemon {

/// In double quotes; quotes, backslashes and control characters are escaped, so that no revert message or request path
/// can start a line or a key of its own. Cut at 2,000 bytes.
std::string log_value(std::string_view text);

}  // namespace margind::daemon
