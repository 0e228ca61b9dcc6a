// Text forms, by the types' own parsers.
#include "risk/model/text_form.hpp"

namespace margind::model {
namespace {

template <class T>
Result<void> take(std::optional<T> value, const char* expected, std::string_view text, T& out) {
    if (!value) return fail(ErrorCode::bad_input, "expected " + std::string(expected) + ", got " + in_quotes(text));
    out = *std::move(value);
    return {};
}

template <class T>
Result<void> take(Result<T> value, T& out) {
    if (!value) return fail(std::move(value).error());
    out = *std::move(value);
    return {};
}

}  // namespace

std::string to_text(const std::string& value) { return value; }
std::string to_text(const U256& value) { return value.to_decimal(); }
std::string to_text(const I256& value) { return value.to_decimal(); }
std::string to_text(const Address& value) { return value.to_string(); }
std::string to_text(const Bytes32& value) { return value.to_string(); }
std::string to_text(const Bytes& value) { return to_hex(value); }
std::string to_text(const VenueId& value) { return value.to_string(); }
std::string to_text(const AccountKey& value) { return value.to_string(); }
std::string to_text(const AssetId& value) { return value.symbol; }

Result<void> from_text(std::string_view text, std::string& out) {
    out = std::string(text);
    return {};
}
Result<void> from_text(std::string_view text, U256& out) {
    return take(U256::from_decimal(text), "a decimal integer below 2^256", text, out);
}
Result<void> from_text(std::string_view text, I256& out) {
    return take(I256::from_decimal(text), "a decimal integer in [-2^255, 2^255 - 1]", text, out);
}
Result<void> from_text(std::string_view text, Address& out) { return take(Address::parse(text), out); }
Result<void> from_text(std::string_view text, Bytes32& out) { return take(Bytes32::parse(text), "0x and 64 hex digits", text, out); }
Result<void> from_text(std::string_view text, Bytes& out) {
    return take(bytes_from_hex(text), "0x and an even number of hex digits", text, out);
}
Result<void> from_text(std::string_view text, VenueId& out) { return take(VenueId::parse(text), out); }
Result<void> from_text(std::string_view text, AccountKey& out) { return take(AccountKey::parse(text), out); }
Result<void> from_text(std::string_view text, AssetId& out) {
    out.symbol = std::string(text);
    return {};
}

}  // namespace margind::model
