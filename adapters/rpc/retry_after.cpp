// The Retry-After header: seconds, or a date.
#include "adapters/rpc/retry_after.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

namespace margind::adapters::rpc {

namespace {

constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

template <class T>
std::optional<T> number(std::string_view text) {
    T out = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return out;
}

}  // namespace

std::optional<std::chrono::seconds> parse_retry_after(std::string_view text, std::chrono::system_clock::time_point now) {
    if (const auto seconds = number<std::uint32_t>(text)) return std::chrono::seconds(*seconds);
    // "Sun, 06 Nov 1994 08:49:37 GMT"
    if (text.size() != 29 || text.substr(3, 2) != ", " || text.substr(25) != " GMT") return std::nullopt;
    if (text[7] != ' ' || text[11] != ' ' || text[16] != ' ' || text[19] != ':' || text[22] != ':') return std::nullopt;
    const auto month = std::find(months.begin(), months.end(), text.substr(8, 3));
    const auto day = number<unsigned char>(text.substr(5, 2));
    const auto year = number<std::uint16_t>(text.substr(12, 4));
    const auto hour = number<unsigned char>(text.substr(17, 2));
    const auto minute = number<unsigned char>(text.substr(20, 2));
    const auto second = number<unsigned char>(text.substr(23, 2));
    if (month == months.end() || !day || !year || !hour || !minute || !second) return std::nullopt;
    const std::chrono::year_month_day date(std::chrono::year(*year),
                                           std::chrono::month(static_cast<unsigned>(month - months.begin()) + 1U),
                                           std::chrono::day(*day));
    if (!date.ok() || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
    const auto then = std::chrono::sys_days(date) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) + std::chrono::seconds(*second);
    // In whole seconds: the year 9999 is more nanoseconds away than 64 bits hold.
    return std::max(then - std::chrono::floor<std::chrono::seconds>(now), std::chrono::seconds(0));
}

}  // namespace margind::adapters::rpc
