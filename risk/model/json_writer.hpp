// Writing described structs as JSON, so that JsonReader gives the same value back.
#pragma once

#include "risk/model/fields.hpp"
#include "risk/model/money.hpp"
#include "risk/model/text_form.hpp"

#include <nlohmann/json_fwd.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace margind::model {

/// Fills one value of a document.
class JsonWriter {
public:
    explicit JsonWriter(nlohmann::json& value) : value_(&value) {}

    void object() const;
    void array() const;
    /// \pre object() was called.
    JsonWriter member(const std::string& key) const;
    /// Appends. The writer of an earlier element is no longer valid. \pre array() was called.
    JsonWriter element() const;

    void null() const;
    void write(bool value) const;
    /// What is not finite as "inf", "-inf", "nan".
    void write(double value) const;
    void write(const Money& value) const;
    void write(const ChainId& value) const { integer(value.value); }
    void text(const std::string& value) const;
    /// Beyond +-2^53 as decimal text, which no reader turns into a double.
    void integer(std::int64_t value) const;
    void integer(std::uint64_t value) const;

    template <std::integral T>
        requires(!std::same_as<T, bool>)
    void write(T value) const {
        if constexpr (std::unsigned_integral<T>) integer(std::uint64_t{value});
        else integer(std::int64_t{value});
    }

private:
    nlohmann::json* value_;
};

template <class T>
void write_json(const JsonWriter& out, const T& value);

template <class T>
void write_json(const JsonWriter& out, const std::optional<T>& value) {
    if (value) write_json(out, *value);
    else out.null();
}

template <class T>
    requires(!std::same_as<T, std::byte>)
void write_json(const JsonWriter& out, const std::vector<T>& values) {
    out.array();
    for (const T& value : values) write_json(out.element(), value);
}

template <class K, class T>
void write_json(const JsonWriter& out, const std::map<K, T>& values) {
    out.object();
    for (const auto& [key, value] : values) write_json(out.member(to_text(key)), value);
}

template <class T>
void write_json(const JsonWriter& out, const T& value) {
    if constexpr (Described<T>) {
        out.object();
        for_each_field<T>([&](const char* name, auto member) { write_json(out.member(name), value.*member); });
    } else if constexpr (OneOfTextTypes<T>) {
        out.text(to_text(value));
    } else if constexpr (std::is_enum_v<T>) {
        out.text(to_string(value));
    } else {
        out.write(value);
    }
}

}  // namespace margind::model
