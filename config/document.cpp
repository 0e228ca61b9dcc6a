// The only file that includes toml++.
#include "config/document.hpp"

#include <toml++/toml.h>

namespace margind::config {

Value::Value() = default;

namespace {

Value convert(const toml::node& node);

Table convert_table(const toml::table& table) {
    Table out;
    out.reserve(table.size());
    for (const auto& [key, node] : table) {
        Value value = convert(node);
        value.line = key.source().begin.line;
        out.emplace_back(std::string(key.str()), std::move(value));
    }
    return out;
}

Value convert(const toml::node& node) {
    Value out;
    out.line = node.source().begin.line;
    if (const toml::table* table = node.as_table()) {
        out.data = convert_table(*table);
    } else if (const toml::array* array = node.as_array()) {
        Array items;
        items.reserve(array->size());
        for (const toml::node& item : *array) items.push_back(convert(item));
        out.data = std::move(items);
    } else if (const auto* text = node.as_string()) {
        out.data = text->get();
    } else if (const auto* whole = node.as_integer()) {
        out.data = whole->get();
    } else if (const auto* number = node.as_floating_point()) {
        out.data = number->get();
    } else if (const auto* boolean = node.as_boolean()) {
        out.data = boolean->get();
    } else {
        out.data = Date{};
    }
    return out;
}

struct KindName {
    const char* operator()(bool) const { return "true or false"; }
    const char* operator()(std::int64_t) const { return "a whole number"; }
    const char* operator()(double) const { return "a number"; }
    const char* operator()(const std::string&) const { return "a text"; }
    const char* operator()(const Date&) const { return "a date or time"; }
    const char* operator()(const Array&) const { return "a list"; }
    const char* operator()(const Table&) const { return "a table"; }
};

}  // namespace

const char* kind_name(const Value& value) { return std::visit(KindName{}, value.data); }

std::variant<Table, SyntaxError> read_toml(std::string_view text) {
    if (text.size() > max_document_bytes)
        return SyntaxError{1, "the file has " + std::to_string(text.size()) + " bytes; at most " +
                                  std::to_string(max_document_bytes) + " are read"};
    try {
        return convert_table(toml::parse(text));
    } catch (const toml::parse_error& error) {
        return SyntaxError{error.source().begin.line, std::string(error.description())};
    }
}

}  // namespace margind::config
