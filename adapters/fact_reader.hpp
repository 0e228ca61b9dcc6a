// Lists inside of facts, and reading facts one after another.
#pragma once

#include "risk/model/facts.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace margind::adapters {

/// "market.3.token": field `field` of item `index` of a list; the list's length is the fact "<list>s".
std::string item(std::string_view list, std::size_t index, std::string_view field);

/// Reads facts one after another and keeps the first error.
class FactReader {
public:
    explicit FactReader(const model::Facts& facts) : facts_(facts) {}
    model::U256 u256(const std::string& name) { return keep(facts_.u256(name)); }
    model::I256 i256(const std::string& name) { return keep(facts_.i256(name)); }
    model::Address address(const std::string& name) { return keep(facts_.address(name)); }
    bool boolean(const std::string& name) { return keep(facts_.boolean(name)); }
    /// Above `limit`: out_of_range, and 0.
    std::uint64_t count(const std::string& name, std::uint64_t limit);
    bool has(const std::string& name) const { return facts_.find(name) != nullptr; }
    /// Text of a bytes fact; empty when absent.
    std::string text(const std::string& name) const;
    bool ok() const { return !error_; }
    const model::Error& error() const { return *error_; }

private:
    template <class T>
    T keep(model::Result<T> value) {
        if (value) return *std::move(value);
        if (!error_) error_ = value.error();
        return T{};
    }
    const model::Facts& facts_;
    std::optional<model::Error> error_;
};

model::Bytes to_bytes(std::string_view text);

}  // namespace margind::adapters
