// Building names, and the checks behind FactReader.
#include "adapters/fact_reader.hpp"

namespace margind::adapters {

std::string item(std::string_view list, std::size_t index, std::string_view field) {
    return std::string(list) + '.' + std::to_string(index) + '.' + std::string(field);
}

std::uint64_t FactReader::count(const std::string& name, std::uint64_t limit) {
    const std::uint64_t value = keep(facts_.u64(name));
    if (value <= limit) return value;
    if (!error_)
        error_ = model::Error{model::ErrorCode::out_of_range,
                              "fact " + name + " = " + std::to_string(value) + " is above " + std::to_string(limit)};
    return 0;
}

std::string FactReader::text(const std::string& name) const {
    const model::FactValue* value = facts_.find(name);
    const auto* bytes = value == nullptr ? nullptr : std::get_if<model::Bytes>(value);
    if (bytes == nullptr) return {};
    std::string text;
    for (const std::byte b : *bytes) text.push_back(static_cast<char>(b));
    return text;
}

model::Bytes to_bytes(std::string_view text) {
    model::Bytes bytes;
    for (const char c : text) bytes.push_back(static_cast<std::byte>(c));
    return bytes;
}

}  // namespace margind::adapters
