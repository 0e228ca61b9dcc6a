// Bytes that stand for a content and for no other, to be hashed: lengths before texts, counts before lists.
#pragma once

#include "risk/model/fields.hpp"
#include "risk/model/ids.hpp"
#include "risk/model/money.hpp"
#include "risk/model/u256.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace margind::model {

/// Integers are 8 bytes and U256 32 bytes, big-endian; a double is its bits.
class Content {
public:
    /// Of fields that came after `version` nothing is added.
    explicit Content(int version = fields_version) : version_(version) {}

    void add_byte(std::uint8_t byte) { bytes_.push_back(static_cast<std::byte>(byte)); }
    void add_count(std::uint64_t count);
    void add(std::string_view text);
    void add(bool value) { add_byte(value ? 1 : 0); }
    void add(double value);
    void add(const U256& value);
    void add(const I256& value);
    void add(const Address& address);
    void add(const Bytes32& value);
    void add(const Bytes& value);
    void add(const Money& money);
    void add(const ChainId& chain) { add_count(chain.value); }
    void add(const AssetId& asset) { add(std::string_view(asset.symbol)); }
    void add(const VenueId& venue) { add(std::string_view(venue.to_string())); }
    void add(const AccountKey& key) { add(std::string_view(key.to_string())); }
    void add(const std::string& text) { add(std::string_view(text)); }

    bool holds(int since) const { return since <= version_; }
    const Bytes& bytes() const { return bytes_; }
    Bytes32 hash() const;

private:
    void add_raw(std::span<const std::byte> bytes) { bytes_.insert(bytes_.end(), bytes.begin(), bytes.end()); }
    Bytes bytes_;
    int version_;
};

/// Anything that has fields, and optionals, lists and maps of such.
template <class T>
void add_content(Content& content, const T& value);

template <class T>
void add_content(Content& content, const std::optional<T>& value) {
    content.add(value.has_value());
    if (value) add_content(content, *value);
}

template <class T>
    requires(!std::same_as<T, std::byte>)
void add_content(Content& content, const std::vector<T>& values) {
    content.add_count(values.size());
    for (const T& value : values) add_content(content, value);
}

template <class K, class T>
void add_content(Content& content, const std::map<K, T>& values) {
    content.add_count(values.size());
    for (const auto& [key, value] : values) {
        add_content(content, key);
        add_content(content, value);
    }
}

template <class T>
void add_content(Content& content, const T& value) {
    if constexpr (Described<T>) {
        for_each_field<T>([&](const char* name, auto member) {
            if (content.holds(field_since<T>(name))) add_content(content, value.*member);
        });
    } else if constexpr (std::is_enum_v<T> || (std::is_integral_v<T> && !std::is_same_v<T, bool>)) {
        content.add_count(static_cast<std::uint64_t>(value));
    } else {
        content.add(value);
    }
}

/// The hash of everything that a value holds and `version` knows of.
template <class T>
Bytes32 content_hash(const T& value, int version = fields_version) {
    Content content(version);
    add_content(content, value);
    return content.hash();
}

}  // namespace margind::model
