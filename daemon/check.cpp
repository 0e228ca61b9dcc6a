// margind check: one answer, now.
#include "adapters/rpc/spawn.hpp"
#include "daemon/assemble.hpp"
#include "daemon/commands.hpp"
#include "daemon/complain.hpp"
#include "daemon/endpoints.hpp"
#include "daemon/evaluation_file.hpp"
#include "daemon/market_file.hpp"
#include "daemon/published.hpp"
#include "daemon/text.hpp"
#include "daemon/watched_chain.hpp"
#include "risk/evaluate.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>
#include <fmt/format.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <variant>

namespace margind::daemon {
namespace {

using model::ErrorCode;
using model::Result;

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

constexpr std::chrono::seconds first_word_after{1};
constexpr std::chrono::seconds word_every{5};

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

// What was read of the chains, those that could not be read too.
struct Readings {
    std::vector<ChainReading> chains;
    std::vector<model::SourceTrouble> troubles;
};

// Which chain an endpoint of the command line serves.
asio::awaitable<void> ask_chain(adapters::rpc::HttpClient& http, const adapters::rpc::HttpLimits& limits, NamedEndpoint& endpoint, std::optional<model::Error>& failure) {
    adapters::rpc::JsonRpcClient rpc(http, endpoint.options.endpoint, limits, endpoint.options.budget);
    const auto served = co_await adapters::rpc::chain_id(rpc);
    if (served) endpoint.chain = *served;
    else failure = served.error();
}

asio::awaitable<Result<void>> find_chains(adapters::rpc::HttpClient& http, std::vector<NamedEndpoint>& endpoints) {
    const adapters::rpc::HttpLimits limits = adapters::rpc::OperatorOptions().limits;
    std::optional<model::Error> failure;
    std::vector<asio::awaitable<void>> tasks;
    for (NamedEndpoint& endpoint : endpoints)
        if (!endpoint.chain) tasks.push_back(ask_chain(http, limits, endpoint, failure));
    co_await adapters::rpc::join_all(std::move(tasks));
    std::set<model::ChainId> chains;
    for (const NamedEndpoint& endpoint : endpoints)
        if (endpoint.chain) chains.insert(*endpoint.chain);
    if (chains.empty()) co_return model::fail(*failure);
    // Those that did not answer count as operators of the only chain there is.
    for (NamedEndpoint& endpoint : endpoints)
        if (!endpoint.chain && chains.size() == 1) endpoint.chain = *chains.begin();
    co_return Result<void>{};
}

Result<std::unique_ptr<WatchedChain>> make_chain(asio::any_io_executor executor, adapters::rpc::HttpClient& http, const config::Settings& settings,
                                                 model::ChainId chain, const std::vector<NamedEndpoint>& endpoints) {
    auto operators = operators_of(endpoints, chain);
    const std::string shown = operators.front().endpoints.front().endpoint.shown();
    if (!settings.chains.contains(chain))
        return model::fail(ErrorCode::wrong_chain, fmt::format("{} serves chain {}, which is not configured; add it to the file given with --config", shown, chain.value));
    auto made = WatchedChain::make(executor, http, settings, chain, std::move(operators), nullptr);
    if (made && (*made)->reader().has_no_venue())
        return model::fail(ErrorCode::wrong_chain,
                           fmt::format("{} serves chain {}, for which no venue is configured; add one to the file given with --config", shown, chain.value));
    return made;
}

asio::awaitable<Result<Head>> chosen_block(WatchedChain& chain, Wanted wanted) {
    co_await chain.heads().ask_once();
    if (const auto* hash = std::get_if<model::Bytes32>(&wanted)) {
        const model::Bytes32 known = *hash;
        auto block = co_await chain.block_by_hash(known);
        co_return block;
    }
    if (std::holds_alternative<std::monostate>(wanted)) {
        auto head = co_await chain.reader().head();
        co_return head;
    }
    const std::uint64_t number = std::get<std::uint64_t>(wanted);
    const auto block = co_await chain.reader().block_at(number);
    if (!block) co_return model::fail(block.error());
    if (!*block) co_return model::fail(ErrorCode::missing, fmt::format("--block {}: the chain has no such block", number));
    co_return **block;
}

// Of a search that takes long, each few seconds a line.
std::function<void(const Searcher::Progress&)> told(model::ChainId chain) {
    auto next = Steady::now() + first_word_after;
    return [chain, next](const Searcher::Progress& progress) mutable {
        if (Steady::now() < next || progress.all == 0) return;
        next = Steady::now() + word_every;
        fmt::print(stderr, "margind: chain {}: searching for markets and accounts, {:.0f} % of {} blocks\n", chain.value,
                   100.0 * static_cast<double>(progress.done) / static_cast<double>(progress.all), progress.all);
    };
}

asio::awaitable<void> read_chain(WatchedChain& chain, Wanted block, std::vector<model::Address> owners, Result<ChainReading>& into) {
    const auto right = co_await chain.check_chain();
    if (!right) {
        into = model::fail(right.error());
        co_return;
    }
    const auto head = co_await chosen_block(chain, std::move(block));
    if (!head) {
        into = model::fail(head.error());
        co_return;
    }
    model::BlockRef at = head->block;
    ReadOptions options;
    into = co_await chain.reader().read(at, owners, options);
    if (!into || !chain.searcher().waited_for()) co_return;
    auto tell = told(at.chain);
    co_await chain.searcher().finish(std::move(tell));
    // A search takes minutes where nothing is kept: the head has moved on meanwhile.
    co_await chain.heads().ask_once();
    if (std::holds_alternative<std::monostate>(block)) {
        const auto later = co_await chain.reader().head();
        if (later) at = later->block;
    }
    auto again = co_await chain.reader().read(std::move(at), std::move(owners), std::move(options));
    if (again) into = std::move(again);
}

// All chains at once. One that cannot be read is unknown, unless none can.
asio::awaitable<Result<Readings>> read_all(adapters::rpc::HttpClient& http, const config::Settings& settings, std::vector<NamedEndpoint> endpoints, Wanted block,
                                           std::vector<model::Address> owners) {
    const auto found = co_await find_chains(http, endpoints);
    if (!found) co_return model::fail(found.error());
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    std::map<model::ChainId, std::unique_ptr<WatchedChain>> chains;
    for (const NamedEndpoint& endpoint : endpoints) {
        if (!endpoint.chain || chains.contains(*endpoint.chain)) continue;
        auto made = make_chain(executor, http, settings, *endpoint.chain, endpoints);
        if (!made) co_return model::fail(made.error());
        chains.emplace(*endpoint.chain, std::move(*made));
    }
    if (chains.size() > 1 && !std::holds_alternative<std::monostate>(block))
        co_return model::fail(ErrorCode::bad_input, fmt::format("--block is of one chain, but the endpoints serve {}; give those of one with --rpc", chains.size()));
    std::map<model::ChainId, Result<ChainReading>> read;
    std::vector<asio::awaitable<void>> tasks;
    for (const auto& [id, chain] : chains) tasks.push_back(read_chain(*chain, block, owners, read[id]));
    co_await adapters::rpc::join_all(std::move(tasks));
    Readings all;
    std::optional<model::Error> failure;
    for (auto& [id, reading] : read) {
        ChainReader& reader = chains.at(id)->reader();
        if (!reading) {
            if (!failure || reading.error().code == ErrorCode::wrong_chain) failure = reading.error();
            all.chains.push_back(reader.unread(owners, in_short(reading.error())));
            continue;
        }
        all.chains.push_back(std::move(*reading));
        for (model::SourceTrouble& trouble : reader.troubles()) all.troubles.push_back(std::move(trouble));
    }
    for (const auto& [id, chain] : chains) co_await chain->stop();
    const bool any = std::any_of(all.chains.begin(), all.chains.end(), [](const ChainReading& reading) { return reading.block.number > 0; });
    if (failure && (!any || failure->code == ErrorCode::wrong_chain)) co_return model::fail(*failure);
    co_return all;
}

asio::awaitable<void> read_into(adapters::rpc::HttpClient& http, const config::Settings& settings, std::vector<NamedEndpoint> endpoints, Wanted block,
                                std::vector<model::Address> owners, Result<Readings>& into) {
    into = co_await read_all(http, settings, std::move(endpoints), std::move(block), std::move(owners));
}

Result<Readings> read_now(const config::Settings& settings, std::vector<NamedEndpoint> endpoints, const Wanted& block, const std::vector<model::Address>& owners) {
    asio::io_context io(1);
    adapters::rpc::HttpClient http(io.get_executor(), adapters::rpc::HttpOptions{});
    Result<Readings> readings;
    adapters::rpc::spawn(io.get_executor(), read_into(http, settings, std::move(endpoints), block, owners, readings), [&io](std::exception_ptr error) {
        io.stop();
        if (error) std::rethrow_exception(error);
    });
    io.run();
    return readings;
}

// A node that stands still answers with good figures of another day.
bool complain_of_late_heads(const config::Settings& settings, const std::vector<ChainReading>& readings) {
    bool late = false;
    for (const ChainReading& reading : readings) {
        if (reading.block.number == 0) continue;
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
    // What an endpoint failed at is in the answer, or is the answer; `doctor` tells it of each.
    spdlog::set_level(spdlog::level::err);
    const auto owners = parse_addresses(options.addresses);
    if (!owners) return complain(owners.error(), ExitCode::usage);
    const auto block = parse_block(options.block);
    if (!block) return complain(block.error(), ExitCode::usage);
    const auto settings = options.config.empty() ? Result<config::Settings>(config::defaults()) : config::load(options.config);
    if (!settings) return complain(settings.error(), ExitCode::config);
    const auto market = load_market(*settings);
    if (!market) return complain(market.error(), ExitCode::config);
    auto where = chosen_endpoints(options.endpoints, *settings);
    if (!where) return complain(where.error(), ExitCode::config);
    std::set<std::optional<model::ChainId>> chains;
    for (const NamedEndpoint& endpoint : *where) chains.insert(endpoint.chain);
    if (!options.block.empty() && chains.size() > 1)
        return complain({ErrorCode::bad_input, fmt::format("--block {} is of one chain, but {} have an endpoint; give --rpc", options.block, chains.size()), model::Retry::never},
                        ExitCode::usage);

    const auto readings = read_now(*settings, std::move(*where), *block, *owners);
    if (!readings) {
        const bool no_such_block = !options.block.empty() && readings.error().code == ErrorCode::missing;
        return complain(readings.error(), no_such_block ? ExitCode::usage : exit_code_of(readings.error()));
    }
    std::vector<const ChainReading*> pointers;
    for (const ChainReading& reading : readings->chains) pointers.push_back(&reading);
    model::Portfolio portfolio;
    portfolio.name = "check";
    portfolio.owners = *owners;
    model::Snapshot snapshot = assemble(pointers, settings->assets, {portfolio});
    snapshot.troubles = readings->troubles;
    const model::Report report = risk::evaluate(snapshot, rules(), *market, settings->policy);
    if (options.json) fmt::print("{}\n", report_json(report));
    else fmt::print("{}", to_text(report.portfolios.front(), report, settings->policy));
    const ExitCode code = exit_code_of(report.portfolios.front().headline);
    const bool late = options.block.empty() && complain_of_late_heads(*settings, readings->chains);
    return late && code == ExitCode::ok ? ExitCode::unknown : code;
}

}  // namespace margind::daemon
