// RedStone's data packages out of bytes and text that nobody has to be trusted for.
#pragma once

#include "adapters/oracles/delivery.hpp"
#include "risk/model/result.hpp"

#include <cstddef>
#include <optional>
#include <set>
#include <span>
#include <string_view>
#include <vector>

namespace margind::adapters::oracles::redstone {

/// Characters and zeros behind them; the hash of more than 31.
model::Bytes32 data_feed_id(std::string_view data_feed);
/// What is signed: points in their order, each value in `value_size` bytes, then time, size and count. The signature is over its
/// keccak-256, without a prefix. \pre 1 <= value_size <= 32, and values fit it
model::Bytes serialised(const SignedPackage& package, std::size_t value_size);

/// The packages that hold one of these feeds; others are passed over before any signature is looked at.
using Wanted = std::set<model::Bytes32>;

/// The form that is put behind call data; whatever stands before the first package is not looked at. At most 1,024 packages.
model::Result<std::vector<SignedPackage>> parse_payload(std::span<const std::byte> bytes, const Wanted& wanted);
/// A gateway's JSON: packages by data feed, or a list of them. A package that is none is left out; fails where no other is there.
model::Result<std::vector<SignedPackage>> parse_gateway(std::string_view text, const Wanted& wanted);
/// One of these two: "0x…" is a payload.
model::Result<std::vector<SignedPackage>> parse_delivery(std::string_view body, const Wanted& wanted);

/// `value` with so many decimals as a whole number, as Number.toFixed gives them: the exact value of the double, halves
/// up. Empty for what is negative, no number, or 1e21 and above. \pre decimals <= 18
std::optional<model::U256> fixed_decimals(double value, unsigned decimals);

}  // namespace margind::adapters::oracles::redstone
