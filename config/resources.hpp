// Data files of this folder as the build compiled them in.
#pragma once

#include <string_view>

namespace margind::config {

/// The text of `config/<name>`, e.g. "chains.toml", "market.json". Throws std::logic_error for a name that the build
/// did not embed.
std::string_view resource(std::string_view name);

}  // namespace margind::config
