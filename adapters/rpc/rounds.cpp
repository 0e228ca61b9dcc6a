// Carries out readings: gathers what they ask for in each round into a few requests at one block.
#include "adapters/rpc/rounds.hpp"

#include "adapters/rpc/chain.hpp"
#include "adapters/rpc/spawn.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <deque>

namespace margind::adapters::rpc {

namespace {

using model::ErrorCode;
using model::Retry;

/// Below this a failing chunk is one call's fault rather than the size's.
constexpr std::size_t least_chunk = 32;
/// So few calls are asked again alone at once.
constexpr std::size_t few = 4;

bool is_plain(const Request& request) {
    const Call* call = std::get_if<Call>(&request);
    return call != nullptr && !call->isolated && !call->from && !call->gas;
}

bool asked_too_much(const model::Error& error) { return error.code == ErrorCode::limit && error.retry == Retry::never; }

bool is_the_calls_own(const model::Error& error) { return error.code == ErrorCode::reverted || asked_too_much(error); }

}  // namespace

/// What is asked in one round and what has come back; shared by the workers, all on the io thread.
struct Rounds::Round {
    model::BlockRef block;
    std::vector<Request> requests;
    std::vector<Reply> replies;
    /// Each job is one request alone, or the plain calls of one chunk.
    std::deque<std::vector<std::size_t>> jobs;
    std::optional<model::Error> failure;

    const Call& call(std::size_t index) const { return std::get<Call>(requests[index]); }
    std::vector<const Call*> calls(const std::vector<std::size_t>& indices) const {
        std::vector<const Call*> out;
        out.reserve(indices.size());
        for (const std::size_t index : indices) out.push_back(&call(index));
        return out;
    }
    void settle(std::size_t index, model::Result<model::Bytes> bytes) {
        if (bytes)
            replies[index] = Reply(std::move(*bytes));
        else if (is_the_calls_own(bytes.error()))
            replies[index] = model::fail(std::move(bytes).error());
        else
            failure = std::move(bytes).error();
    }
};

Rounds::Rounds(JsonRpcClient& rpc, RoundLimits limits) : rpc_(rpc), limits_(limits), chunk_calls_(limits.chunk.max_calls) {}

asio::awaitable<model::Result<void>> Rounds::run(std::vector<AnyReading*> readings, model::BlockRef block) {
    struct Part {
        AnyReading* reading;
        std::size_t first;
        std::size_t count;
    };
    std::vector<Part> parts;
    for (AnyReading* reading : readings) parts.push_back(Part{reading, 0, 0});

    const std::uint64_t splits_before = counts_.splits;
    std::vector<Reply> replies;
    for (std::size_t turn = 0;; ++turn) {
        Round round;
        round.block = block;
        for (Part& part : parts) {
            std::vector<Request> wanted = part.reading->next(std::span<const Reply>(replies).subspan(part.first, part.count));
            part.first = round.requests.size();
            part.count = wanted.size();
            std::move(wanted.begin(), wanted.end(), std::back_inserter(round.requests));
        }
        std::erase_if(parts, [](const Part& part) { return part.count == 0; });
        if (parts.empty()) break;
        if (turn == limits_.max_rounds)
            co_return model::fail(ErrorCode::limit, fmt::format("{} readings still ask after {} rounds", parts.size(), turn));

        std::vector<std::size_t> plain;
        for (std::size_t i = 0; i < round.requests.size(); ++i) {
            if (is_plain(round.requests[i]))
                plain.push_back(i);
            else
                round.jobs.push_back(std::vector<std::size_t>(1, i));
        }
        bool packed = false;
        if (plain.size() > 1) {
            const auto present = co_await has_multicall(block);
            if (!present) co_return model::fail(present.error());
            packed = *present;
        }
        evm::ChunkLimits chunk = limits_.chunk;
        chunk.max_calls = packed ? chunk_calls_ : 1;
        auto from = plain.begin();
        for (const std::size_t length : evm::chunk_lengths(round.calls(plain), chunk)) {
            const auto to = from + static_cast<std::ptrdiff_t>(length);
            round.jobs.push_back(std::vector<std::size_t>(from, to));
            from = to;
        }

        round.replies.resize(round.requests.size());
        counts_.rounds += 1;
        counts_.requests += round.requests.size();
        std::vector<asio::awaitable<void>> workers;
        for (std::size_t i = 0; i < std::min(limits_.concurrent, round.jobs.size()); ++i) workers.push_back(work(round));
        co_await join_all(std::move(workers));
        if (round.failure) co_return model::fail(std::move(*round.failure));
        replies = std::move(round.replies);
    }
    if (counts_.splits == splits_before)
        chunk_calls_ = std::min(limits_.chunk.max_calls, chunk_calls_ + std::max<std::size_t>(1, limits_.chunk.max_calls / 16));
    co_return model::Result<void>();
}

asio::awaitable<model::Result<bool>> Rounds::has_multicall(model::BlockRef block) {
    if (multicall_since_ && block.number >= *multicall_since_) co_return true;
    const auto code = co_await code_at(rpc_, limits_.multicall, block.hash);
    if (!code) co_return model::fail(code.error());
    if (code->empty()) co_return false;
    multicall_since_ = block.number;
    co_return true;
}

asio::awaitable<void> Rounds::work(Round& round) {
    while (!round.jobs.empty() && !round.failure) {
        std::vector<std::size_t> job = std::move(round.jobs.front());
        round.jobs.pop_front();
        if (job.size() == 1)
            co_await send_one(round, job.front());
        else
            co_await send_chunk(round, std::move(job));
    }
}

asio::awaitable<void> Rounds::send_one(Round& round, std::size_t index) {
    const Request& request = round.requests[index];
    const model::Bytes32 hash = round.block.hash;
    if (const auto* call = std::get_if<Call>(&request)) {
        auto reply = co_await eth_call(rpc_, *call, hash);
        if (!reply) {
            model::Error error = std::move(reply).error();
            error.message = fmt::format("{}: {}", evm::call_name(*call), error.message);
            reply = model::fail(std::move(error));
        }
        round.settle(index, std::move(reply));
    } else if (const auto* storage = std::get_if<StorageAt>(&request)) {
        auto reply = co_await storage_at(rpc_, *storage, hash);
        round.settle(index, std::move(reply));
    } else if (const auto* code = std::get_if<Code>(&request)) {
        auto reply = co_await code_at(rpc_, code->address, hash);
        round.settle(index, std::move(reply));
    } else {
        auto reply = co_await logs(rpc_, std::get<Logs>(request));
        if (reply)
            round.replies[index] = Reply(std::move(*reply));
        else
            round.failure = std::move(reply).error();
    }
}

asio::awaitable<void> Rounds::send_chunk(Round& round, std::vector<std::size_t> indices) {
    const std::vector<const Call*> calls = round.calls(indices);
    Call packed;
    packed.to = limits_.multicall;
    packed.data = evm::encode_aggregate3(calls);
    packed.gas = limits_.gas;
    counts_.chunks += 1;
    const auto reply = co_await eth_call(rpc_, std::move(packed), round.block.hash);
    if (!reply) {
        if (!is_the_calls_own(reply.error())) {
            round.failure = reply.error();
            co_return;
        }
        ask_again(round, indices);
        co_return;
    }
    const auto results = evm::decode_aggregate3(calls.size(), *reply);
    if (!results) {
        round.failure = model::Error{ErrorCode::upstream,
                                     fmt::format("{}: {}", rpc_.endpoint().shown(), results.error().message),
                                     Retry::other_endpoint};
        co_return;
    }
    std::vector<std::size_t> failed;
    bool short_of_gas = false;
    for (std::size_t i = 0; i < indices.size(); ++i) {
        const evm::CallResult& result = (*results)[i];
        if (result.success) {
            round.replies[indices[i]] = Reply(model::Bytes(result.data.begin(), result.data.end()));
            continue;
        }
        failed.push_back(indices[i]);
        short_of_gas = short_of_gas || result.data.empty();
        round.replies[indices[i]] = model::fail(
            ErrorCode::reverted, fmt::format("{} {}", evm::call_name(*calls[i]), evm::revert_text(result.data)));
    }
    if (short_of_gas) ask_again(round, failed);
}

void Rounds::ask_again(Round& round, const std::vector<std::size_t>& indices) {
    counts_.splits += 1;
    if (indices.size() <= few) {
        for (const std::size_t index : indices) round.jobs.push_front(std::vector<std::size_t>(1, index));
        return;
    }
    chunk_calls_ = std::min(chunk_calls_, std::max(least_chunk, indices.size() / 2));
    const auto middle = indices.begin() + static_cast<std::ptrdiff_t>(indices.size() / 2);
    round.jobs.push_front(std::vector<std::size_t>(middle, indices.end()));
    round.jobs.push_front(std::vector<std::size_t>(indices.begin(), middle));
}

}  // namespace margind::adapters::rpc
