// From histories to a calibration. Pure: the same files give the same bytes.
#pragma once

#include "risk/calibration/data.hpp"
#include "risk/model/market.hpp"

#include <string>
#include <vector>

namespace margind::risk::calibration {

/// Every file that calibrate() asks for, sorted, without ".csv.gz".
std::vector<std::string> needed_files();

/// Method: risk/README.md, "Calibration". Fails on a file that is missing, malformed or too short, naming file, line and value.
model::Result<model::Market> calibrate(const DataFiles& files);

/// As JSON, a line per asset, that parse_market() reads back.
std::string market_text(const model::Market& market);

}  // namespace margind::risk::calibration
