// JSON values of the model's scalars.
#include "risk/model/json_writer.hpp"

#include <nlohmann/json.hpp>

#include <cmath>

namespace margind::model {
namespace {

constexpr std::int64_t exact_in_double = std::int64_t{1} << 53;

}  // namespace

void JsonWriter::object() const { *value_ = nlohmann::json::object(); }
void JsonWriter::array() const { *value_ = nlohmann::json::array(); }
JsonWriter JsonWriter::member(const std::string& key) const { return JsonWriter((*value_)[key]); }
JsonWriter JsonWriter::element() const { return JsonWriter(value_->emplace_back(nullptr)); }

void JsonWriter::null() const { *value_ = nullptr; }
void JsonWriter::write(bool value) const { *value_ = value; }
void JsonWriter::text(const std::string& value) const { *value_ = value; }

void JsonWriter::write(double value) const {
    if (std::isnan(value)) *value_ = "nan";
    else if (std::isinf(value)) *value_ = value > 0 ? "inf" : "-inf";
    else *value_ = value;
}

void JsonWriter::write(const Money& value) const {
    object();
    member("amount").text(value.to_string());
    member("raw").text(value.raw.to_decimal());
    member("decimals").write(value.decimals);
    member("unit").text(value.unit);
}

void JsonWriter::integer(std::int64_t value) const {
    if (value > exact_in_double || value < -exact_in_double) *value_ = std::to_string(value);
    else *value_ = value;
}

void JsonWriter::integer(std::uint64_t value) const {
    if (value > static_cast<std::uint64_t>(exact_in_double)) *value_ = std::to_string(value);
    else *value_ = value;
}

}  // namespace margind::model
