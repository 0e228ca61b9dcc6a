// The checks behind JsonReader.
#include "risk/model/json_reader.hpp"

#include "risk/model/json_text.hpp"
#include "risk/model/in_quotes.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace margind::model {
namespace {

/// Others stand quoted, and cut short, in a path.
constexpr std::size_t longest_plain_key = 60;

std::string shown(const nlohmann::json& value) {
    if (value.is_object()) return "an object";
    if (value.is_array()) return "an array";
    if (const auto* text = value.get_ptr<const std::string*>()) return in_quotes(*text);
    return print_json(value);
}

}  // namespace

JsonReader::JsonReader(const JsonReader& parent, std::string_view key) : parent_(&parent), key_(key), document_(parent.document_) {
    if (parent.value_ == nullptr || !parent.is_object_or_refuse()) return;
    const auto it = parent.value_->find(key);
    if (it != parent.value_->end()) value_ = &*it;
    else parent.refuse(ErrorCode::missing, "missing key " + in_quotes(key));
}

JsonReader::JsonReader(const JsonReader& parent, std::size_t index)
    : value_(&(*parent.value_)[index]), parent_(&parent), index_(index), document_(parent.document_) {}

void JsonReader::refuse(ErrorCode code, const std::string& what) const {
    if (!failed()) document_->error_ = Error{code, path() + ": " + what, Retry::never};
}

void JsonReader::expected(const std::string& what) const {
    refuse(ErrorCode::bad_input, "expected " + what + ", got " + (value_ == nullptr ? "nothing" : shown(*value_)));
}

bool JsonReader::is_null() const { return value_ != nullptr && value_->is_null(); }

bool JsonReader::has(std::string_view key) const { return value_ != nullptr && value_->is_object() && value_->contains(key); }

std::size_t JsonReader::size() const { return value_ != nullptr && value_->is_structured() ? value_->size() : 0; }

bool JsonReader::is_array_or_refuse() const {
    const bool good = value_ != nullptr && value_->is_array();
    if (!good) expected("an array");
    return good;
}

bool JsonReader::is_object_or_refuse() const {
    const bool good = value_ != nullptr && value_->is_object();
    if (!good) expected("an object");
    return good;
}

std::vector<std::string> JsonReader::keys() const {
    std::vector<std::string> out;
    if (value_ == nullptr || !value_->is_object()) return out;
    for (const auto& item : value_->items()) out.push_back(item.key());
    return out;
}

void JsonReader::only_keys(std::span<const std::string_view> known) const {
    if (!is_object_or_refuse()) return;
    for (const auto& item : value_->items())
        if (std::ranges::find(known, std::string_view(item.key())) == known.end()) return refuse(ErrorCode::bad_input, "unknown key " + in_quotes(item.key()));
}

void JsonReader::read(bool& out) const {
    if (value_ == nullptr || !value_->is_boolean()) return expected("true or false");
    out = value_->get<bool>();
}

void JsonReader::read(double& out) const {
    if (value_ == nullptr) return expected("a number");
    if (value_->is_number()) {
        out = value_->get<double>();
        return;
    }
    const auto* const text = value_->get_ptr<const std::string*>();
    if (text != nullptr && *text == "inf") out = std::numeric_limits<double>::infinity();
    else if (text != nullptr && *text == "-inf") out = -std::numeric_limits<double>::infinity();
    else if (text != nullptr && *text == "nan") out = std::numeric_limits<double>::quiet_NaN();
    else expected("a number");
}

void JsonReader::read(Money& out) const {
    constexpr std::string_view known[] = {"amount", "raw", "decimals", "unit"};
    only_keys(known);
    if (failed()) return;
    const JsonReader amount(*this, std::string_view("amount"));
    read_json(JsonReader(*this, std::string_view("raw")), out.raw);
    read_json(JsonReader(*this, std::string_view("decimals")), out.decimals);
    read_json(JsonReader(*this, std::string_view("unit")), out.unit);
    const std::string* const text = amount.text();
    if (!failed() && *text != out.to_string()) amount.expected(in_quotes(out.to_string()) + ", which is raw and decimals");
}

void JsonReader::read(ChainId& out) const { read(out.value); }

std::optional<std::int64_t> JsonReader::integer(std::int64_t lowest, std::int64_t highest) const {
    std::optional<std::int64_t> out;
    if (value_ != nullptr && value_->is_number_integer()) {
        const bool beyond = value_->is_number_unsigned() && value_->get<std::uint64_t>() > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
        if (!beyond) out = value_->get<std::int64_t>();
    } else if (value_ != nullptr && value_->is_string()) {
        const std::optional<I256> wide = I256::from_decimal(value_->get_ref<const std::string&>());
        if (wide && *wide >= I256(lowest) && *wide <= I256(highest)) {
            const std::uint64_t magnitude = wide->magnitude().limbs()[0];
            out = static_cast<std::int64_t>(wide->is_negative() ? ~magnitude + 1 : magnitude);
        }
    }
    if (out && *out >= lowest && *out <= highest) return out;
    expected("an integer from " + std::to_string(lowest) + " to " + std::to_string(highest));
    return std::nullopt;
}

void JsonReader::read(std::uint64_t& out) const {
    if (value_ != nullptr && value_->is_number_unsigned()) {
        out = value_->get<std::uint64_t>();
        return;
    }
    std::optional<U256> wide;
    if (value_ != nullptr && value_->is_string()) wide = U256::from_decimal(value_->get_ref<const std::string&>());
    const std::optional<std::uint64_t> small = wide ? wide->to_u64() : std::nullopt;
    if (!small) return expected("an integer from 0 to 18446744073709551615");
    out = *small;
}

const std::string* JsonReader::text() const {
    const auto* const out = value_ == nullptr ? nullptr : value_->get_ptr<const std::string*>();
    if (out == nullptr) expected("text");
    return out;
}

std::string JsonReader::path() const {
    if (parent_ == nullptr) return "$";
    if (!key_.empty() || !parent_->value_->is_array()) {
        const bool plain = !key_.empty() && key_.size() <= longest_plain_key && std::ranges::all_of(key_, [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; });
        return parent_->path() + (plain ? "." + std::string(key_) : "[" + in_quotes(key_) + "]");
    }
    return parent_->path() + "[" + std::to_string(index_) + "]";
}

}  // namespace margind::model
