// Typed requests to an Ethereum node.
#include "adapters/rpc/chain.hpp"

#include "adapters/rpc/fields.hpp"
#include "adapters/rpc/logs.hpp"
#include "risk/model/keccak.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <limits>
#include <utility>

namespace margind::adapters::rpc {

namespace {

using model::ErrorCode;
using model::Retry;
using nlohmann::json;

tl::unexpected<model::Error> bad_answer(const JsonRpcClient& rpc, std::string_view method, std::string_view what) {
    return model::fail(ErrorCode::upstream, fmt::format("{}: {}: {}", rpc.endpoint().shown(), method, what),
                       Retry::other_endpoint);
}

std::optional<Bloom> bloom_of(const json& header) {
    const std::string* text = text_of(header, "logsBloom");
    const auto bytes = text == nullptr ? std::nullopt : model::bytes_from_hex(*text);
    Bloom bloom{};
    if (!bytes || bytes->size() != bloom.size()) return std::nullopt;
    std::copy(bytes->begin(), bytes->end(), bloom.begin());
    return bloom;
}

model::Result<BlockHeader> header_of(const JsonRpcClient& rpc, model::ChainId chain, std::string_view method, std::string_view which,
                                     const json& reply) {
    if (!reply.is_object()) return bad_answer(rpc, method, "the block is not an object");
    const auto number = quantity_of(reply, "number");
    const auto time = quantity_of(reply, "timestamp");
    const auto hash = hash_of(reply, "hash");
    const auto parent = hash_of(reply, "parentHash");
    const auto bloom = bloom_of(reply);
    if (!number || !time || !hash || !parent || !bloom || *time > std::uint64_t{std::numeric_limits<std::int64_t>::max()})
        return bad_answer(rpc, method, fmt::format("block {} lacks a valid number, timestamp, hash, parentHash or logsBloom", which));
    BlockHeader header;
    header.ref.chain = chain;
    header.ref.number = *number;
    header.ref.hash = *hash;
    header.ref.time = static_cast<std::int64_t>(*time);
    header.parent = *parent;
    header.logs_bloom = *bloom;
    return header;
}

/// What is asked for, and whose hashes are checked; `check` may be null.
struct Wanted {
    std::string method;
    std::string which;
    std::optional<std::uint64_t> number{};
    std::optional<model::Bytes32> hash{};
    HeaderCheck* check = nullptr;
};

model::Result<BlockHeader> checked(const JsonRpcClient& rpc, model::ChainId chain, const Wanted& wanted, const json& reply) {
    if (reply.is_null())
        return model::fail(ErrorCode::missing, fmt::format("{}: no block {}", rpc.endpoint().shown(), wanted.which), Retry::later);
    auto header = header_of(rpc, chain, wanted.method, wanted.which, reply);
    if (!header) return header;
    if (header->ref.number != wanted.number.value_or(header->ref.number) || header->ref.hash != wanted.hash.value_or(header->ref.hash))
        return bad_answer(rpc, wanted.method,
                          fmt::format("block {} was asked for, block {} ({}) answered", wanted.which, header->ref.number,
                                      header->ref.hash.to_string()));
    if (wanted.check != nullptr && !wanted.check->believes(reply, header->ref.hash))
        return bad_answer(rpc, wanted.method,
                          fmt::format("the header of block {} has another hash than {}", wanted.which, header->ref.hash.to_string()));
    return header;
}

asio::awaitable<model::Result<BlockHeader>> block(JsonRpcClient& rpc, model::ChainId chain, Wanted wanted) {
    std::string params = fmt::format(R"(["{}",false])", wanted.which);
    const auto reply = co_await rpc.call(wanted.method, std::move(params));
    if (!reply) co_return model::fail(reply.error());
    co_return checked(rpc, chain, wanted, *reply);
}

model::BlockRef block_of(const model::Bytes32& hash) {
    model::BlockRef block;
    block.hash = hash;
    return block;
}

/// Less than one block cannot be asked for: another endpoint may take it.
model::Error of_one_block(model::Error error) {
    if (error.code == ErrorCode::limit && error.retry == Retry::never) error.retry = Retry::later;
    return error;
}

Pin at(const model::Bytes32& hash) { return Pin(block_of(hash)); }

}  // namespace

bool may_hold(const Bloom& bloom, std::span<const std::byte> item) {
    // Yellow Paper 4.4.3: three bits, each the low 11 bits of a pair of the keccak's bytes, counted from the end.
    const model::Bytes32 hash = model::keccak256(item);
    for (std::size_t pair = 0; pair < 6; pair += 2) {
        const unsigned bit = (std::to_integer<unsigned>(hash.bytes[pair]) << 8 | std::to_integer<unsigned>(hash.bytes[pair + 1])) & 2047;
        if ((std::to_integer<unsigned>(bloom[bloom.size() - 1 - bit / 8]) >> (bit % 8) & 1) == 0) return false;
    }
    return true;
}

asio::awaitable<model::Result<model::ChainId>> chain_id(JsonRpcClient& rpc) {
    const auto reply = co_await rpc.call("eth_chainId", "[]");
    if (!reply) co_return model::fail(reply.error());
    const auto value = reply->is_string() ? model::U256::from_hex(reply->get_ref<const std::string&>()) : std::nullopt;
    const auto number = value ? value->to_u64() : std::nullopt;
    if (!number) co_return bad_answer(rpc, "eth_chainId", "the result is not a 64-bit quantity");
    co_return model::ChainId{*number};
}

asio::awaitable<model::Result<BlockHeader>> block_by_tag(JsonRpcClient& rpc, model::ChainId chain, BlockTag tag, HeaderCheck* check) {
    Wanted wanted{.method = "eth_getBlockByNumber", .which = "latest", .check = check};
    switch (tag) {
        case BlockTag::latest: break;
        case BlockTag::safe: wanted.which = "safe"; break;
        case BlockTag::finalized: wanted.which = "finalized"; break;
    }
    return block(rpc, chain, std::move(wanted));
}

asio::awaitable<model::Result<BlockHeader>> block_by_number(JsonRpcClient& rpc, model::ChainId chain, std::uint64_t number, HeaderCheck* check) {
    Wanted wanted{.method = "eth_getBlockByNumber", .which = model::U256(number).to_hex(), .number = number, .check = check};
    return block(rpc, chain, std::move(wanted));
}

asio::awaitable<model::Result<BlockHeader>> block_by_hash(JsonRpcClient& rpc, model::ChainId chain, model::Bytes32 hash, HeaderCheck* check) {
    Wanted wanted{.method = "eth_getBlockByHash", .which = hash.to_string(), .hash = hash, .check = check};
    return block(rpc, chain, std::move(wanted));
}

model::Result<BlockHeader> pushed_header(const JsonRpcClient& rpc, model::ChainId chain, const json& header, HeaderCheck* check) {
    const Wanted wanted{.method = "newHeads", .which = "pushed", .check = check};
    return checked(rpc, chain, wanted, header);
}

asio::awaitable<model::Result<model::Bytes>> state_at(JsonRpcClient& rpc, Request request, Pin pin) {
    Ask ask = message_of(request, pin);
    auto reply = co_await rpc.call_bytes(std::move(ask.method), std::move(ask.params));
    co_return state_bytes(request, pin, rpc.endpoint().shown(), std::move(reply));
}

asio::awaitable<model::Result<model::Bytes>> eth_call(JsonRpcClient& rpc, Call call, model::Bytes32 block) {
    return state_at(rpc, std::move(call), at(block));
}

asio::awaitable<model::Result<model::Bytes>> code_at(JsonRpcClient& rpc, model::Address address, model::Bytes32 block) {
    return state_at(rpc, Code{address}, at(block));
}

asio::awaitable<model::Result<model::Bytes>> storage_at(JsonRpcClient& rpc, StorageAt where, model::Bytes32 block) {
    return state_at(rpc, where, at(block));
}

asio::awaitable<model::Result<std::vector<Log>>> logs_of_block(JsonRpcClient& rpc, Logs filter, model::Bytes32 block) {
    std::string params = logs_params(filter, block);
    const auto reply = co_await rpc.call("eth_getLogs", std::move(params));
    if (!reply) co_return model::fail(of_pinned(block_of(block), rpc.endpoint().shown(), of_one_block(reply.error())));
    co_return parse_logs(*reply, filter, block, rpc.endpoint().shown());
}

asio::awaitable<model::Result<std::vector<Log>>> logs(JsonRpcClient& rpc, Logs filter, LearnedRange& range, LogBounds bounds) {
    using Clock = std::chrono::steady_clock;
    const Clock::time_point until = Clock::now() + bounds.time;
    std::vector<Log> out;
    std::size_t bytes = 0;
    const auto too_much = [&](std::string bound) {
        return model::fail(ErrorCode::limit, fmt::format("{}: the logs of blocks {} to {} are more than {}, which is the bound of one search: ask for less",
                                                         rpc.endpoint().shown(), filter.from_block, filter.to_block, bound));
    };
    std::uint64_t from = filter.from_block;
    while (from <= filter.to_block) {
        const std::uint64_t left = filter.to_block - from;
        const std::uint64_t blocks = std::min(range.next(), left == std::numeric_limits<std::uint64_t>::max() ? left : left + 1);
        const std::uint64_t to = from + (blocks - 1);
        if (from != filter.from_block && Clock::now() >= until)
            co_return too_much(fmt::format("{} ms of answers in ranges of {} blocks", bounds.time.count(), blocks));
        std::string params = logs_params(filter, from, to);
        const auto reply = co_await rpc.call("eth_getLogs", std::move(params));
        if (!reply && blocks > 1 && reply.error().code == ErrorCode::limit && reply.error().retry == Retry::never) {
            range.too_much(blocks);
            continue;
        }
        if (!reply) co_return model::fail(blocks > 1 ? reply.error() : of_one_block(reply.error()));
        auto part = parse_logs(*reply, filter, from, to, rpc.endpoint().shown());
        if (!part) co_return model::fail(std::move(part).error());
        for (const Log& log : *part) bytes += sizeof(Log) + log.topics.size() * sizeof(model::Bytes32) + log.data.size();
        if (bytes > bounds.bytes) co_return too_much(fmt::format("{} bytes", bounds.bytes));
        std::move(part->begin(), part->end(), std::back_inserter(out));
        range.went_well(blocks);
        if (to == filter.to_block) break;
        from = to + 1;
    }
    co_return out;
}

asio::awaitable<model::Result<std::vector<Log>>> logs(JsonRpcClient& rpc, Logs filter) {
    LearnedRange range;
    const LogBounds bounds;
    auto found = co_await logs(rpc, std::move(filter), range, bounds);
    co_return found;
}

}  // namespace margind::adapters::rpc
