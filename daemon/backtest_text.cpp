// The tables of a backtest.
#include "daemon/backtest_report.hpp"

#include "risk/calibration/data.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdint>
#include <string>

namespace margind::daemon {
namespace {

using namespace risk::backtest;

constexpr std::int64_t day_s = 86'400;

std::string percent(double share, int digits = 2) { return fmt::format("{:.{}f}", 100 * share, digits); }

std::string book_rows(const Backtest& result) {
    std::string text = fmt::format("{:<15}{:>6}{:>8}{:>8}{:>9}{:>9}{:>7}{:>7}{:>7}{:>8}{:>7}{:>7}{:>7}{:>7}\n", "book", "days", "close %", "hour %", "mean MM %",
                                   "loss %", "ratio", "VaR br", "of", "Kupiec", "green%", "Z2", "swing", "rise %");
    for (const BookResult& book : result.books) {
        text += fmt::format("{:<15}{:>6}{:>8}{:>8}{:>9}{:>9}{:>7.2f}", book.name + (book.synthetic ? "*" : ""), book.days.size(), percent(book.breaches_close),
                            book.days_with_hours > 0 ? percent(book.breaches_hour) : "-", percent(book.mean_mm), percent(book.loss_995), book.mm_over_loss);
        if (book.tail) {
            const TailTests& tail = *book.tail;
            text += fmt::format("{:>7}{:>7}{:>8.3f}{:>7}{:>7.2f}{:>7.2f}{:>7}", tail.breaches, tail.days, tail.kupiec_p, percent(tail.green_share, 0), tail.z2,
                                tail.peak_to_trough, percent(tail.worst_rise_5d, 0));
        }
        text += '\n';
    }
    return text;
}

std::string row_of(const AlarmRow& row, const std::string& name) {
    const double months = std::max(row.months, 1e-9);
    const double median = row.leads.empty() ? 0.0 : row.leads[row.leads.size() / 2];
    return fmt::format("{:<6}{:<13}{:>5}{:>9}{:>8.1f}{:>13}{:>9}{:>9}{:>12}{:>8}{:>13.2f}\n", row.asset, name, row.leverage > 1 ? fmt::format("{:g}x", row.leverage) : "",
                       row.accounts, row.months, row.liquidations, row.called_60, row.called_15, row.liquidations > 0 ? fmt::format("{:.0f} min", median) : "-",
                       row.false_calls, static_cast<double>(row.false_calls) / months);
}

std::string alarm_rows(const AlarmResult& alarm) {
    std::string text;
    for (const AlarmRow& row : alarm.rows) text += row_of(row, row.venue);
    text += row_of(alarm.total, "all");
    text += fmt::format("{:<6}P24h: Brier score {:.4f}; {:.4f} where the frequency itself is always forecast. {}, {} to {}\n", alarm.asset, alarm.brier,
                        alarm.brier_of_frequency, alarm.file, risk::calibration::date_text(alarm.from), risk::calibration::date_text(alarm.to));
    return text;
}

}  // namespace

std::vector<Aim> aims_of(const Backtest& result) {
    std::vector<Aim> aims;
    for (const BookResult& book : result.books) aims.insert(aims.end(), book.aims.begin(), book.aims.end());
    for (const AlarmResult& alarm : result.alarms) aims.insert(aims.end(), alarm.aims.begin(), alarm.aims.end());
    return aims;
}

std::string backtest_text(const Backtest& result) {
    std::string text = fmt::format(
        "Books, {} to {}, frozen each day at 00:00 UTC; % of the dollars of the larger side. close, hour: days on which the loss at the close, at\n"
        "the worst hour was above MM (aims 0.50, 1.00). loss: what 99.5 % of days stay below. ratio: mean MM over it. VaR br: breaches of the raw VaR 99 %\n"
        "(by sigmas without their floor). Z2: of the raw ES 97.5 %. swing, rise: of ES*, peak to trough and the worst five days. *: option prices are a model's.\n\n",
        risk::calibration::date_text(result.first_day * day_s), risk::calibration::date_text(result.last_day * day_s));
    text += book_rows(result);
    if (!result.alarms.empty())
        text += fmt::format("\nWarnings: accounts long and short, held 14 days; liquidations with CALL 60 and 15 minutes before; false CALLs\n\n{:<6}{:<13}{:>5}{:>9}{:>8}{:>13}{:>9}{:>9}{:>12}{:>8}{:>13}\n",
                            "asset", "venue", "", "accounts", "months", "liquidations", "60 min", "15 min", "median lead", "false", "false/month");
    for (const AlarmResult& alarm : result.alarms) text += alarm_rows(alarm);
    text += "\nR: worst rise within 5 days";
    for (const RangeRise& range : result.ranges) text += fmt::format("{} {} {} %", &range == result.ranges.data() ? "" : ",", range.asset, percent(range.worst_rise_5d, 0));
    text += " (aim: at most 150 %)\n";
    for (const std::string& one : result.left_out) text += "Left out: " + one + "\n";
    const std::vector<Aim> aims = aims_of(result);
    const auto met = std::count_if(aims.begin(), aims.end(), [](const Aim& aim) { return aim.met(); });
    text += fmt::format("\n{} of {} aims are met\n", met, aims.size());
    for (const Aim& aim : aims)
        if (!aim.met()) text += fmt::format("  not met: {}: {} {:.4g}, aim {} {:.4g}\n", aim.of, aim.figure, aim.value, aim.at_least ? "at least" : "at most", aim.limit);
    return text;
}

}  // namespace margind::daemon
