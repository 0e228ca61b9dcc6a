// Carries out readings: gathers what they ask for in each round into a few requests at one block.
#include "adapters/rpc/rounds.hpp"

#include "adapters/rpc/chain.hpp"
#include "adapters/rpc/logs.hpp"
#include "adapters/rpc/spawn.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <deque>
#include <iterator>

namespace margind::adapters::rpc {

namespace {

using model::ErrorCode;
using model::Retry;

/// Below this a failing chunk is one call's fault rather than the size's.
constexpr std::size_t least_chunk = 32;
/// Of the call data in one batch.
constexpr std::size_t max_batch_bytes = std::size_t{256} << 10;
/// So few calls are asked again alone at once.
constexpr std::size_t few = 4;

bool is_plain(const Request& request) {
    const Call* call = std::get_if<Call>(&request);
    return call != nullptr && !call->isolated && !call->latest && !call->from && !call->gas;
}

bool asked_too_much(const model::Error& error) { return error.code == ErrorCode::limit && error.retry == Retry::never; }

/// The whole batch was not for this endpoint; its parts may be.
bool refuses_batch(const model::Error& error) { return asked_too_much(error) || error.code == ErrorCode::upstream; }

model::Result<std::vector<Log>> logs_in(const model::Result<nlohmann::json>& reply, const Logs& filter, const std::string& shown) {
    if (!reply) return model::fail(reply.error());
    return parse_logs(*reply, filter, filter.from_block, filter.to_block, shown);
}

bool is_the_calls_own(const model::Error& error) { return error.code == ErrorCode::reverted || asked_too_much(error); }

}  // namespace

struct Rounds::Job {
    enum class Kind : std::uint8_t { alone, batch, chunk };
    Kind kind;
    std::vector<std::size_t> indices;
};

/// What is asked in one round and what has come back; shared by the workers, all on the io thread.
struct Rounds::Round {
    Round(JsonRpcClient by, Pin of) : rpc(std::move(by)), pin(std::move(of)) {}

    JsonRpcClient rpc;
    Pin pin;
    std::vector<Request> requests;
    std::vector<Reply> replies;
    std::deque<Job> jobs;
    std::optional<model::Error> failure;

    const Call& call(std::size_t index) const { return std::get<Call>(requests[index]); }
    std::vector<const Call*> calls(const std::vector<std::size_t>& indices) const {
        std::vector<const Call*> out;
        out.reserve(indices.size());
        for (const std::size_t index : indices) out.push_back(&call(index));
        return out;
    }
    std::size_t data_bytes(std::size_t index) const {
        const Call* one = std::get_if<Call>(&requests[index]);
        return one == nullptr ? 0 : one->data.size();
    }
    void settle(std::size_t index, model::Result<model::Bytes> bytes) {
        if (bytes)
            replies[index] = Reply(std::move(*bytes));
        else if (is_the_calls_own(bytes.error()))
            replies[index] = model::fail(std::move(bytes).error());
        else
            failure = std::move(bytes).error();
    }
    void settle(std::size_t index, model::Result<std::vector<Log>> logs) {
        if (logs)
            replies[index] = Reply(std::move(*logs));
        else
            failure = std::move(logs).error();
    }
    /// Before what waits already.
    void first(Job::Kind kind, std::vector<std::size_t> indices) {
        const Job::Kind fitting = indices.size() == 1 ? Job::Kind::alone : kind;
        jobs.push_front(Job{fitting, std::move(indices)});
    }
    void halve(Job::Kind kind, const std::vector<std::size_t>& indices) {
        const auto middle = indices.begin() + static_cast<std::ptrdiff_t>(indices.size() / 2);
        first(kind, std::vector<std::size_t>(middle, indices.end()));
        first(kind, std::vector<std::size_t>(indices.begin(), middle));
    }
};

Rounds::Rounds(JsonRpcClient rpc, RoundLimits limits)
    : rpc_(std::move(rpc)), limits_(limits), chunk_(least_chunk, limits.chunk.max_calls), batch_(1, std::max<std::size_t>(1, limits.batch)) {}

asio::awaitable<model::Result<void>> Rounds::run(std::vector<AnyReading*> readings, model::BlockRef block, PinBy by) {
    return run_within(std::move(readings), std::move(block), by, rpc_);
}

asio::awaitable<model::Result<void>> Rounds::run_within(std::vector<AnyReading*> readings, model::BlockRef block, PinBy by, JsonRpcClient rpc) {
    struct Part {
        AnyReading* reading;
        std::size_t first;
        std::size_t count;
    };
    std::vector<Part> parts;
    for (AnyReading* reading : readings) parts.push_back(Part{reading, 0, 0});

    const RoundCounts before = counts_;
    const Pin pin(std::move(block), by);
    std::vector<Reply> replies;
    for (std::size_t turn = 0;; ++turn) {
        Round round(rpc, pin);
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
        std::vector<std::size_t> others;
        for (std::size_t i = 0; i < round.requests.size(); ++i) (is_plain(round.requests[i]) ? plain : others).push_back(i);
        bool packed = false;
        if (plain.size() > 1) {
            const auto present = co_await has_multicall(rpc, pin);
            if (!present) co_return model::fail(present.error());
            packed = *present;
        }
        plan(round, plain, std::move(others), packed);

        round.replies.resize(round.requests.size());
        counts_.rounds += 1;
        counts_.requests += round.requests.size();
        std::vector<asio::awaitable<void>> workers;
        for (std::size_t i = 0; i < std::min(limits_.concurrent, round.jobs.size()); ++i) workers.push_back(work(round));
        co_await join_all(std::move(workers));
        if (round.failure) co_return model::fail(std::move(*round.failure));
        replies = std::move(round.replies);
    }
    if (counts_.splits == before.splits) chunk_.went_well();
    if (counts_.refused_batches == before.refused_batches) batch_.went_well();
    if (without_multicall_ > 0) --without_multicall_;
    co_return model::Result<void>();
}

asio::awaitable<model::Result<bool>> Rounds::has_multicall(JsonRpcClient& rpc, Pin pin) {
    if (multicall_since_ && pin.block().number >= *multicall_since_) co_return true;
    if (without_multicall_ > 0) co_return false;
    const std::uint64_t number = pin.block().number;
    Request request = Code{limits_.multicall};
    const auto code = co_await state_at(rpc, std::move(request), std::move(pin));
    if (!code) co_return model::fail(code.error());
    if (code->empty()) {
        without_multicall_ = LearnedSize::patience;
        co_return false;
    }
    multicall_since_ = number;
    co_return true;
}

void Rounds::plan(Round& round, const std::vector<std::size_t>& plain, std::vector<std::size_t> others, bool packed) const {
    if (packed) {
        evm::ChunkLimits limits = limits_.chunk;
        limits.max_calls = chunk_.now();
        auto from = plain.begin();
        for (const std::size_t length : evm::chunk_lengths(round.calls(plain), limits)) {
            const auto to = from + static_cast<std::ptrdiff_t>(length);
            round.jobs.push_back(Job{length == 1 ? Job::Kind::alone : Job::Kind::chunk, std::vector<std::size_t>(from, to)});
            from = to;
        }
    } else {
        others.insert(others.end(), plain.begin(), plain.end());
    }
    std::vector<std::size_t> batch;
    std::size_t bytes = 0;
    const auto close = [&] {
        if (!batch.empty()) round.jobs.push_back(Job{batch.size() == 1 ? Job::Kind::alone : Job::Kind::batch, std::exchange(batch, {})});
        bytes = 0;
    };
    for (const std::size_t index : others) {
        const std::size_t own = round.data_bytes(index);
        if (batch.size() >= batch_.now() || bytes + own > max_batch_bytes) close();
        batch.push_back(index);
        bytes += own;
    }
    close();
}

asio::awaitable<void> Rounds::work(Round& round) {
    while (!round.jobs.empty() && !round.failure) {
        Job job = std::move(round.jobs.front());
        round.jobs.pop_front();
        switch (job.kind) {
            case Job::Kind::alone: co_await send_one(round, job.indices.front()); break;
            case Job::Kind::batch: co_await send_batch(round, std::move(job.indices)); break;
            case Job::Kind::chunk: co_await send_chunk(round, std::move(job.indices)); break;
        }
    }
}

asio::awaitable<void> Rounds::send_one(Round& round, std::size_t index) {
    if (const auto* filter = std::get_if<Logs>(&round.requests[index])) {
        auto found = co_await logs(round.rpc, *filter);
        round.settle(index, std::move(found));
        co_return;
    }
    auto bytes = co_await state_at(round.rpc, round.requests[index], round.pin);
    round.settle(index, std::move(bytes));
}

asio::awaitable<void> Rounds::send_batch(Round& round, std::vector<std::size_t> indices) {
    std::vector<Ask> asks;
    for (const std::size_t index : indices) asks.push_back(message_of(round.requests[index], round.pin));
    counts_.batches += 1;
    auto replies = co_await round.rpc.call_many(std::move(asks));
    if (replies) {
        take_batch(round, indices, std::move(*replies));
        co_return;
    }
    if (!refuses_batch(replies.error())) {
        round.failure = std::move(replies).error();
        co_return;
    }
    counts_.refused_batches += 1;
    batch_.too_much(indices.size());
    round.halve(Job::Kind::batch, indices);
}

void Rounds::take_batch(Round& round, const std::vector<std::size_t>& indices, Replies replies) {
    const std::string shown = rpc_.endpoint().shown();
    std::vector<std::size_t> badly;
    for (std::size_t i = 0; i < indices.size(); ++i) {
        if (!replies[i] && refuses_batch(replies[i].error())) {
            badly.push_back(indices[i]);
            continue;
        }
        const auto* filter = std::get_if<Logs>(&round.requests[indices[i]]);
        if (filter == nullptr)
            round.settle(indices[i], state_bytes(round.requests[indices[i]], round.pin, shown, replies[i]));
        else
            round.settle(indices[i], logs_in(replies[i], *filter, shown));
    }
    if (badly.empty()) return;
    counts_.refused_batches += 1;
    batch_.too_much(indices.size());
    for (const std::size_t index : badly) round.first(Job::Kind::alone, std::vector<std::size_t>(1, index));
}

asio::awaitable<void> Rounds::send_chunk(Round& round, std::vector<std::size_t> indices) {
    Call packed;
    packed.to = limits_.multicall;
    packed.data = evm::encode_aggregate3(round.calls(indices));
    packed.gas = limits_.gas;
    counts_.chunks += 1;
    Request request = std::move(packed);
    const auto reply = co_await state_at(round.rpc, std::move(request), round.pin);
    if (reply)
        take_chunk(round, indices, *reply);
    else if (is_the_calls_own(reply.error()))
        ask_again(round, indices);
    else
        round.failure = reply.error();
}

void Rounds::take_chunk(Round& round, const std::vector<std::size_t>& indices, const model::Bytes& reply) {
    const auto results = evm::decode_aggregate3(indices.size(), reply);
    if (!results) {
        round.failure = model::Error{ErrorCode::upstream,
                                     fmt::format("{}: {}", rpc_.endpoint().shown(), results.error().message),
                                     Retry::other_endpoint};
        return;
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
            ErrorCode::reverted, fmt::format("{} {}", evm::call_name(round.call(indices[i])), evm::revert_text(result.data)));
    }
    if (short_of_gas) ask_again(round, failed);
}

void Rounds::ask_again(Round& round, const std::vector<std::size_t>& indices) {
    counts_.splits += 1;
    if (indices.size() <= few) {
        for (const std::size_t index : indices) round.first(Job::Kind::alone, std::vector<std::size_t>(1, index));
        return;
    }
    chunk_.too_much(indices.size());
    round.halve(Job::Kind::chunk, indices);
}

}  // namespace margind::adapters::rpc
