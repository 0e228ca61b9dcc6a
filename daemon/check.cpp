// margind check: one answer, now.
#include "adapters/rpc/spawn.hpp"
#include "daemon/assemble.hpp"
#include "daemon/commands.hpp"
#include "daemon/complain.hpp"
#include "daemon/endpoints.hpp"
#include "daemon/evaluation_file.hpp"
#include "daemon/market_file.hpp"
#include "daemon/node_source.hpp"
#include "daemon/published.hpp"
#include "daemon/text.hpp"
#include "risk/evaluate.hpp"

#include <boost/asio/io_context.hpp>
#include <fmt/format.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <charconv>
#include <exception>
#include <variant>

namespace margind::daemon {
namespace {

using adapters::rpc::Endpoint;
using model::ErrorCode;
using model::Result;

// An endpoint, and the chain that the configuration says it serves; without one the node says.
struct Target {
    Endpoint endpoint;
    std::optional<model::ChainId> chain;
};

Result<std::vector<model::Address>> parse_addresses(const std::vector<std::string>& texts) {
    std::vector<model::Address> addresses;
    for (const std::string& text : texts) {
        const auto address = model::Address::parse(text);
        if (!address) return model::fail(address.error());
        // Given twice, it is still one owner.
        if (std::find(addresses.begin(), addresses.end(), *address) == addresses.end()) addresses.push_back(*address);
    }
    return addresses;
}

// Nothing: the head.
using Wanted = std::variant<std::monostate, std::uint64_t, model::Bytes32>;

Result<Wanted> parse_block(const std::string& text) {
    if (text.empty()) return Wanted();
    if (const auto hash = model::Bytes32::parse(text)) return Wanted(*hash);
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size())
        return model::fail(ErrorCode::bad_input, fmt::format("--block '{}' is neither a number nor a hash of 64 hex digits", text));
    return Wanted(number);
}

// The first endpoint of each chain; of those of the command line, the first.
Result<std::vector<Target>> targets(const CheckOptions& options, const config::Settings& settings) {
    auto endpoints = chosen_endpoints(options.endpoints, settings);
    if (!endpoints) return model::fail(endpoints.error());
    std::vector<Target> found;
    for (NamedEndpoint& endpoint : *endpoints)
        if (std::none_of(found.begin(), found.end(), [&](const Target& other) { return other.chain == endpoint.chain; }))
            found.push_back(Target{std::move(endpoint.options.endpoint), endpoint.chain});
    return found;
}

asio::awaitable<Result<Head>> chosen_block(NodeSource& source, Wanted wanted) {
    if (std::holds_alternative<std::monostate>(wanted)) {
        auto head = co_await source.head();
        co_return head;
    }
    if (const auto* hash = std::get_if<model::Bytes32>(&wanted)) {
        const model::Bytes32 known = *hash;
        auto block = co_await source.block_by_hash(known);
        co_return block;
    }
    const std::uint64_t number = std::get<std::uint64_t>(wanted);
    const auto block = co_await source.block_at(number);
    if (!block) co_return model::fail(block.error());
    if (!*block) co_return model::fail(ErrorCode::missing, fmt::format("--block {}: the chain has no such block", number));
    co_return **block;
}

// One chain at one block. The node says which chain it is, and that decides what of the configuration applies.
asio::awaitable<Result<ChainReading>> read_target(adapters::rpc::HttpClient& http, const config::Settings& settings, Target target,
                                                  Wanted block, std::vector<model::Address> owners) {
    adapters::rpc::JsonRpcClient rpc(http, target.endpoint, NodeSource::limits());
    const auto served = co_await adapters::rpc::chain_id(rpc);
    if (!served) co_return model::fail(served.error());
    const std::string shown = target.endpoint.shown();
    if (target.chain && *target.chain != *served)
        co_return model::fail(ErrorCode::wrong_chain, fmt::format("{} serves chain {}, the configuration says chain {}; correct the [[chain]] or the endpoint",
                                                                  shown, served->value, target.chain->value));
    const auto chain = settings.chains.find(*served);
    if (chain == settings.chains.end())
        co_return model::fail(ErrorCode::wrong_chain, fmt::format("{} serves chain {}, which is not configured; add it to the file given with --config", shown, served->value));
    auto made = NodeSource::make(http, target.endpoint, settings, *served);
    if (!made) co_return model::fail(made.error());
    NodeSource& source = **made;
    if (source.has_no_venue())
        co_return model::fail(ErrorCode::wrong_chain, fmt::format("{} serves chain {}, for which no venue is configured; add one to the file given with --config", shown, served->value));
    const auto head = co_await chosen_block(source, std::move(block));
    if (!head) co_return model::fail(head.error());
    model::BlockRef at = head->block;
    ReadOptions options;
    auto reading = co_await source.read(std::move(at), std::move(owners), std::move(options));
    co_return reading;
}

asio::awaitable<void> read_all(adapters::rpc::HttpClient& http, const config::Settings& settings, std::vector<Target> where, Wanted block,
                               std::vector<model::Address> owners, std::vector<ChainReading>& readings, std::optional<model::Error>& failure) {
    for (const Target& entry : where) {
        Target target = entry;
        Wanted at = block;
        std::vector<model::Address> whose = owners;
        auto reading = co_await read_target(http, settings, std::move(target), std::move(at), std::move(whose));
        if (!reading) {
            failure = reading.error();
            co_return;
        }
        readings.push_back(std::move(*reading));
    }
}

Result<std::vector<ChainReading>> read_now(const config::Settings& settings, std::vector<Target> where, const Wanted& block,
                                           const std::vector<model::Address>& owners) {
    boost::asio::io_context io(1);
    adapters::rpc::HttpClient http(io.get_executor(), adapters::rpc::HttpOptions{});
    std::vector<ChainReading> readings;
    std::optional<model::Error> failure;
    adapters::rpc::spawn(io.get_executor(), read_all(http, settings, std::move(where), block, owners, readings, failure), [&io](std::exception_ptr error) {
        io.stop();
        if (error) std::rethrow_exception(error);
    });
    io.run();
    if (failure) return model::fail(*failure);
    return readings;
}

// A node that stands still answers with good figures of another day.
bool complain_of_late_heads(const config::Settings& settings, const std::vector<ChainReading>& readings) {
    bool late = false;
    for (const ChainReading& reading : readings) {
        const config::Chain& chain = settings.chains.at(reading.block.chain);
        const std::int64_t behind = system_clocks().wall() - reading.block.time;
        const std::int64_t limit = late_limit_s(chain.block_time.count());
        if (chain.quiet_chain || behind <= limit) continue;
        late = true;
        static_cast<void>(complain({ErrorCode::upstream,
                                    fmt::format("chain {}: the node's head, block {}, is {} s behind the clock of this machine (limit {} s): the figures are as old; "
                                                "ask another node, or set quiet_chain for a chain that mines on demand",
                                                chain.id.value, reading.block.number, behind, limit),
                                    model::Retry::other_endpoint},
                                   ExitCode::unknown));
    }
    return late;
}

}  // namespace

ExitCode check(const CheckOptions& options) {
    spdlog::set_default_logger(spdlog::stderr_logger_mt("margind"));
    spdlog::set_level(spdlog::level::warn);
    const auto owners = parse_addresses(options.addresses);
    if (!owners) return complain(owners.error(), ExitCode::usage);
    const auto block = parse_block(options.block);
    if (!block) return complain(block.error(), ExitCode::usage);
    const auto settings = options.config.empty() ? Result<config::Settings>(config::defaults()) : config::load(options.config);
    if (!settings) return complain(settings.error(), ExitCode::config);
    const auto market = load_market(*settings);
    if (!market) return complain(market.error(), ExitCode::config);
    auto where = targets(options, *settings);
    if (!where) return complain(where.error(), ExitCode::config);

    if (!options.block.empty() && where->size() > 1)
        return complain({ErrorCode::bad_input, fmt::format("--block {} is of one chain, but {} have an endpoint; give --rpc", options.block, where->size()), model::Retry::never},
                        ExitCode::usage);

    const auto readings = read_now(*settings, std::move(*where), *block, *owners);
    if (!readings) {
        const bool no_such_block = !options.block.empty() && readings.error().code == ErrorCode::missing;
        return complain(readings.error(), no_such_block ? ExitCode::usage : exit_code_of(readings.error()));
    }
    std::vector<const ChainReading*> pointers;
    for (const ChainReading& reading : *readings) pointers.push_back(&reading);
    model::Portfolio portfolio;
    portfolio.name = "check";
    portfolio.owners = *owners;
    const model::Snapshot snapshot = assemble(pointers, settings->assets, {portfolio});
    const model::Report report = risk::evaluate(snapshot, rules(), *market, settings->policy);
    if (options.json) fmt::print("{}\n", report_json(report));
    else fmt::print("{}", to_text(report.portfolios.front(), report, settings->policy));
    const ExitCode code = exit_code_of(report.portfolios.front().headline);
    const bool late = options.block.empty() && complain_of_late_heads(*settings, *readings);
    return late && code == ExitCode::ok ? ExitCode::unknown : code;
}

}  // namespace margind::daemon
