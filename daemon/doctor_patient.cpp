// What one endpoint can do, asked of it alone.
#include "daemon/doctor_patient.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cctype>

namespace margind::daemon {
namespace {

namespace rpc = adapters::rpc;
namespace asio = rpc::asio;
using model::Result;
using nlohmann::json;
using Clock = std::chrono::steady_clock;

constexpr std::size_t timed_requests = 12;
constexpr std::chrono::milliseconds slow{1'000};
constexpr std::chrono::milliseconds impatience{1'000};
constexpr std::chrono::milliseconds longest_wait_for_head{30'000};
constexpr std::chrono::milliseconds push_check_every{50};
constexpr std::uint64_t fewest_states = 64;
constexpr int narrowing_steps = 8;
constexpr std::array<std::size_t, 3> batch_sizes{10, 100, 1'000};
constexpr std::array<std::size_t, 3> call_sizes{std::size_t{64} << 10, std::size_t{256} << 10, std::size_t{1} << 20};
constexpr std::array<std::uint64_t, 4> log_ranges{10, 100, 1'000, 10'000};
/// Of no block: the chance that one hashes to it is nil.
constexpr const char* no_block = "0x6d617267696e6420646f63746f722061736b7320666f72206e6f20626c6f636b";
/// Returns what it is sent.
constexpr const char* identity = "0x0000000000000000000000000000000000000004";

asio::awaitable<Result<json>> ask(Patient& patient, std::string method, std::string params) {
    const auto start = Clock::now();
    auto reply = co_await patient.client.call(std::move(method), std::move(params));
    if (reply) patient.latencies.push_back(std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - start));
    // One that falls silent is not waited for again and again.
    else if (reply.error().code == model::ErrorCode::unreachable) patient.client = patient.client.within(impatience);
    co_return reply;
}

/// What a server says of itself, fit for a terminal.
std::string printable(const std::string& text) {
    constexpr std::size_t longest = 100;
    std::string out;
    for (const char c : text.substr(0, longest)) out += std::isprint(static_cast<unsigned char>(c)) != 0 ? c : '?';
    return out;
}

std::string duration(double seconds) {
    if (seconds < 120) return fmt::format("{:.0f} s", seconds);
    if (seconds < 7'200) return fmt::format("{:.0f} min", seconds / 60);
    if (seconds < 172'800) return fmt::format("{:.0f} h", seconds / 3'600);
    return fmt::format("{:.0f} days", seconds / 86'400);
}

asio::awaitable<void> find_client(Patient& patient) {
    const auto client = co_await ask(patient, "web3_clientVersion", "[]");
    if (client && client->is_string()) {
        const std::string name = printable(client->get<std::string>());
        patient.find("client", Condition::good, name, name);
    } else {
        patient.find("client", Condition::good, {}, "does not say what it is");
    }
}

asio::awaitable<Result<json>> balance_at(Patient& patient, std::string block) {
    std::string params = fmt::format("[\"{}\",{}]", identity, block);
    auto reply = co_await ask(patient, "eth_getBalance", std::move(params));
    co_return reply;
}

asio::awaitable<void> find_pinning(Patient& patient) {
    std::string right = fmt::format("{{\"blockHash\":\"{}\"}}", patient.head->ref.hash.to_string());
    const auto known = co_await balance_at(patient, std::move(right));
    std::string wrong = fmt::format("{{\"blockHash\":\"{}\"}}", no_block);
    const auto unknown = co_await balance_at(patient, std::move(wrong));
    if (!known && known.error().code == model::ErrorCode::unreachable)
        patient.find("eip_1898", Condition::warning, {}, "does not say whether it reads state at a block hash: " + patient.words(known.error()));
    else if (!known)
        patient.find("eip_1898", Condition::warning, false, "does not read state at a block hash: read by number, and the hash is checked before and after");
    else if (unknown)
        patient.find("eip_1898", Condition::warning, false, "answers for a block hash that does not exist: read by number, and the hash is checked before and after");
    else
        patient.find("eip_1898", Condition::good, true, "reads state at a block hash, and refuses one that does not exist");
}

asio::awaitable<void> find_tags(Patient& patient) {
    for (const auto tag : {rpc::BlockTag::safe, rpc::BlockTag::finalized}) {
        const std::string name = tag == rpc::BlockTag::safe ? "safe" : "finalized";
        const auto block = co_await rpc::block_by_tag(patient.client, *patient.subject.chain, tag);
        if (!block) {
            patient.find(name, Condition::warning, {}, fmt::format("no {} block: {}", name, patient.words(block.error())));
            continue;
        }
        const std::uint64_t number = block->ref.number;
        const std::uint64_t behind = patient.head->ref.number > number ? patient.head->ref.number - number : 0;
        patient.find(name, Condition::good, static_cast<std::int64_t>(number), fmt::format("{} block {}, {} behind the head", name, number, behind));
    }
}

/// An error where the endpoint does not say.
asio::awaitable<Result<bool>> has_state(Patient& patient, std::uint64_t depth) {
    std::string block = fmt::format("\"0x{:x}\"", patient.head->ref.number - depth);
    const auto balance = co_await balance_at(patient, std::move(block));
    if (!balance && (balance.error().code == model::ErrorCode::unreachable || balance.error().code == model::ErrorCode::limit)) co_return model::fail(balance.error());
    co_return Result<bool>(balance.has_value());
}

/// How many blocks below the head have state.
asio::awaitable<Result<std::uint64_t>> depth_of_state(Patient& patient) {
    const std::uint64_t all = patient.head->ref.number;
    std::uint64_t kept = 0;
    std::uint64_t lost = all + 1;
    for (std::uint64_t depth = std::min<std::uint64_t>(127, all); lost > all && kept < all; depth = std::min(depth * 8, all)) {
        const auto there = co_await has_state(patient, depth);
        if (!there) co_return model::fail(there.error());
        (*there ? kept : lost) = depth;
    }
    for (int step = 0; step < narrowing_steps && lost <= all && lost - kept > 1; ++step) {
        const std::uint64_t middle = kept + (lost - kept) / 2;
        const auto there = co_await has_state(patient, middle);
        if (!there) co_return model::fail(there.error());
        (*there ? kept : lost) = middle;
    }
    co_return kept;
}

asio::awaitable<void> find_depth(Patient& patient, const config::Chain& chain) {
    const std::uint64_t all = patient.head->ref.number;
    const auto depth = co_await depth_of_state(patient);
    if (!depth) {
        patient.find("archive", Condition::warning, {}, "does not say how far back it has state: " + patient.words(depth.error()));
        co_return;
    }
    const std::uint64_t kept = *depth;
    const double seconds = static_cast<double>(kept) * static_cast<double>(chain.block_time.count()) / 1'000;
    const bool enough = kept >= std::min(fewest_states, all);
    patient.find("archive", enough ? Condition::good : Condition::warning, static_cast<std::int64_t>(kept),
                 kept == all ? "state of every block" : fmt::format("state of the last {} blocks, about {}{}", kept, duration(seconds),
                                                                     enough ? "" : fmt::format("; {} are needed to read again after a reorganisation", fewest_states)));
}

asio::awaitable<void> find_multicall(Patient& patient, const config::Chain& chain) {
    const model::Address address = chain.multicall3;
    const model::Bytes32 block = patient.head->ref.hash;
    const auto code = co_await rpc::code_at(patient.client, address, block);
    patient.has_multicall = code && !code->empty();
    if (patient.has_multicall) patient.find("multicall3", Condition::good, true, fmt::format("Multicall3 at {}", address.to_string()));
    else patient.find("multicall3", Condition::warning, false, fmt::format("no Multicall3 at {}: every call is a request of its own, or a part of a batch", address.to_string()));
}

void judge_latency(Patient& patient) {
    std::vector<std::chrono::microseconds>& all = patient.latencies;
    if (all.empty()) return;
    std::sort(all.begin(), all.end());
    const auto at = [&](std::size_t percent) { return all[std::min(all.size() - 1, all.size() * percent / 100)]; };
    const auto ms = [](std::chrono::microseconds value) { return static_cast<double>(value.count()) / 1'000; };
    patient.find("p50_us", Condition::good, static_cast<std::int64_t>(at(50).count()), fmt::format("half of {} small requests within {:.1f} ms", all.size(), ms(at(50))));
    patient.find("p95_us", at(95) > slow ? Condition::warning : Condition::good, static_cast<std::int64_t>(at(95).count()),
                 fmt::format("95 of 100 within {:.1f} ms{}", ms(at(95)), at(95) > slow ? ": slow" : ""));
}

bool within(const rpc::Budget& budget, std::size_t parts) {
    const double wanted = static_cast<double>(parts);
    return (!budget.requests_per_second || wanted <= *budget.requests_per_second) && (!budget.compute_units_per_second || wanted <= *budget.compute_units_per_second);
}

/// Each part answered; else why not.
asio::awaitable<std::optional<std::string>> refused_batch(Patient& patient, std::size_t size) {
    std::vector<rpc::Ask> asks(size, rpc::Ask{"eth_chainId", "[]"});
    const auto replies = co_await patient.client.call_many(std::move(asks));
    if (!replies) co_return patient.words(replies.error());
    for (const auto& reply : *replies)
        if (!reply) co_return patient.words(reply.error());
    co_return std::nullopt;
}

asio::awaitable<void> find_batches(Patient& patient) {
    std::size_t largest = 0;
    std::string why;
    for (const std::size_t size : batch_sizes) {
        if (!within(patient.named.options.budget, size)) {
            why = fmt::format("; {} not tried, as the budget allows no such number in a second", size);
            break;
        }
        const auto refused = co_await refused_batch(patient, size);
        if (refused) {
            why = fmt::format("; {} refused: {}", size, *refused);
            break;
        }
        largest = size;
    }
    const bool needed = largest == 0 && !patient.has_multicall;
    patient.find("batch", needed ? Condition::warning : Condition::good, static_cast<std::int64_t>(largest),
                 (largest == 0 ? std::string("takes no batches") : fmt::format("batches of {} requests and more", largest)) + why);
}

/// Sends so many bytes and gets them back.
asio::awaitable<std::optional<std::string>> refused_call(Patient& patient, std::size_t bytes) {
    std::string params = fmt::format("[{{\"to\":\"{}\",\"data\":\"0x{}\"}},\"latest\"]", identity, std::string(bytes * 2, '0'));
    const auto reply = co_await patient.client.call_bytes("eth_call", std::move(params));
    if (!reply) co_return patient.words(reply.error());
    if (reply->size() != bytes) co_return fmt::format("{} bytes came back", reply->size());
    co_return std::nullopt;
}

asio::awaitable<void> find_call_size(Patient& patient) {
    const std::size_t wanted = adapters::evm::ChunkLimits{}.max_bytes;
    std::size_t largest = 0;
    std::string why;
    for (const std::size_t size : call_sizes) {
        const auto refused = co_await refused_call(patient, size);
        if (refused) {
            why = fmt::format("; {} KiB refused: {}", size >> 10, *refused);
            break;
        }
        largest = size;
    }
    patient.find("call_bytes", largest < wanted ? Condition::warning : Condition::good, static_cast<std::int64_t>(largest),
                 fmt::format("calls with {} KiB in and out{}", largest >> 10, why));
}

asio::awaitable<void> find_log_range(Patient& patient) {
    std::uint64_t largest = 0;
    std::string why;
    for (const std::uint64_t range : log_ranges) {
        if (range > patient.head->ref.number + 1) break;
        std::string params = fmt::format("[{{\"fromBlock\":\"0x{:x}\",\"toBlock\":\"0x{:x}\",\"address\":\"{}\"}}]", patient.head->ref.number + 1 - range,
                                         patient.head->ref.number, identity);
        const auto reply = co_await ask(patient, "eth_getLogs", std::move(params));
        if (!reply) {
            why = fmt::format("; {} refused: {}", range, patient.words(reply.error()));
            break;
        }
        largest = range;
    }
    patient.find("log_blocks", largest == 0 && !why.empty() ? Condition::warning : Condition::good, static_cast<std::int64_t>(largest),
                 fmt::format("logs of {} blocks at once{}", largest, why));
}

asio::awaitable<void> follow_heads(Patient& patient) {
    std::function<void(const json&)> on_head = [&patient](const json&) { ++patient.pushed_heads; };
    std::function<void(const model::Error&)> on_lost = [&patient](const model::Error& error) { patient.not_followed = patient.words(error); };
    const auto subscription = co_await patient.client.subscribe("[\"newHeads\"]", std::move(on_head), std::move(on_lost));
    if (!subscription) patient.not_followed = patient.words(subscription.error());
}

}  // namespace

Patient::Patient(rpc::HttpClient& http, NamedEndpoint endpoint)
    : named(std::move(endpoint)), client(http, named.options.endpoint, rpc::OperatorOptions{}.limits, named.options.budget) {
    subject.name = named.operator_name;
    subject.where = named.options.endpoint.shown();
    subject.chain = named.chain;
}

std::string Patient::words(const model::Error& error) const {
    const std::string mine = subject.where + ": ";
    return printable(error.message.starts_with(mine) ? error.message.substr(mine.size()) : error.message);
}

asio::awaitable<void> identify(Patient& patient, const config::Settings& settings) {
    const auto served = co_await rpc::chain_id(patient.client);
    if (!served) {
        patient.find("chain_id", Condition::unusable, {}, "does not answer: " + patient.words(served.error()));
        co_return;
    }
    const auto id = static_cast<std::int64_t>(served->value);
    if (patient.named.chain && *patient.named.chain != *served) {
        patient.find("chain_id", Condition::unusable, id, fmt::format("serves chain {}, the configuration says chain {}", served->value, patient.named.chain->value));
        co_await find_client(patient);
        co_return;
    }
    patient.subject.chain = *served;
    const auto known = settings.chains.find(*served);
    if (known == settings.chains.end()) {
        patient.find("chain_id", Condition::unusable, id, fmt::format("serves chain {}, which is not configured; add it to the file given with --config", served->value));
        co_await find_client(patient);
        co_return;
    }
    patient.find("chain_id", Condition::good, id, fmt::format("chain {}, {}", served->value, known->second.name));
    co_await find_client(patient);
    auto head = co_await rpc::block_by_tag(patient.client, *served, rpc::BlockTag::latest);
    if (!head) {
        patient.find("head", Condition::unusable, {}, "says no head: " + patient.words(head.error()));
        co_return;
    }
    rpc::RoundLimits limits;
    limits.multicall = known->second.multicall3;
    patient.rounds.emplace(patient.client, limits);
    patient.head = std::move(*head);
    if (patient.client.can_push()) co_await follow_heads(patient);
}

asio::awaitable<void> examine(Patient& patient, const config::Chain& chain) {
    co_await find_pinning(patient);
    co_await find_tags(patient);
    co_await find_depth(patient, chain);
    co_await find_multicall(patient, chain);
    for (std::size_t i = patient.latencies.size(); i < timed_requests; ++i) static_cast<void>(co_await ask(patient, "eth_blockNumber", "[]"));
    judge_latency(patient);
}

asio::awaitable<void> examine_pushes(Patient& patient, const config::Chain& chain) {
    if (!patient.client.can_push()) {
        patient.find("new_heads", Condition::good, false, "heads are polled: only ws, wss and ipc push them");
        co_return;
    }
    const auto longest = chain.quiet_chain ? std::chrono::milliseconds(0) : std::min<std::chrono::milliseconds>(2 * chain.block_time, longest_wait_for_head);
    const auto executor = co_await asio::this_coro::executor;
    asio::steady_timer timer(executor);
    for (const auto until = Clock::now() + longest; patient.pushed_heads == 0 && patient.not_followed.empty() && Clock::now() < until;) {
        timer.expires_after(push_check_every);
        co_await timer.async_wait(asio::use_awaitable);
    }
    if (!patient.not_followed.empty())
        patient.find("new_heads", Condition::warning, false, "does not push heads, they are polled: " + patient.not_followed);
    else if (patient.pushed_heads > 0)
        patient.find("new_heads", Condition::good, true, "pushes heads");
    else if (chain.quiet_chain)
        patient.find("new_heads", Condition::good, {}, "takes a subscription to heads; no block came while it was asked");
    else
        patient.find("new_heads", Condition::warning, false, fmt::format("takes a subscription to heads and pushed none within {} s: they are polled", longest.count() / 1'000));
}

asio::awaitable<void> examine_limits(Patient& patient) {
    co_await find_log_range(patient);
    co_await find_call_size(patient);
    co_await find_batches(patient);
}

}  // namespace margind::daemon
