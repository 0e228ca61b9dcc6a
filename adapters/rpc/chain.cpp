// Typed requests to an Ethereum node.
#include "adapters/rpc/chain.hpp"

#include "adapters/rpc/fields.hpp"
#include "adapters/rpc/logs.hpp"
#include "risk/model/keccak.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <limits>
#include <utility>

namespace margind::adapters::rpc {

namespace {

using model::ErrorCode;
using model::Retry;
using nlohmann::json;

/// All logs of one request.
constexpr std::size_t max_logs = 1'000'000;

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
    if (!reply) co_return model::fail(of_pinned(block_of(block), rpc.endpoint().shown(), reply.error()));
    co_return parse_logs(*reply, filter, block, rpc.endpoint().shown());
}

asio::awaitable<model::Result<std::vector<Log>>> logs(JsonRpcClient& rpc, Logs filter) {
    std::vector<Log> out;
    std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges;
    if (filter.from_block <= filter.to_block) ranges.emplace_back(filter.from_block, filter.to_block);
    while (!ranges.empty()) {
        const auto [from, to] = ranges.back();
        ranges.pop_back();
        std::string params = logs_params(filter, from, to);
        const auto reply = co_await rpc.call("eth_getLogs", std::move(params));
        if (!reply) {
            const bool too_much = reply.error().code == ErrorCode::limit && reply.error().retry == Retry::never;
            if (!too_much || from == to) co_return model::fail(reply.error());
            const std::uint64_t middle = from + (to - from) / 2;
            ranges.emplace_back(middle + 1, to);
            ranges.emplace_back(from, middle);
            continue;
        }
        auto part = parse_logs(*reply, filter, from, to, rpc.endpoint().shown());
        if (!part) co_return model::fail(std::move(part).error());
        if (out.size() + part->size() > max_logs)
            co_return model::fail(ErrorCode::limit, fmt::format("more than {} logs in blocks {} to {}", max_logs, filter.from_block,
                                                                filter.to_block));
        std::move(part->begin(), part->end(), std::back_inserter(out));
    }
    co_return out;
}

}  // namespace margind::adapters::rpc
