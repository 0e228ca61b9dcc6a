// The last message of a feed from its storage, where its view refuses the message as too old.
#pragma once

#include "adapters/protocols/derive/book.hpp"
#include "adapters/protocols/derive/feeds.hpp"
#include "adapters/request.hpp"
#include "risk/model/result.hpp"

#include <span>
#include <vector>

namespace margind::adapters::protocols::derive {

/// Whether a view reverted with BLF_DataTooOld() or LFF_SettlementDataTooOld().
bool is_stale(const model::Error& error);

/// Slots of the feed's own header and what they must hold where the contract's layout is the one known: the value of slot 5 starts with
/// requiredSigners() (8 bits) and heartbeat() (64).
bool header_is_known(const model::U256& slot, const model::U256& required_signers, const model::U256& heartbeat);
inline constexpr std::uint64_t header_slot = 5;
/// The forward feed's own: maxExpiry() and settlementHeartbeat(), 64 bits each.
bool forward_header_is_known(const model::U256& slot, const model::U256& max_expiry, const model::U256& settlement_heartbeat);
inline constexpr std::uint64_t forward_header_slot = 6;

/// What a reading asks for, and how many of its words each has.
std::vector<Request> spot_slots(const model::Address& feed);
std::vector<Request> volatility_slots(const model::Address& feed, std::uint64_t expiry);
std::vector<Request> forward_slots(const model::Address& feed, std::uint64_t expiry);
std::vector<Request> rate_slots(const model::Address& feed, std::uint64_t expiry);

struct StoredVolatility {
    SviCurve curve;
    I256 confidence;
};
struct StoredForward {
    ForwardMessage message;
    I256 confidence;
};
// Fail with `missing` where nothing was ever stored, and with `decode` where the words cannot be a message of before `now`.
model::Result<Feed> stored_spot(std::span<const model::U256> words, std::uint64_t now);
model::Result<StoredVolatility> stored_volatility(std::span<const model::U256> words, std::uint64_t now);
model::Result<StoredForward> stored_forward(std::span<const model::U256> words, std::uint64_t now);
model::Result<Feed> stored_rate(std::span<const model::U256> words, std::uint64_t now);

}  // namespace margind::adapters::protocols::derive
