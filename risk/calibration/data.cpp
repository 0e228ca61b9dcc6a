// Reading CSV histories.
#include "risk/calibration/data.hpp"

#include "risk/model/in_quotes.hpp"

#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <cmath>
#include <optional>
#include <vector>

namespace margind::risk::calibration {

using namespace model;

namespace {

constexpr std::int64_t day_s = 86'400;

std::vector<std::string_view> cells_of(std::string_view line) {
    std::vector<std::string_view> cells;
    for (;;) {
        const std::size_t comma = line.find(',');
        cells.push_back(line.substr(0, comma));
        if (comma == std::string_view::npos) return cells;
        line.remove_prefix(comma + 1);
    }
}

std::optional<double> number(std::string_view text) {
    double value = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (code != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
    return value;
}

std::optional<std::int64_t> whole(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (code != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

/// Unix seconds of "2025-09-30".
std::optional<std::int64_t> day_of(std::string_view text) {
    if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
    const auto year = whole(text.substr(0, 4));
    const auto month = whole(text.substr(5, 2));
    const auto day = whole(text.substr(8, 2));
    if (!year || !month || !day || *month < 1 || *day < 1) return std::nullopt;
    const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(*year)), std::chrono::month(static_cast<unsigned>(*month)),
                                           std::chrono::day(static_cast<unsigned>(*day))};
    if (!date.ok()) return std::nullopt;
    return std::chrono::sys_days(date).time_since_epoch().count() * day_s;
}

/// Rows of one file, by the names of its columns.
class Table {
public:
    static Result<Table> open(const DataFiles& files, const std::string& name, const std::vector<std::string_view>& wanted) {
        const auto found = files.find(name);
        if (found == files.end()) return fail(ErrorCode::missing, name + ".csv.gz is not in the data folder");
        Table table(name, found->second.text);
        if (!table.next()) return table.refuse("", "an empty file");
        for (const std::string_view column : wanted) {
            std::size_t at = 0;
            while (at < table.cells_.size() && table.cells_[at] != column) ++at;
            if (at == table.cells_.size()) return table.refuse("", "no column " + in_quotes(column));
            table.columns_.push_back(at);
        }
        table.width_ = table.cells_.size();
        return table;
    }

    /// False at the end.
    bool next() {
        while (!rest_.empty()) {
            const std::size_t end = rest_.find('\n');
            std::string_view line = rest_.substr(0, end);
            rest_ = end == std::string_view::npos ? std::string_view() : rest_.substr(end + 1);
            ++line_;
            if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
            if (line.empty()) continue;
            cells_ = cells_of(line);
            return true;
        }
        return false;
    }
    bool is_whole() const { return cells_.size() == width_; }
    std::size_t cells() const { return cells_.size(); }
    std::string_view operator[](std::size_t column) const { return cells_[columns_[column]]; }
    tl::unexpected<Error> refuse(std::string_view column, const std::string& what) const {
        return fail(ErrorCode::bad_input, fmt::format("{}.csv.gz:{}: {}{}{}", name_, line_, column, column.empty() ? "" : ": ", what));
    }

private:
    Table(std::string name, std::string_view text) : name_(std::move(name)), rest_(text) {}
    std::string name_;
    std::string_view rest_;
    std::size_t line_ = 0;
    std::size_t width_ = 0;
    std::vector<std::string_view> cells_;
    std::vector<std::size_t> columns_;
};

Result<void> add_bar(Bars& bars, const Table& table, std::int64_t end, std::string_view close, std::string_view volume) {
    const std::optional<double> price = number(close);
    if (!price || !(*price > 0)) return table.refuse("close", in_quotes(close) + " is not a positive number");
    const std::optional<double> size = number(volume);
    if (!size || *size < 0) return table.refuse("volume", in_quotes(volume) + " is not a number from 0");
    if (!bars.closes.empty() && end <= bars.closes.rbegin()->first) return table.refuse("", "its time does not rise above that of the row before");
    bars.closes.emplace_hint(bars.closes.end(), end, *price);
    bars.turnover.emplace_hint(bars.turnover.end(), end, *price * *size);
    return {};
}

}  // namespace

std::optional<std::int64_t> bar_length(std::string_view name) {
    for (std::size_t line = name.rfind('_'); line != std::string_view::npos && line > 0; line = name.rfind('_', line - 1)) {
        const std::string_view part = name.substr(line + 1, name.find('_', line + 1) - line - 1);
        if (part.size() < 2) continue;
        const std::optional<std::int64_t> count = whole(part.substr(0, part.size() - 1));
        const std::int64_t unit = part.back() == 'h' ? 3600 : part.back() == 'm' ? 60 : 0;
        if (count && *count > 0 && unit > 0) return *count * unit;
    }
    return std::nullopt;
}

Result<Bars> read_bars(const DataFiles& files, const std::string& name, std::string_view base) {
    Bars bars;
    if (!base.empty()) {
        Result<Table> table = Table::open(files, name, {"date", "base", "close", "volume"});
        if (!table) return fail(table.error());
        while (table->next()) {
            if (!table->is_whole()) return table->refuse("", fmt::format("{} cells", table->cells()));
            if ((*table)[1] != base) continue;
            const std::optional<std::int64_t> opened = day_of((*table)[0]);
            if (!opened) return table->refuse("date", in_quotes((*table)[0]) + " is no date like 2025-09-30");
            if (Result<void> added = add_bar(bars, *table, *opened + day_s, (*table)[2], (*table)[3]); !added) return fail(added.error());
        }
        if (bars.closes.empty()) return fail(ErrorCode::bad_input, name + ".csv.gz: no row of base " + in_quotes(base));
        return bars;
    }
    const std::optional<std::int64_t> length = bar_length(name);
    if (!length) return fail(ErrorCode::bad_input, name + ".csv.gz: its name does not end with the length of a bar, as _1h");
    Result<Table> table = Table::open(files, name, {"ts", "close", "volume"});
    if (!table) return fail(table.error());
    while (table->next()) {
        if (!table->is_whole()) return table->refuse("", fmt::format("{} cells", table->cells()));
        const std::optional<std::int64_t> opened = whole((*table)[0]);
        if (!opened) return table->refuse("ts", in_quotes((*table)[0]) + " is no whole number of seconds");
        if (Result<void> added = add_bar(bars, *table, *opened + *length, (*table)[1], (*table)[2]); !added) return fail(added.error());
    }
    return bars;
}

Result<Series> read_column(const DataFiles& files, const std::string& name, std::string_view column, std::string_view time_column) {
    Result<Table> table = Table::open(files, name, {time_column, column});
    if (!table) return fail(table.error());
    Series series;
    while (table->next()) {
        if (!table->is_whole()) return table->refuse("", fmt::format("{} cells", table->cells()));
        const std::optional<std::int64_t> time = whole((*table)[0]);
        if (!time) return table->refuse(time_column, in_quotes((*table)[0]) + " is no whole number of seconds");
        const std::optional<double> value = number((*table)[1]);
        if (!value) return table->refuse(column, in_quotes((*table)[1]) + " is not a number");
        if (!series.empty() && *time <= series.rbegin()->first)
            return table->refuse(time_column, in_quotes((*table)[0]) + " does not rise above that of the row before");
        series.emplace_hint(series.end(), *time, *value);
    }
    return series;
}

std::string date_text(std::int64_t time) {
    const std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(time / day_s))};
    return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
}

}  // namespace margind::risk::calibration
