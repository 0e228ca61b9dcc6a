// A whole file as text, within a bound.
#pragma once

#include "risk/model/result.hpp"

#include <cstddef>
#include <string>

namespace margind::daemon {

/// "-" is standard input. Errors name the file and what the system says.
model::Result<std::string> read_text_file(const std::string& file, std::size_t largest);

}  // namespace margind::daemon
