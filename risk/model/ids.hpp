// Distinct types for what identifies things: bytes, addresses, hashes, chains, blocks, venues, accounts, assets.
#pragma once

#include "risk/model/result.hpp"

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace margind::model {

using Bytes = std::vector<std::byte>;

/// Lower-case "0x…".
std::string to_hex(std::span<const std::byte> bytes);
/// "0x" and an even number of hex digits; at most `max_bytes`.
std::optional<Bytes> bytes_from_hex(std::string_view text, std::size_t max_bytes = std::size_t{16} << 20);

struct Address {
    std::array<std::byte, 20> bytes{};
    /// 40 hex digits after "0x"; mixed case must carry a right EIP-55 checksum. The error names the text.
    static Result<Address> parse(std::string_view text);
    /// EIP-55 form.
    std::string to_string() const;
    bool is_zero() const { return *this == Address{}; }
    friend auto operator<=>(const Address&, const Address&) = default;
};

struct Bytes32 {
    std::array<std::byte, 32> bytes{};
    static std::optional<Bytes32> parse(std::string_view text);
    std::string to_string() const;
    friend auto operator<=>(const Bytes32&, const Bytes32&) = default;
};

struct ChainId {
    std::uint64_t value = 0;
    friend auto operator<=>(const ChainId&, const ChainId&) = default;
};

/// One deployment of one protocol on one chain; written "protocol:1", or "protocol:1/market" where a chain has several.
struct VenueId {
    std::string protocol;
    ChainId chain;
    std::string market;
    static Result<VenueId> parse(std::string_view text);
    std::string to_string() const;
    friend auto operator<=>(const VenueId&, const VenueId&) = default;
};

/// The unit that a venue liquidates as a whole; `sub` is empty where one owner has one account.
struct AccountKey {
    VenueId venue;
    Address owner;
    std::string sub;
    std::string to_string() const;
    static Result<AccountKey> parse(std::string_view text);
    friend auto operator<=>(const AccountKey&, const AccountKey&) = default;
};

/// An underlying of `config/assets.toml`: "ETH", "BTC", "USDC", "USD".
struct AssetId {
    std::string symbol;
    friend auto operator<=>(const AssetId&, const AssetId&) = default;
};

/// `time` in unix seconds of the chain.
struct BlockRef {
    ChainId chain;
    std::uint64_t number = 0;
    Bytes32 hash;
    std::int64_t time = 0;
    friend auto operator<=>(const BlockRef&, const BlockRef&) = default;
};

}  // namespace margind::model
