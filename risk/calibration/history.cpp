// Returns and sigmas of one asset.
#include "risk/calibration/history.hpp"

#include "risk/statistics/ewma.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace margind::risk::calibration {

using namespace model;

DailyReturns daily_returns(const Series& closes) {
    DailyReturns returns;
    for (const auto& [time, close] : closes) {
        if (time % day_s != 0) continue;
        const auto before = closes.find(time - day_s);
        if (before != closes.end()) returns[time / day_s - 1] = std::log(close / before->second);
    }
    return returns;
}

Result<Sigma> sigma_of(const DailyReturns& returns, const std::string& of) {
    std::vector<double> values;
    for (const auto& [day, value] : returns) values.push_back(value);
    const Result<statistics::Ewma> filter = statistics::ewma(values, ewma_lambda, warm_up_days);
    if (!filter) return fail(filter.error().code, of + ": " + filter.error().message);
    Sigma sigma{filter->now(), filter->median};
    std::size_t i = 0;
    for (const auto& [day, value] : returns)
        if (i++ >= warm_up_days) sigma.after[day] = filter->forecast[i - warm_up_days];
    return sigma;
}

std::optional<double> Sigma::at(std::int64_t time) const {
    constexpr std::int64_t oldest_days = 7;
    const std::int64_t last = time / day_s - 1;
    auto found = after.upper_bound(last);
    if (found == after.begin() || (--found)->first <= last - oldest_days) return std::nullopt;
    return found->second;
}

Result<History> History::read(const DataFiles& files, const AssetSource& source) {
    History history;
    for (const std::string_view entry : source.histories) {
        const std::size_t colon = entry.find(':');
        const std::string name(entry.substr(0, colon));
        Result<Bars> bars = read_bars(files, name, colon == std::string_view::npos ? std::string_view() : entry.substr(colon + 1));
        if (!bars) return fail(bars.error());
        history.hourly_ = history.hourly_ || colon == std::string_view::npos;
        const std::int64_t end = history.daily_.empty() ? -1 : history.daily_.rbegin()->first;
        for (const auto& [day, value] : daily_returns(bars->closes))
            if (day > end) history.daily_[day] = value;
        history.files_.push_back(*std::move(bars));
    }
    return history;
}

std::optional<double> History::move(std::int64_t from, std::int64_t to) const {
    for (const Bars& bars : files_) {
        const auto after = bars.closes.find(to);
        const auto before = bars.closes.find(from);
        if (after != bars.closes.end() && before != bars.closes.end()) return std::log(after->second / before->second);
    }
    return std::nullopt;
}

std::optional<double> History::price_at(std::int64_t time) const {
    for (auto bars = files_.rbegin(); bars != files_.rend(); ++bars)
        if (const auto found = bars->closes.find(time); found != bars->closes.end()) return found->second;
    return std::nullopt;
}

History History::until(std::int64_t time) const {
    History past;
    past.hourly_ = hourly_;
    past.daily_ = {daily_.begin(), daily_.lower_bound(time / day_s)};
    for (const Bars& bars : files_) {
        Bars cut{{bars.closes.begin(), bars.closes.upper_bound(time)}, {bars.turnover.begin(), bars.turnover.upper_bound(time)}};
        if (!cut.closes.empty()) past.files_.push_back(std::move(cut));
    }
    return past;
}

double History::median_turnover() const {
    constexpr std::size_t most_days = 90;
    std::map<std::int64_t, double> by_day;
    for (const auto& [end, turnover] : files_.back().turnover) by_day[(end - 1) / day_s] += turnover;
    std::vector<double> last;
    for (auto day = by_day.rbegin(); day != by_day.rend() && last.size() < most_days; ++day) last.push_back(day->second);
    return statistics::median(std::move(last));
}

}  // namespace margind::risk::calibration
