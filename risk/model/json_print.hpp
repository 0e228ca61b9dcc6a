// Described structs as JSON text at once: the very bytes that print_json() gives for their document, without the document.
#pragma once

#include "risk/model/fields.hpp"
#include "risk/model/money.hpp"
#include "risk/model/text_form.hpp"

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace margind::model {

/// Appends values; their order and the commas are the caller's.
class JsonPrinter {
public:
    explicit JsonPrinter(std::string& out) : out_(out) {}

    void raw(char punctuation) { out_ += punctuation; }
    void name(std::string_view plain);
    void null() { out_ += "null"; }
    void write(bool value) { out_ += value ? "true" : "false"; }
    void write(double value);
    void write(const Money& value);
    void write(const ChainId& value) { integer(value.value); }
    void text(std::string_view value);
    void integer(std::int64_t value);
    void integer(std::uint64_t value);
    template <std::integral T>
        requires(!std::same_as<T, bool>)
    void write(T value) {
        if constexpr (std::unsigned_integral<T>) integer(std::uint64_t{value});
        else integer(std::int64_t{value});
    }

private:
    std::string& out_;
};

/// Places of a struct's fields in the order of their names, which is that of a document's members.
template <Described T>
constexpr auto fields_by_name() {
    return std::apply(
        [](const auto&... fields) {
            const std::array<std::string_view, sizeof...(fields)> names{fields.name...};
            std::array<std::size_t, sizeof...(fields)> order{};
            for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
            std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return names[a] < names[b]; });
            return order;
        },
        describe(static_cast<const T*>(nullptr)));
}

template <class T>
void print_value(JsonPrinter& out, const T& value);

template <class T>
void print_value(JsonPrinter& out, const std::optional<T>& value) {
    if (value) print_value(out, *value);
    else out.null();
}

template <class T>
    requires(!std::same_as<T, std::byte>)
void print_value(JsonPrinter& out, const std::vector<T>& values) {
    out.raw('[');
    bool first = true;
    for (const T& value : values) {
        if (!std::exchange(first, false)) out.raw(',');
        print_value(out, value);
    }
    out.raw(']');
}

template <class K, class T>
void print_value(JsonPrinter& out, const std::map<K, T>& values) {
    std::map<std::string, const T*> sorted;
    for (const auto& [key, value] : values) sorted[to_text(key)] = &value;
    out.raw('{');
    bool first = true;
    for (const auto& [key, value] : sorted) {
        if (!std::exchange(first, false)) out.raw(',');
        out.text(key);
        out.raw(':');
        print_value(out, *value);
    }
    out.raw('}');
}

template <class T>
void print_value(JsonPrinter& out, const T& value) {
    if constexpr (Described<T>) {
        static constexpr auto fields = describe(static_cast<const T*>(nullptr));
        static constexpr auto order = fields_by_name<T>();
        const auto member = [&]<std::size_t I>(std::integral_constant<std::size_t, I>) {
            constexpr auto field = std::get<order[I]>(fields);
            out.raw(I == 0 ? '{' : ',');
            out.name(field.name);
            print_value(out, value.*field.member);
        };
        [&]<std::size_t... I>(std::index_sequence<I...>) { (member(std::integral_constant<std::size_t, I>()), ...); }(std::make_index_sequence<order.size()>());
        out.raw('}');
    } else if constexpr (OneOfTextTypes<T>) {
        out.text(to_text(value));
    } else if constexpr (std::is_enum_v<T>) {
        out.text(to_string(value));
    } else {
        out.write(value);
    }
}

template <class T>
std::string json_text_of(const T& value) {
    std::string out;
    JsonPrinter printer(out);
    print_value(printer, value);
    return out;
}

}  // namespace margind::model
