// What readings of oracle contracts have in common: named errors, contracts that are there, one description.
#pragma once

#include "adapters/oracles/oracle.hpp"

#include <span>
#include <string>

namespace margind::adapters::oracles {

/// "ETH feed 0x5f4e…".
std::string name_of(const config::Feed& feed);
/// The bytes of a reply; its error names the feed.
model::Result<model::Bytes> bytes_of(const config::Feed& feed, const Reply& reply);
/// Fails with decode unless there are `wanted` replies.
model::Result<void> check_count(const config::Feed& feed, std::span<const Reply> replies, std::size_t wanted);
/// A reading that asks for the code at the feed's address and answers `says`; fails with no_code where there is none.
std::unique_ptr<Reading<std::string>> read_presence(config::Feed feed, std::string says);

}  // namespace margind::adapters::oracles
