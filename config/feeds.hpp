// Reads the rows of [[feed]].
#pragma once

#include "config/reader.hpp"

namespace margind::config {

void read_feeds(TableReader& root, Settings& settings);
/// The row of a feed as TOML.
std::string describe(const Feed& feed);

}  // namespace margind::config
