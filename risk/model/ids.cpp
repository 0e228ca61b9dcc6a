// Text forms of bytes, addresses, hashes, venues and accounts.
#include "risk/model/ids.hpp"

#include "risk/model/hex_digit.hpp"
#include "risk/model/in_quotes.hpp"
#include "risk/model/keccak.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace margind::model {
namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";

constexpr unsigned char no_digit = 0x10;

constexpr std::array<unsigned char, 256> digit_values = [] {
    std::array<unsigned char, 256> values{};
    for (std::size_t c = 0; c < values.size(); ++c)
        values[c] = static_cast<unsigned char>(hex_digit(static_cast<char>(c)).value_or(no_digit));
    return values;
}();

/// The two digits of each byte.
constexpr std::array<std::array<char, 2>, 256> byte_digits = [] {
    std::array<std::array<char, 2>, 256> digits{};
    for (std::size_t byte = 0; byte < digits.size(); ++byte) digits[byte] = {hex_digits[byte >> 4], hex_digits[byte & 0xf]};
    return digits;
}();

/// Exactly `out.size()` bytes after "0x".
bool decode_hex(std::string_view text, std::span<std::byte> out) {
    if (text.size() != 2 + 2 * out.size() || text[0] != '0' || text[1] != 'x') return false;
    // Replies of a megabyte come this way: no branch in the loop, what is no digit shows in the upper bits at the end.
    unsigned seen = 0;
    for (std::size_t i = 0; i < out.size(); ++i) {
        const unsigned upper = digit_values[static_cast<unsigned char>(text[2 + 2 * i])];
        const unsigned lower = digit_values[static_cast<unsigned char>(text[3 + 2 * i])];
        seen |= upper | lower;
        out[i] = static_cast<std::byte>(upper << 4 | lower);
    }
    return seen < no_digit;
}

bool is_lower_name(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
}

bool is_market_name(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
    });
}

bool is_graphic(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; });
}

}  // namespace

std::string to_hex(std::span<const std::byte> bytes) {
    std::string out(2 + 2 * bytes.size(), '0');
    out[1] = 'x';
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        const std::array<char, 2>& digits = byte_digits[std::to_integer<std::size_t>(bytes[i])];
        std::copy(digits.begin(), digits.end(), out.begin() + static_cast<std::ptrdiff_t>(2 + 2 * i));
    }
    return out;
}

std::optional<Bytes> bytes_from_hex(std::string_view text, std::size_t max_bytes) {
    if (text.size() < 2 || text.size() % 2 != 0 || (text.size() - 2) / 2 > max_bytes) return std::nullopt;
    Bytes out((text.size() - 2) / 2);
    if (!decode_hex(text, out)) return std::nullopt;
    return out;
}

Result<Address> Address::parse(std::string_view text) {
    Address out;
    if (!decode_hex(text, out.bytes))
        return fail(ErrorCode::bad_input, "not an address: " + in_quotes(text) + "; expected 0x and 40 hex digits");
    const std::string_view digits = text.substr(2);
    const bool has_lower = std::ranges::any_of(digits, [](char c) { return c >= 'a' && c <= 'f'; });
    const bool has_upper = std::ranges::any_of(digits, [](char c) { return c >= 'A' && c <= 'F'; });
    if (has_lower && has_upper && out.to_string() != text)
        return fail(ErrorCode::bad_input, "wrong address checksum: " + in_quotes(text) + "; the EIP-55 form is " + out.to_string() +
                                              ", check the digits against their source");
    return out;
}

std::string Address::to_string() const {
    std::string text = to_hex(bytes);
    const Bytes32 hash = keccak256(std::string_view(text).substr(2));
    for (std::size_t i = 0; i < 2 * bytes.size(); ++i) {
        const unsigned byte = std::to_integer<unsigned>(hash.bytes[i / 2]);
        const unsigned nibble = i % 2 == 0 ? byte >> 4 : byte & 0xfU;
        char& c = text[2 + i];
        if (nibble >= 8 && c >= 'a') c = static_cast<char>(c - 'a' + 'A');
    }
    return text;
}

std::optional<Bytes32> Bytes32::parse(std::string_view text) {
    Bytes32 out;
    if (!decode_hex(text, out.bytes)) return std::nullopt;
    return out;
}

std::string Bytes32::to_string() const { return to_hex(bytes); }

Result<VenueId> VenueId::parse(std::string_view text) {
    const auto refuse = [text](std::string_view what) {
        return fail(ErrorCode::bad_input, "not a venue: " + in_quotes(text) + "; " + std::string(what) + " (expected <protocol>:<chain id> or <protocol>:<chain id>/<market>)");
    };
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos) return refuse("no chain id");
    VenueId out;
    out.protocol = std::string(text.substr(0, colon));
    if (!is_lower_name(out.protocol)) return refuse("the protocol is a name of a-z, 0-9 and _");
    std::string_view chain = text.substr(colon + 1);
    if (const std::size_t slash = chain.find('/'); slash != std::string_view::npos) {
        out.market = std::string(chain.substr(slash + 1));
        if (!is_market_name(out.market)) return refuse("the market is a name of letters, digits, _, - and .");
        chain = chain.substr(0, slash);
    }
    const char* const end = chain.data() + chain.size();
    const auto [stop, error] = std::from_chars(chain.data(), end, out.chain.value);
    if (error != std::errc{} || stop != end || chain.front() == '0') return refuse("the chain id is a positive integer below 2^64");
    return out;
}

std::string VenueId::to_string() const {
    std::string out = protocol + ":" + std::to_string(chain.value);
    return market.empty() ? out : out + "/" + market;
}

std::string AccountKey::to_string() const {
    std::string out = venue.to_string() + ":" + owner.to_string();
    return sub.empty() ? out : out + ":" + sub;
}

Result<AccountKey> AccountKey::parse(std::string_view text) {
    const std::size_t first = text.find(':');
    const std::size_t second = first == std::string_view::npos ? first : text.find(':', first + 1);
    if (second == std::string_view::npos)
        return fail(ErrorCode::bad_input, "not an account: " + in_quotes(text) + "; expected <venue>:<owner> or <venue>:<owner>:<sub>");
    Result<VenueId> venue = VenueId::parse(text.substr(0, second));
    if (!venue) return fail(venue.error());
    std::string_view rest = text.substr(second + 1);
    const std::size_t third = rest.find(':');
    Result<Address> owner = Address::parse(rest.substr(0, third));
    if (!owner) return fail(owner.error());
    AccountKey out;
    out.venue = *std::move(venue);
    out.owner = *owner;
    if (third != std::string_view::npos) {
        out.sub = std::string(rest.substr(third + 1));
        if (!is_graphic(out.sub))
            return fail(ErrorCode::bad_input, "not an account: " + in_quotes(text) + "; the part after the owner is printable and not empty");
    }
    return out;
}

}  // namespace margind::model
