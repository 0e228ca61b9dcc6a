// margind calibrate: from a folder of histories to the calibration that evaluations stand on.
#include "daemon/commands.hpp"
#include "daemon/complain.hpp"
#include "daemon/data_folder.hpp"
#include "risk/calibration/calibrate.hpp"

#include <fmt/format.h>

namespace margind::daemon {

ExitCode calibrate(const std::string& folder) {
    const auto files = read_data_folder(folder, risk::calibration::needed_files());
    if (!files) return complain(files.error(), ExitCode::usage);
    const auto market = risk::calibration::calibrate(*files);
    if (!market) return complain({market.error().code, folder + ": " + market.error().message, model::Retry::never}, ExitCode::usage);
    fmt::print("{}", risk::calibration::market_text(*market));
    return ExitCode::ok;
}

}  // namespace margind::daemon
