// JSON text of the model's scalars.
#include "risk/model/json_print.hpp"

#include "risk/model/json_text.hpp"

#include <nlohmann/json.hpp>

#include <charconv>
#include <cmath>

namespace margind::model {
namespace {

constexpr std::int64_t exact_in_double = std::int64_t{1} << 53;

template <class T>
void append_integer(std::string& out, T value, bool quoted) {
    std::array<char, 24> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    if (quoted) out += '"';
    out.append(digits.data(), end);
    if (quoted) out += '"';
}

}  // namespace

void JsonPrinter::name(std::string_view plain) {
    out_ += '"';
    out_ += plain;
    out_ += "\":";
}

void JsonPrinter::text(std::string_view value) {
    const bool plain = std::all_of(value.begin(), value.end(), [](char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; });
    if (!plain) {
        out_ += print_json(nlohmann::json(value));
        return;
    }
    out_ += '"';
    out_ += value;
    out_ += '"';
}

void JsonPrinter::write(double value) {
    if (!std::isfinite(value)) return text(std::isnan(value) ? "nan" : value > 0 ? "inf" : "-inf");
    // The library's own form, which is not that of std::to_chars ("1e-05", "100.0").
    std::array<char, 64> digits{};
    out_.append(digits.data(), nlohmann::detail::to_chars(digits.data(), digits.data() + digits.size(), value));
}

void JsonPrinter::write(const Money& value) {
    raw('{');
    name("amount");
    text(value.to_string());
    raw(',');
    name("decimals");
    write(value.decimals);
    raw(',');
    name("raw");
    text(value.raw.to_decimal());
    raw(',');
    name("unit");
    text(value.unit);
    raw('}');
}

void JsonPrinter::integer(std::int64_t value) { append_integer(out_, value, value > exact_in_double || value < -exact_in_double); }
void JsonPrinter::integer(std::uint64_t value) { append_integer(out_, value, value > static_cast<std::uint64_t>(exact_in_double)); }

}  // namespace margind::model
