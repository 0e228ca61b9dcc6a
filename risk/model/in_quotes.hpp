// An offending text as it appears in an error message.
#pragma once

#include <string>
#include <string_view>

namespace margind::model {

/// In double quotes, at most 100 bytes of it, then "…"; bytes outside printable ASCII appear as \xNN.
std::string in_quotes(std::string_view text);

}  // namespace margind::model
