// margind check: one answer, now.
#include "adapters/rpc/spawn.hpp"
#include "daemon/assemble.hpp"
#include "daemon/commands.hpp"
#include "daemon/complain.hpp"
#include "daemon/evaluation_file.hpp"
#include "daemon/market_file.hpp"
#include "daemon/node_source.hpp"
#include "daemon/text.hpp"
#include "daemon/text_file.hpp"
#include "risk/evaluate.hpp"

#include <boost/asio/io_context.hpp>
#include <fmt/format.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <charconv>
#include <exception>

namespace margind::daemon {
namespace {

using adapters::rpc::Endpoint;
using model::ErrorCode;
using model::Result;

constexpr std::size_t longest_url = 4'096;

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
        addresses.push_back(*address);
    }
    return addresses;
}

Result<Target> target_of(const std::string& url, const std::string& origin) {
    auto endpoint = Endpoint::parse(url);
    if (!endpoint) return model::fail(endpoint.error().code, fmt::format("{}: {}", origin, endpoint.error().message));
    Target target;
    target.endpoint = std::move(*endpoint);
    return target;
}

Result<std::vector<Target>> targets(const CheckOptions& options, const config::Settings& settings) {
    std::vector<Target> found;
    std::string url = options.rpc;
    std::string origin = "--rpc";
    if (url.empty() && !options.rpc_file.empty()) {
        const auto text = read_text_file(options.rpc_file, longest_url);
        if (!text) return model::fail(text.error());
        url = text->substr(0, text->find_first_of("\r\n"));
        origin = "--rpc-file " + options.rpc_file;
    }
    if (url.empty()) {
        url = config::process_environment("MARGIND_RPC").value_or("");
        origin = "MARGIND_RPC";
    }
    if (!url.empty()) {
        auto target = target_of(url, origin);
        if (!target) return model::fail(target.error());
        found.push_back(std::move(*target));
        return found;
    }
    for (const auto& [id, chain] : settings.chains) {
        if (!chain.rpc) continue;
        auto target = target_of(chain.rpc->reveal(), chain.rpc->origin());
        if (!target) return model::fail(target.error());
        target->chain = id;
        found.push_back(std::move(*target));
    }
    if (found.empty())
        return model::fail(ErrorCode::bad_input, "no endpoint: give --rpc URL, --rpc-file FILE, MARGIND_RPC or [chains] rpc in --config");
    return found;
}

asio::awaitable<Result<Head>> chosen_block(NodeSource& source, std::string wanted) {
    if (wanted.empty()) {
        auto head = co_await source.head();
        co_return head;
    }
    if (const auto hash = model::Bytes32::parse(wanted)) {
        const model::Bytes32 known = *hash;
        auto block = co_await source.block_by_hash(known);
        co_return block;
    }
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(wanted.data(), wanted.data() + wanted.size(), number);
    if (error != std::errc{} || end != wanted.data() + wanted.size())
        co_return model::fail(ErrorCode::bad_input, fmt::format("--block '{}' is neither a number nor a hash of 64 hex digits", wanted));
    const auto block = co_await source.block_at(number);
    if (!block) co_return model::fail(block.error());
    if (!*block) co_return model::fail(ErrorCode::missing, fmt::format("--block {}: the chain has no such block", number));
    co_return **block;
}

// One chain at one block. The node says which chain it is, and that decides what of the configuration applies.
asio::awaitable<Result<ChainReading>> read_target(adapters::rpc::HttpClient& http, const config::Settings& settings, Target target,
                                                  std::string block, std::vector<model::Address> owners) {
    adapters::rpc::JsonRpcClient rpc(http, target.endpoint, NodeSource::limits());
    const auto served = co_await adapters::rpc::chain_id(rpc);
    if (!served) co_return model::fail(served.error());
    const std::string shown = target.endpoint.shown();
    if (target.chain && *target.chain != *served)
        co_return model::fail(ErrorCode::wrong_chain, fmt::format("{} serves chain {}, the configuration says chain {}; correct [chains] or the endpoint",
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
    auto reading = co_await source.read(std::move(at), std::move(owners), false);
    co_return reading;
}

asio::awaitable<void> read_all(adapters::rpc::HttpClient& http, const config::Settings& settings, std::vector<Target> where, std::string block,
                               std::vector<model::Address> owners, std::vector<ChainReading>& readings, std::optional<model::Error>& failure) {
    for (const Target& entry : where) {
        Target target = entry;
        std::string at = block;
        std::vector<model::Address> whose = owners;
        auto reading = co_await read_target(http, settings, std::move(target), std::move(at), std::move(whose));
        if (!reading) {
            failure = reading.error();
            co_return;
        }
        readings.push_back(std::move(*reading));
    }
}

Result<std::vector<ChainReading>> read_now(const config::Settings& settings, std::vector<Target> where, const std::string& block,
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

}  // namespace

ExitCode check(const CheckOptions& options) {
    spdlog::set_default_logger(spdlog::stderr_logger_mt("margind"));
    spdlog::set_level(spdlog::level::warn);
    const auto owners = parse_addresses(options.addresses);
    if (!owners) return complain(owners.error(), ExitCode::usage);
    const auto settings = options.config.empty() ? Result<config::Settings>(config::defaults()) : config::load(options.config);
    if (!settings) return complain(settings.error(), ExitCode::config);
    const auto market = load_market(*settings);
    if (!market) return complain(market.error(), ExitCode::config);
    auto where = targets(options, *settings);
    if (!where) return complain(where.error(), ExitCode::config);

    const auto readings = read_now(*settings, std::move(*where), options.block, *owners);
    if (!readings) return complain(readings.error(), exit_code_of(readings.error()));
    std::vector<const ChainReading*> pointers;
    for (const ChainReading& reading : *readings) pointers.push_back(&reading);
    model::Portfolio portfolio;
    portfolio.name = "check";
    portfolio.owners = *owners;
    const model::Snapshot snapshot = assemble(pointers, settings->assets, {portfolio});
    const model::Report report = risk::evaluate(snapshot, rules(), *market, settings->policy);
    if (options.json) fmt::print("{}\n", report_json(report));
    else fmt::print("{}", to_text(report.portfolios.front(), report, settings->policy));
    return exit_code_of(report.portfolios.front().headline);
}

}  // namespace margind::daemon
