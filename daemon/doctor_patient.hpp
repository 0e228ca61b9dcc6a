// One endpoint under examination by margind doctor.
#pragma once

#include "adapters/rpc/chain.hpp"
#include "adapters/rpc/rounds.hpp"
#include "daemon/doctor.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace margind::daemon {

struct Patient {
    Patient(adapters::rpc::HttpClient& http, NamedEndpoint endpoint);
    /// Its requests refer to it.
    Patient(const Patient&) = delete;
    Patient& operator=(const Patient&) = delete;

    void find(std::string check, Condition verdict, decltype(Finding::value) value, std::string says) {
        subject.findings.push_back({std::move(check), verdict, std::move(value), std::move(says)});
    }
    /// Of the error, without what every line about this endpoint begins with.
    std::string words(const model::Error& error) const;
    bool serves(model::ChainId id) const { return head && subject.chain == id; }

    NamedEndpoint named;
    adapters::rpc::JsonRpcClient client;
    Examined subject;
    /// Empty where the endpoint is not of use.
    std::optional<adapters::rpc::BlockHeader> head;
    /// Set with the head.
    std::optional<adapters::rpc::Rounds> rounds;
    /// The block at which it is compared with the others, as this endpoint has it.
    std::optional<model::BlockRef> common;
    /// Of each small request, sorted when they are judged.
    std::vector<std::chrono::microseconds> latencies;
    bool has_multicall = false;
    /// Heads that were pushed since the subscription; `not_followed` says why there is none.
    std::size_t pushed_heads = 0;
    std::string not_followed;
};

/// Which chain it serves and where its head is; then head is set if it is of use.
adapters::rpc::asio::awaitable<void> identify(Patient& patient, const config::Settings& settings);
/// What it can do, with small requests.
adapters::rpc::asio::awaitable<void> examine(Patient& patient, const config::Chain& chain);
/// Whether heads are pushed: \pre identify() subscribed to them. Waits for one, for up to two block times.
adapters::rpc::asio::awaitable<void> examine_pushes(Patient& patient, const config::Chain& chain);
/// How much it takes at once; last, since an endpoint may be slow to forgive it.
adapters::rpc::asio::awaitable<void> examine_limits(Patient& patient);

}  // namespace margind::daemon
