// The sections of a configuration file, read into settings. Built-in data files go through the same code.
#pragma once

#include "config/reader.hpp"
#include "config/settings.hpp"

namespace margind::config {

/// Adds the rows of `root` to `settings` or puts them in the place of those with the same identity.
void read_sections(TableReader& root, Settings& settings);

}  // namespace margind::config
