// The one text form of each type that is written as text: in JSON, as a JSON key, in a database.
#pragma once

#include "risk/model/ids.hpp"
#include "risk/model/in_quotes.hpp"
#include "risk/model/result.hpp"
#include "risk/model/u256.hpp"

#include <concepts>
#include <string>
#include <string_view>
#include <type_traits>

namespace margind::model {

std::string to_text(const std::string& value);
std::string to_text(const U256& value);
std::string to_text(const I256& value);
std::string to_text(const Address& value);
std::string to_text(const Bytes32& value);
std::string to_text(const Bytes& value);
std::string to_text(const VenueId& value);
std::string to_text(const AccountKey& value);
std::string to_text(const AssetId& value);
template <class E>
    requires std::is_enum_v<E>
std::string to_text(E value) {
    return to_string(value);
}

/// Inverse of to_text; the error says what was expected and quotes the text.
Result<void> from_text(std::string_view text, std::string& out);
Result<void> from_text(std::string_view text, U256& out);
Result<void> from_text(std::string_view text, I256& out);
Result<void> from_text(std::string_view text, Address& out);
Result<void> from_text(std::string_view text, Bytes32& out);
Result<void> from_text(std::string_view text, Bytes& out);
Result<void> from_text(std::string_view text, VenueId& out);
Result<void> from_text(std::string_view text, AccountKey& out);
Result<void> from_text(std::string_view text, AssetId& out);

template <class T>
concept OneOfTextTypes =
    std::same_as<T, std::string> || std::same_as<T, U256> || std::same_as<T, I256> || std::same_as<T, Address> ||
    std::same_as<T, Bytes32> || std::same_as<T, Bytes> || std::same_as<T, VenueId> || std::same_as<T, AccountKey> || std::same_as<T, AssetId>;

/// The enumerations of the model run from 0 without gaps, and their to_string answers "invalid" for the rest.
template <class E>
    requires std::is_enum_v<E>
Result<void> from_text(std::string_view text, E& out) {
    std::string known;
    for (std::underlying_type_t<E> i = 0;; ++i) {
        const std::string_view name = to_string(static_cast<E>(i));
        if (name == "invalid") break;
        if (name == text) {
            out = static_cast<E>(i);
            return {};
        }
        known += (known.empty() ? "" : ", ") + std::string(name);
    }
    return fail(ErrorCode::bad_input, "expected one of " + known + ", got " + in_quotes(text));
}

}  // namespace margind::model
