// Feeds of trading pairs: their rows in the configuration, and what they answer.
#include "adapters/pair_feeds.hpp"

#include "adapters/oracles/round.hpp"
#include "adapters/staged_reading.hpp"

#include <algorithm>

namespace margind::adapters {

using model::ErrorCode;
using model::fail;
using model::Result;
using model::U256;

namespace {

constexpr std::uint64_t most_feeds = 1000;
constexpr std::uint64_t largest_decimals = 36;
const evm::Function fn_decimals("decimals()");

std::uint64_t number_at(const model::Bytes32& row, std::size_t from) {
    std::uint64_t number = 0;
    for (std::size_t i = from; i < from + 4; ++i) number = number << 8 | std::to_integer<std::uint64_t>(row.bytes[i]);
    return number;
}

bool is_of_a_name(char c) { return c > ' ' && c <= '~'; }

/// From there to the end of the row: a name, then zeros alone.
std::optional<std::string> name_at(const model::Bytes32& row, std::size_t from) {
    std::string name;
    std::size_t i = from;
    for (; i < row.bytes.size() && row.bytes[i] != std::byte{0}; ++i) name.push_back(static_cast<char>(row.bytes[i]));
    const bool ended = std::all_of(row.bytes.begin() + static_cast<std::ptrdiff_t>(i), row.bytes.end(), [](std::byte b) { return b == std::byte{0}; });
    if (name.empty() || !ended) return std::nullopt;
    return name;
}

}  // namespace

Result<std::vector<PairFeed>> pair_feeds(const config::Venue& venue) {
    const auto rows = venue.ids.find(price_feeds_name);
    if (rows == venue.ids.end()) return fail(ErrorCode::bad_input, venue.id.to_string() + " needs the ids " + price_feeds_name);
    if (rows->second.size() > most_feeds) return fail(ErrorCode::bad_input, venue.id.to_string() + " has more than 1000 " + price_feeds_name);
    std::vector<PairFeed> feeds;
    for (const model::Bytes32& row : rows->second) {
        PairFeed feed;
        std::copy(row.bytes.begin(), row.bytes.begin() + 20, feed.feed.bytes.begin());
        feed.heartbeat_s = number_at(row, 20);
        const std::optional<std::string> base = name_at(row, 24);
        if (base) feed.pair = pair_address(*base + "/USD");
        if (feed.feed.is_zero() || feed.heartbeat_s == 0 || feed.pair.is_zero())
            return fail(ErrorCode::bad_input, venue.id.to_string() + ": " + price_feeds_name + " " + row.to_string() + ": no feed, heartbeat and name");
        for (const PairFeed& other : feeds)
            if (other.pair == feed.pair) return fail(ErrorCode::bad_input, venue.id.to_string() + ": two feeds for " + *base + "/USD");
        feeds.push_back(feed);
    }
    return feeds;
}

Request ask_decimals(const PairFeed& feed) { return call_of(feed.feed, fn_decimals); }

Result<void> take_decimals(PairFeed& feed, const Reply& reply) {
    const auto decimals = decoded(reply, [&] { return "decimals of the feed " + feed.feed.to_string(); }, [](evm::AbiReader& reader) { return reader.u64(8); });
    if (!decimals) return fail(decimals.error());
    if (*decimals > largest_decimals) return fail(ErrorCode::decode, "the feed " + feed.feed.to_string() + " has " + std::to_string(*decimals) + " decimals");
    feed.decimals = *decimals;
    return {};
}

void add_feeds(const std::vector<PairFeed>& feeds, model::FactsBuilder& facts) {
    facts.add("feeds", U256(feeds.size()));
    for (std::size_t i = 0; i < feeds.size(); ++i) {
        facts.add(item("feed", i, "address"), feeds[i].feed);
        facts.add(item("feed", i, "heartbeat"), U256(feeds[i].heartbeat_s));
        facts.add(item("feed", i, "pair"), feeds[i].pair);
        facts.add(item("feed", i, "decimals"), U256(feeds[i].decimals));
    }
}

std::vector<PairFeed> feeds_in(FactReader& facts) {
    std::vector<PairFeed> feeds(facts.count("feeds", most_feeds));
    for (std::size_t i = 0; i < feeds.size(); ++i) {
        feeds[i].feed = facts.address(item("feed", i, "address"));
        feeds[i].heartbeat_s = facts.count(item("feed", i, "heartbeat"), 0xffffffff);
        feeds[i].pair = facts.address(item("feed", i, "pair"));
        feeds[i].decimals = facts.count(item("feed", i, "decimals"), largest_decimals);
    }
    return feeds;
}

Request ask_answer(const PairFeed& feed) { return oracles::latest_round_data(feed.feed); }

void add_answer(std::size_t i, const Reply& reply, model::FactsBuilder& facts) {
    const Result<model::Bytes> bytes = reply_bytes(reply);
    oracles::Round round;
    if (bytes)
        if (const auto decoded_round = oracles::decode_round(*bytes, "latestRoundData")) round = *decoded_round;
    const bool good = !round.answer.is_negative() && round.updated_at > 0 && round.answer.magnitude().bit_width() <= 192;
    facts.add(item("feed", i, "answer"), good ? round.answer.magnitude() : U256());
    facts.add(item("feed", i, "updated_at"), U256(good ? static_cast<std::uint64_t>(round.updated_at) : 0));
}

PairPrice price_in(FactReader& venue, const model::Address& pair, unsigned decimals) {
    const std::vector<PairFeed> feeds = feeds_in(venue);
    const U256 time = venue.u256("time");
    for (std::size_t i = 0; i < feeds.size() && venue.ok(); ++i) {
        if (feeds[i].pair != pair) continue;
        const U256 answer = venue.u256(item("feed", i, "answer"));
        const U256 until = checked_add(venue.u256(item("feed", i, "updated_at")), U256(feeds[i].heartbeat_s)).value_or(U256());
        const auto price = model::mul_div(answer, U256::pow10(decimals), U256::pow10(static_cast<unsigned>(feeds[i].decimals)), model::Rounding::down);
        return {price.value_or(U256()), until < time};
    }
    return {};
}

model::Address pair_address(std::string_view name) {
    model::Address address;
    if (name.size() > address.bytes.size() || !std::ranges::all_of(name, is_of_a_name)) return {};
    std::ranges::transform(name, address.bytes.begin(), [](char c) { return static_cast<std::byte>(c); });
    return address;
}

std::string pair_name(const model::Address& pair) {
    std::string name;
    for (const std::byte b : pair.bytes)
        if (b != std::byte{0}) name.push_back(is_of_a_name(static_cast<char>(b)) ? static_cast<char>(b) : '?');
    return name;
}

}  // namespace margind::adapters
