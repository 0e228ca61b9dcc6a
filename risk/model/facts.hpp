// Exact values as read from a chain, by name, under a schema that one rule understands.
#pragma once

#include "risk/model/ids.hpp"
#include "risk/model/u256.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace margind::model {

using FactValue = std::variant<U256, I256, Address, Bytes32, bool, Bytes>;

/// Immutable. Names are sorted and shared by all Facts of the same shape; the model stores, hashes,
/// compares and serialises them without understanding any.
class Facts {
public:
    /// Schema id and version, e.g. "protocol.account/1".
    const std::string& schema() const { return schema_; }
    std::size_t size() const { return values_.size(); }
    const std::string& name(std::size_t i) const { return (*names_)[i]; }
    const FactValue& value(std::size_t i) const { return values_[i]; }

    /// Null when absent.
    const FactValue* find(std::string_view name) const;
    /// The error names the fact when it is absent or of another type.
    Result<U256> u256(std::string_view name) const;
    Result<I256> i256(std::string_view name) const;
    Result<Address> address(std::string_view name) const;
    Result<bool> boolean(std::string_view name) const;
    /// A u256 that must fit.
    Result<std::uint64_t> u64(std::string_view name) const;

    /// Hash of schema, names, types and values: the key under which a store keeps the content once.
    const Bytes32& content_hash() const { return hash_; }

    friend bool operator==(const Facts& a, const Facts& b) { return a.hash_ == b.hash_; }

private:
    friend class FactsBuilder;
    std::string schema_;
    std::shared_ptr<const std::vector<std::string>> names_;
    std::vector<FactValue> values_;
    Bytes32 hash_;
};

using FactsPtr = std::shared_ptr<const Facts>;

class FactsBuilder {
public:
    explicit FactsBuilder(std::string schema) : schema_(std::move(schema)) {}
    void add(std::string name, FactValue value) { entries_.emplace_back(std::move(name), std::move(value)); }
    /// Sorts by name; a name given twice is an error.
    Result<FactsPtr> build() &&;

private:
    std::string schema_;
    std::vector<std::pair<std::string, FactValue>> entries_;
};

}  // namespace margind::model
