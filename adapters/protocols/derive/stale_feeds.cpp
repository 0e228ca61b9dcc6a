// Places of the fields in the feeds' storage, as their sources are compiled.
#include "adapters/protocols/derive/stale_feeds.hpp"

#include "adapters/evm/abi_writer.hpp"
#include "adapters/protocols/derive/fixed.hpp"
#include "risk/model/keccak.hpp"

#include <string_view>

namespace margind::adapters::protocols::derive {
namespace {

using model::ErrorCode;
using model::Result;
using model::U256;

constexpr std::uint64_t message_slot = 6;
constexpr std::uint64_t forward_slot = 7;
constexpr std::uint64_t settlement_slot = 8;
constexpr std::size_t curve_words = 7;

U256 bits(const U256& word, unsigned from, unsigned count) {
    const U256 moved = shift_right(word, from);
    return checked_sub(moved, shift_left_unchecked(shift_right(moved, count), count)).value_or(U256());
}

I256 signed_bits(const U256& word, unsigned from, unsigned count) {
    const U256 value = bits(word, from, count);
    if (!value.bit(count - 1)) return I256::from(value).value_or(I256());
    return I256::make(true, checked_sub(U256::pow2(count), value).value_or(U256())).value_or(I256());
}

I256 unsigned_bits(const U256& word, unsigned from, unsigned count) { return I256::from(bits(word, from, count)).value_or(I256()); }

/// Where the value of a key starts in a mapping.
U256 mapped(std::uint64_t key, std::uint64_t slot) {
    const model::Bytes words = evm::AbiWriter().u256(U256(key)).u256(U256(slot)).encoded();
    return U256::from_big_endian(model::keccak256(words).bytes);
}

void ask(std::vector<Request>& requests, const model::Address& feed, const U256& start, std::uint64_t words) {
    for (std::uint64_t i = 0; i < words; ++i) requests.emplace_back(StorageAt{feed, checked_add(start, U256(i)).value_or(U256())});
}

/// A message has a time, none after the block, and a confidence that is a share.
Result<void> plausible(const I256& confidence, const U256& timestamp, std::uint64_t now) {
    if (timestamp.is_zero()) return model::fail(ErrorCode::missing, "no message was ever stored");
    if (timestamp > U256(now) || confidence > I256(wad))
        return model::fail(ErrorCode::decode, "the stored words are no message of this feed: time " + timestamp.to_decimal() + ", confidence " +
                                                  confidence.to_decimal());
    return {};
}

}  // namespace

bool is_stale(const model::Error& error) {
    return error.code == ErrorCode::reverted &&
           (error.message.find("0x1141796d") != std::string::npos || error.message.find("0x7cda43cb") != std::string::npos);
}

bool header_is_known(const U256& slot, const U256& required_signers, const U256& heartbeat) {
    return bits(slot, 0, 8) == required_signers && bits(slot, 8, 64) == heartbeat;
}

bool forward_header_is_known(const U256& slot, const U256& max_expiry, const U256& settlement_heartbeat) {
    return bits(slot, 0, 64) == max_expiry && bits(slot, 64, 64) == settlement_heartbeat;
}

std::vector<Request> spot_slots(const model::Address& feed) {
    std::vector<Request> requests;
    ask(requests, feed, U256(message_slot), 1);
    return requests;
}

std::vector<Request> volatility_slots(const model::Address& feed, std::uint64_t expiry) {
    std::vector<Request> requests;
    ask(requests, feed, mapped(expiry, message_slot), curve_words);
    return requests;
}

std::vector<Request> forward_slots(const model::Address& feed, std::uint64_t expiry) {
    std::vector<Request> requests;
    ask(requests, feed, mapped(expiry, forward_slot), 1);
    ask(requests, feed, mapped(expiry, settlement_slot), 2);
    return requests;
}

std::vector<Request> rate_slots(const model::Address& feed, std::uint64_t expiry) {
    std::vector<Request> requests;
    ask(requests, feed, mapped(expiry, message_slot), 1);
    return requests;
}

Result<Feed> stored_spot(std::span<const U256> words, std::uint64_t now) {
    const Feed feed{unsigned_bits(words[0], 0, 96), unsigned_bits(words[0], 96, 64)};
    if (const Result<void> good = plausible(feed.confidence, bits(words[0], 160, 64), now); !good) return model::fail(good.error());
    return feed;
}

Result<Feed> stored_rate(std::span<const U256> words, std::uint64_t now) {
    const Feed feed{signed_bits(words[0], 0, 96), unsigned_bits(words[0], 96, 64)};
    if (const Result<void> good = plausible(feed.confidence, bits(words[0], 160, 64), now); !good) return model::fail(good.error());
    return feed;
}

Result<StoredVolatility> stored_volatility(std::span<const U256> words, std::uint64_t now) {
    const auto word = [&](std::size_t i) { return I256::from_word(words[i]); };
    const StoredVolatility stored{{word(0), word(1), word(2), word(3), word(4), word(5), unsigned_bits(words[6], 0, 64)},
                                  unsigned_bits(words[6], 64, 64)};
    if (const Result<void> good = plausible(stored.confidence, bits(words[6], 128, 64), now); !good) return model::fail(good.error());
    return stored;
}

Result<StoredForward> stored_forward(std::span<const U256> words, std::uint64_t now) {
    const U256 timestamp = bits(words[0], 160, 64);
    const StoredForward stored{{signed_bits(words[0], 0, 96), timestamp.to_u64().value_or(0), I256::from_word(words[1]), I256::from_word(words[2])},
                               unsigned_bits(words[0], 96, 64)};
    if (const Result<void> good = plausible(stored.confidence, timestamp, now); !good) return model::fail(good.error());
    return stored;
}

}  // namespace margind::adapters::protocols::derive
