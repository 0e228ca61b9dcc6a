// A folder of packed CSV histories.
#pragma once

#include "risk/calibration/data.hpp"
#include "risk/model/result.hpp"

#include <string>
#include <vector>

namespace margind::daemon {

/// Each of `names` ("prices/NAME") as FOLDER/prices/NAME.csv.gz, unpacked. Errors name the file and what is wrong with it.
model::Result<risk::calibration::DataFiles> read_data_folder(const std::string& folder, const std::vector<std::string>& names);

}  // namespace margind::daemon
