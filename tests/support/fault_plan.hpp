// What a FaultProxy does to the answers of a node: by command, or drawn from a seed.
#pragma once

#include "risk/model/ids.hpp"
#include "risk/model/u256.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace margind::tests {

/// What takes the place of an answer.
enum class Disruption : std::uint8_t {
    none,
    stall,              ///< nothing, on an open connection
    drop_before,        ///< the connection closes unanswered
    drop_inside,        ///< it closes within the body
    truncate,           ///< half the body, with a Content-Length that says so
    html,               ///< a page, with status 200
    null_result,
    wrong_id,
    too_many_requests,  ///< 429 with Retry-After; over a WebSocket as limit_exceeded
    limit_exceeded,     ///< error -32005, with status 200
    server_error,       ///< 500
    gzip_bomb,          ///< 1 MiB that inflates to 1 GiB; over a WebSocket as huge
    huge,               ///< 1 GiB
    nested,             ///< 100,000 brackets
};
std::string_view name(Disruption disruption);
/// All but none.
const std::vector<Disruption>& all_disruptions();

/// A number that depends on (seed, n) alone.
std::uint64_t drawn(std::uint64_t seed, std::uint64_t n);

/// One word of what a contract function returns, multiplied by a fraction: in an eth_call itself and within aggregate3.
struct WordForgery {
    std::string signature;
    std::size_t word = 0;
    std::uint64_t numerator = 1;
    std::uint64_t denominator = 1;
    /// Of this contract, and with this first argument, only.
    std::optional<model::Address> to{};
    std::optional<model::Address> argument{};
};
/// getAssetPrice, latestAnswer and latestRoundData; of the asset and its feed only, where given.
std::vector<WordForgery> forged_prices(std::uint64_t numerator, std::uint64_t denominator, std::optional<model::Address> asset = {},
                                       std::optional<model::Address> feed = {});

/// A contract's storage at a slot, as every eth_call sees it: a lie that all views agree with.
struct StorageForgery {
    model::Address contract;
    model::U256 slot;
    model::U256 value;
};
/// A MockV3Aggregator whose answer of `round` is another one.
std::vector<StorageForgery> forged_answer(const model::Address& aggregator, const model::U256& round, const model::U256& answer);

/// What an operator refuses of eth_getLogs, and in which words.
struct LogLimit {
    /// More blocks than this at once, and over more than one block more logs.
    std::uint64_t blocks = std::numeric_limits<std::uint64_t>::max();
    std::size_t logs = std::numeric_limits<std::size_t>::max();
    std::int64_t code = -32005;
    std::string message = "query returned more than 10000 results";
};

struct FaultPlan {
    Disruption disruption = Disruption::none;
    /// Disrupted are messages with one of these methods only; empty: all.
    std::vector<std::string> methods{};
    /// Beside `disruption`: of the n-th message (from 0) of a proxy, this many in 1000 are disrupted, which and how by the seed.
    std::uint64_t seed = 0;
    unsigned disrupted_per_mille = 0;
    /// Drawn from; empty: all.
    std::vector<Disruption> among{};
    std::chrono::milliseconds delay{0};

    /// The node knows no block above its own head less `lag`, nor above `frozen_at`.
    std::uint64_t lag = 0;
    std::optional<std::uint64_t> frozen_at{};
    std::optional<std::uint64_t> chain_id{};
    /// From this block on the node is on a branch of its own: other hashes, and timestamps shifted by this.
    std::optional<std::uint64_t> forked_from{};
    std::int64_t timestamp_shift_s = 0;

    std::vector<WordForgery> words{};
    std::vector<StorageForgery> storage{};
    /// (user, another): whatever is asked of a user is answered of another, so that all views agree.
    std::vector<std::pair<model::Address, model::Address>> positions{};
    std::optional<LogLimit> log_limit{};
    bool omit_logs = false;
    std::vector<model::Address> omit_logs_of{};
    /// Each log once more with "removed": true, and an invented one where there is none.
    bool add_removed_logs = false;

    bool forges() const;
};

/// What the seed draws for the n-th message of a proxy.
Disruption disruption_of(const FaultPlan& plan, std::uint64_t n);

}  // namespace margind::tests
