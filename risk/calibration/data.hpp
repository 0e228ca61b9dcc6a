// Price and funding histories as the files of a data folder hold them.
#pragma once

#include "risk/model/result.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace margind::risk::calibration {

/// The unpacked text of "prices/NAME.csv.gz" and the SHA-256 of the packed file, in hex.
struct DataFile {
    std::string text;
    std::string sha256;
};
/// By path below the folder, without ".csv.gz".
using DataFiles = std::map<std::string, DataFile>;

/// Values by time, unix seconds.
using Series = std::map<std::int64_t, double>;

struct Bars {
    /// By the time when the bar ends.
    Series closes;
    /// Volume times close, in the quote currency.
    Series turnover;
};

/// Of `ts,open,high,low,close,volume`, whose ts is the bar's opening; its length is the end of the file's name ("_1h", "_30m").
/// Of `date,base,open,high,low,close,volume`, the rows of `base`, a day long. A price that is not a positive number and a time that
/// does not rise are errors that name file, line and value; one of 0 as a volume is none.
model::Result<Bars> read_bars(const DataFiles& files, const std::string& name, std::string_view base = {});

/// Seconds of "_1h" or "_30m" at the end of a file's name, or before its next "_"; empty where there is none.
std::optional<std::int64_t> bar_length(std::string_view name);

/// A column by `ts` or another column of times, as it is.
model::Result<Series> read_column(const DataFiles& files, const std::string& name, std::string_view column, std::string_view time = "ts");

/// "2025-09-30".
std::string date_text(std::int64_t time);

}  // namespace margind::risk::calibration
