// Names and schemas of the morpho_blue facts.
#include "adapters/protocols/morpho_blue/facts.hpp"

#include <algorithm>

namespace margind::adapters::protocols::morpho_blue {

using model::Bytes;

namespace {

std::string named(std::string_view kind, std::span<const std::byte> id, std::string_view field) {
    return std::string(kind) + "." + model::to_hex(id).substr(2) + "." + std::string(field);
}

template <class T>
Bytes all_bytes(const std::vector<T>& list) {
    Bytes out;
    for (const T& one : list) out.insert(out.end(), one.bytes.begin(), one.bytes.end());
    return out;
}

template <class T>
model::Result<std::vector<T>> list_of(const model::Facts& facts, std::string_view name) {
    const model::FactValue* value = facts.find(name);
    const Bytes* bytes = value == nullptr ? nullptr : std::get_if<Bytes>(value);
    const std::size_t size = T{}.bytes.size();
    if (bytes == nullptr || bytes->size() % size != 0)
        return model::fail(model::ErrorCode::missing, "the fact " + std::string(name) + " is no list of " + std::to_string(size) + " bytes each");
    std::vector<T> list(bytes->size() / size);
    for (std::size_t i = 0; i < list.size(); ++i) std::copy_n(bytes->begin() + static_cast<std::ptrdiff_t>(i * size), size, list[i].bytes.begin());
    return list;
}

}  // namespace

std::string market_fact(const model::Bytes32& market, std::string_view field) { return named("market", market.bytes, field); }

std::string pre_liquidation_fact(const model::Address& contract, std::string_view field) {
    return named("pre_liquidation", contract.bytes, field);
}

Bytes joined(const std::vector<model::Bytes32>& list) { return all_bytes(list); }
Bytes joined(const std::vector<model::Address>& list) { return all_bytes(list); }

model::Result<std::vector<model::Bytes32>> markets_of(const model::Facts& facts) { return list_of<model::Bytes32>(facts, "markets"); }

model::Result<std::vector<model::Address>> addresses_of(const model::Facts& facts, std::string_view name) {
    return list_of<model::Address>(facts, name);
}

Bytes text_fact(std::string_view text) {
    const auto bytes = std::as_bytes(std::span(text));
    return {bytes.begin(), bytes.end()};
}

std::string text_of(const model::FactValue& value) {
    std::string text;
    if (const auto* bytes = std::get_if<Bytes>(&value))
        for (const std::byte character : *bytes) text.push_back(static_cast<char>(character));
    return text;
}

}  // namespace margind::adapters::protocols::morpho_blue
