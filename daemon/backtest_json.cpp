// A backtest as JSON, and as a page that holds that JSON.
#include "daemon/backtest_report.hpp"

#include "daemon/backtest_page_text.hpp"

#include <nlohmann/json.hpp>

#include <charconv>
#include <optional>
#include <string>

namespace margind::daemon {
namespace {

using namespace risk::backtest;
using nlohmann::json;

/// Six significant digits.
json number(double value) {
    char text[32];
    const auto printed = std::to_chars(text, text + sizeof text, value, std::chars_format::general, 6);
    double short_value = value;
    std::from_chars(text, printed.ptr, short_value);
    return short_value;
}
json number(const std::optional<double>& value) { return value ? number(*value) : json(nullptr); }

json aim(const Aim& one) {
    return {{"of", one.of}, {"figure", one.figure}, {"value", number(one.value)}, {"limit", number(one.limit)}, {"at_least", one.at_least}, {"met", one.met()}};
}

json tail(const TailTests& tests) {
    return {{"days", tests.days},
            {"breaches", tests.breaches},
            {"breaches_reported", tests.breaches_reported},
            {"kupiec_p", number(tests.kupiec_p)},
            {"independence_p", number(tests.independence_p)},
            {"coverage_p", number(tests.coverage_p)},
            {"green_share", number(tests.green_share)},
            {"windows", tests.windows},
            {"z2", number(tests.z2)},
            {"z2_critical", number(tests.z2_critical)},
            {"degrees", number(tests.degrees)},
            {"es_star_peak_to_trough", number(tests.peak_to_trough)},
            {"es_star_worst_rise_5d", number(tests.worst_rise_5d)}};
}

/// By column, so that a name stands once.
json days(const std::vector<BookDay>& all) {
    json table = {{"day", json::array()},   {"loss", json::array()}, {"worst_hour", json::array()}, {"mm", json::array()},     {"grid", json::array()},
                  {"floor", json::array()}, {"var", json::array()},  {"es", json::array()},         {"es_star", json::array()}};
    for (const BookDay& day : all) {
        const bool known = day.var.has_value();
        table["day"].push_back(day.day);
        table["loss"].push_back(number(day.loss));
        table["worst_hour"].push_back(number(day.worst_hour));
        table["mm"].push_back(number(day.mm));
        table["grid"].push_back(number(day.grid));
        table["floor"].push_back(number(day.floor));
        table["var"].push_back(number(day.var));
        table["es"].push_back(known ? number(day.es) : json(nullptr));
        table["es_star"].push_back(known ? number(day.es_star) : json(nullptr));
    }
    return table;
}

json book(const BookResult& one) {
    json row = {{"name", one.name},
                {"about", one.about},
                {"synthetic", one.synthetic},
                {"breaches_close", number(one.breaches_close)},
                {"breaches_hour", number(one.breaches_hour)},
                {"days_with_hours", one.days_with_hours},
                {"mean_mm", number(one.mean_mm)},
                {"mean_floor", number(one.mean_floor)},
                {"loss_995", number(one.loss_995)},
                {"worst_loss", number(one.worst_loss)},
                {"mm_over_loss", number(one.mm_over_loss)}};
    row["tail"] = one.tail ? tail(*one.tail) : json(nullptr);
    row["days"] = days(one.days);
    return row;
}

json alarm_row(const AlarmRow& one) {
    return {{"asset", one.asset},
            {"venue", one.venue},
            {"leverage", number(one.leverage)},
            {"accounts", one.accounts},
            {"months", number(one.months)},
            {"liquidations", one.liquidations},
            {"called_60", one.called_60},
            {"called_15", one.called_15},
            {"calls", one.calls},
            {"false_calls", one.false_calls},
            {"lead_minutes", one.leads}};
}

json alarm(const AlarmResult& one) {
    json row = {{"asset", one.asset},       {"file", one.file},
                {"from", one.from},         {"to", one.to},
                {"bar_s", one.bar_s},       {"total", alarm_row(one.total)},
                {"at_5x", alarm_row(one.at_5x)}, {"brier", number(one.brier)},
                {"brier_of_frequency", number(one.brier_of_frequency)}};
    row["rows"] = json::array();
    for (const AlarmRow& of : one.rows) row["rows"].push_back(alarm_row(of));
    row["touch"] = json::array();
    for (const TouchBin& bin : one.touch)
        row["touch"].push_back({{"from", bin.from}, {"to", bin.to}, {"forecasts", bin.forecasts}, {"mean_forecast", number(bin.mean_forecast)}, {"frequency", number(bin.frequency)}});
    row["traces"] = json::array();
    for (const Trace& trace : one.traces) {
        json points = {{"time", json::array()}, {"price", json::array()}, {"level", json::array()}};
        for (const TracePoint& point : trace.points) {
            points["time"].push_back(point.time);
            points["price"].push_back(number(point.price));
            points["level"].push_back(model::to_string(point.level));
        }
        row["traces"].push_back({{"title", trace.title}, {"liquidation_price", number(trace.liquidation_price)}, {"points", points}});
    }
    return row;
}

}  // namespace

std::string backtest_json(const Backtest& result) {
    json all = {{"first_day", result.first_day}, {"last_day", result.last_day}, {"left_out", result.left_out}, {"files", result.files}};
    all["books"] = json::array();
    for (const BookResult& one : result.books) all["books"].push_back(book(one));
    all["alarms"] = json::array();
    for (const AlarmResult& one : result.alarms) all["alarms"].push_back(alarm(one));
    all["ranges"] = json::array();
    for (const RangeRise& one : result.ranges) all["ranges"].push_back({{"asset", one.asset}, {"worst_rise_5d", number(one.worst_rise_5d)}});
    all["aims"] = json::array();
    for (const Aim& one : aims_of(result)) all["aims"].push_back(aim(one));
    return all.dump();
}

std::string backtest_page(const Backtest& result) {
    constexpr std::string_view mark = "\"BACKTEST\"";
    std::string data = backtest_json(result);
    // Inside a script element "</" would end it.
    for (std::size_t at = data.find("</"); at != std::string::npos; at = data.find("</", at)) data.insert(at + 1, "\\");
    std::string page(backtest_page_text());
    return page.replace(page.find(mark), mark.size(), data);
}

}  // namespace margind::daemon
