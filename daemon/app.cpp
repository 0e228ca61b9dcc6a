// The composition root: every part of a running daemon, made and joined in one place.
#include "daemon/app.hpp"

#include "adapters/rpc/spawn.hpp"
#include "daemon/complain.hpp"
#include "daemon/endpoints.hpp"
#include "daemon/http_server.hpp"
#include "daemon/log_value.hpp"
#include "daemon/monitor.hpp"
#include "daemon/outbox.hpp"
#include "daemon/routes.hpp"
#include "daemon/version.hpp"
#include "daemon/watched_chain.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <future>
#include <memory>
#include <thread>

namespace margind::daemon {
namespace {

using model::ErrorCode;
using model::Result;
using OnDemand = Result<std::shared_ptr<const Evaluation>>;
using Sources = std::map<model::ChainId, std::unique_ptr<ChainSource>>;
using Chains = std::map<model::ChainId, std::unique_ptr<WatchedChain>>;

constexpr std::chrono::seconds stop_patience{5};
constexpr std::chrono::seconds on_demand_deadline{15};
/// Of one evaluation: a thousand accounts take two of them a tenth of a second.
constexpr unsigned most_threads = 4;

std::string what(const std::exception_ptr& error) {
    try {
        std::rethrow_exception(error);
    } catch (const std::exception& e) {
        return e.what();
    }
}

// One per chain that has an endpoint and a venue.
Result<Chains> make_chains(const config::Settings& settings, asio::any_io_executor executor, adapters::rpc::HttpClient& http, Metrics& metrics,
                           const SearchStore& store) {
    Chains chains;
    const auto endpoints = endpoints_of(settings);
    if (!endpoints) return model::fail(endpoints.error());
    for (const NamedEndpoint& endpoint : *endpoints) {
        const model::ChainId id = *endpoint.chain;
        if (chains.contains(id)) continue;
        auto chain = WatchedChain::make(executor, http, settings, id, operators_of(*endpoints, id), &metrics, store);
        if (!chain) return model::fail(chain.error());
        if (!(*chain)->reader().has_no_venue()) chains.emplace(id, std::move(*chain));
    }
    if (chains.empty()) return model::fail(ErrorCode::bad_input, "no chain has both an endpoint and a venue; add an [[endpoint]]");
    return chains;
}

asio::awaitable<void> check_chain(WatchedChain& chain, std::optional<model::Error>& failure) {
    const auto right = co_await chain.check_chain();
    if (!right) failure = right.error();
}

// At once: nothing is served before the last has answered.
asio::awaitable<void> check_chains(const Chains& chains, std::optional<model::Error>& failure) {
    std::vector<asio::awaitable<void>> checks;
    for (const auto& [id, chain] : chains) checks.push_back(check_chain(*chain, failure));
    co_await adapters::rpc::join_all(std::move(checks));
}

asio::awaitable<void> stop_all(const Chains& chains, Outbox& outbox) {
    std::vector<asio::awaitable<void>> ends;
    for (const auto& [id, chain] : chains) ends.push_back(chain->stop());
    ends.push_back(outbox.stop());
    co_await adapters::rpc::join_all(std::move(ends));
}

asio::awaitable<void> read_into(Monitor& monitor, model::ChainId chain, model::Address owner, std::shared_ptr<std::promise<OnDemand>> promise) {
    auto evaluation = co_await monitor.read_address(chain, owner);
    promise->set_value(std::move(evaluation));
}

// From an HTTP thread to the io thread and back, with a deadline.
ReadAddress bridge(asio::any_io_executor executor, Monitor& monitor) {
    return [executor, &monitor](model::ChainId chain, const model::Address& owner) -> OnDemand {
        auto promise = std::make_shared<std::promise<OnDemand>>();
        auto answer = promise->get_future();
        asio::post(executor, [executor, &monitor, chain, owner, promise] {
            adapters::rpc::spawn(executor, read_into(monitor, chain, owner, promise), [promise](std::exception_ptr error) {
                if (error) promise->set_exception(error);
            });
        });
        if (answer.wait_for(on_demand_deadline) != std::future_status::ready)
            return model::fail(ErrorCode::unreachable, fmt::format("reading {} on chain {} took longer than {} s; ask again later", owner.to_string(),
                                                                   chain.value, on_demand_deadline.count()));
        return answer.get();
    };
}

// Ends in order: no new blocks, what is committed is sent, then the loop. The timer cuts it short.
class Shutdown {
public:
    Shutdown(asio::io_context& io, Monitor& monitor, const Chains& chains, Outbox& outbox)
        : io_(io), monitor_(monitor), chains_(chains), outbox_(outbox), timer_(io) {}

    void begin(const char* why) {
        if (begun_) return;
        begun_ = true;
        spdlog::info("event=stopping reason={}", why);
        monitor_.stop();
        timer_.expires_after(stop_patience);
        timer_.async_wait([this](const boost::system::error_code& cancelled) {
            if (cancelled) return;
            spdlog::warn("event=stop_cut_short after_s={}", stop_patience.count());
            io_.stop();
        });
    }

    void monitor_ended(std::exception_ptr error) {
        if (error) {
            spdlog::critical("event=monitor_failed error={}", log_value(what(error)));
            code_ = ExitCode::internal;
        }
        begin("monitor_ended");
        adapters::rpc::spawn(io_.get_executor(), stop_all(chains_, outbox_), [this](std::exception_ptr failed) {
            if (failed) spdlog::error("event=stop_failed error={}", log_value(what(failed)));
            timer_.cancel();
            io_.stop();
        });
    }

    ExitCode code() const { return code_; }

private:
    asio::io_context& io_;
    Monitor& monitor_;
    const Chains& chains_;
    Outbox& outbox_;
    asio::steady_timer timer_;
    bool begun_ = false;
    ExitCode code_ = ExitCode::ok;
};

}  // namespace

ExitCode run_app(const config::Settings& settings, const model::Market& market) {
    if (settings.portfolios.empty())
        return complain({ErrorCode::bad_input, "nothing to watch: the configuration has no [[portfolio]]", model::Retry::never}, ExitCode::config);

    // Destroyed in reverse: the loop outlives all that waits on it.
    asio::io_context io(1);
    asio::thread_pool pool(2);
    Metrics metrics;
    PublishedState published;
    const Clocks clocks = system_clocks();

    std::unique_ptr<storage::History> history;
    if (!settings.storage.empty()) {
        auto opened = storage::open_sqlite(settings.storage, {.keep_full_days = settings.keep_full_days});
        if (!opened) return complain(opened.error(), ExitCode::config);
        history = std::move(*opened);
    }
    adapters::rpc::HttpClient http(io.get_executor(), adapters::rpc::HttpOptions{});
    auto chains = make_chains(settings, io.get_executor(), http, metrics, SearchStore{pool.get_executor(), history.get()});
    if (!chains) return complain(chains.error(), ExitCode::config);
    auto sinks = make_sinks(settings.sinks, http);
    if (!sinks) return complain(sinks.error(), ExitCode::config);

    std::optional<model::Error> wrong_chain;
    std::exception_ptr check_failed;
    adapters::rpc::spawn(io.get_executor(), check_chains(*chains, wrong_chain), [&](std::exception_ptr error) {
        check_failed = error;
        io.stop();
    });
    io.run();
    io.restart();
    if (check_failed) std::rethrow_exception(check_failed);
    if (wrong_chain) return complain(*wrong_chain, ExitCode::config);

    Sources sources;
    for (const auto& [id, chain] : *chains) sources.emplace(id, chain->hand_out_reader());
    Outbox outbox(io.get_executor(), pool.get_executor(), history.get(), std::move(*sinks), metrics);
    const unsigned threads = std::clamp(std::thread::hardware_concurrency(), 1U, most_threads);
    Monitor monitor({io.get_executor(), pool.get_executor(), settings, market, rules(), history.get(), published, outbox, metrics, clocks, threads},
                    std::move(sources));
    if (const auto resumed = monitor.resume(); !resumed) return complain(resumed.error(), ExitCode::config);

    Routes routes({published, history.get(), metrics, clocks, market, settings.policy, settings.portfolios, bridge(io.get_executor(), monitor)});
    HttpServer server(HttpLimits{}, AllowList{settings.http.allowed_hosts, settings.http.allowed_origins});
    routes.add_to(server.server());
    const auto port = server.listen(settings.http.host, settings.http.port);
    if (!port) return complain(port.error(), ExitCode::config);
    spdlog::info("event=started version={} url=http://{}:{} chains={} portfolios={}", version(), settings.http.host, *port, chains->size(),
                 settings.portfolios.size());

    Shutdown shutdown(io, monitor, *chains, outbox);
    asio::signal_set signals(io, SIGINT, SIGTERM);
    signals.async_wait([&shutdown](const boost::system::error_code& error, int signal) {
        if (!error) shutdown.begin(signal == SIGINT ? "SIGINT" : "SIGTERM");
    });
    outbox.start();
    for (const auto& [id, chain] : *chains) chain->start();
    adapters::rpc::spawn(io.get_executor(), monitor.run(), [&shutdown](std::exception_ptr error) { shutdown.monitor_ended(error); });
    io.run();

    const bool served = server.stop(std::chrono::seconds(2));
    pool.join();
    spdlog::info("event=stopped");
    if (!served) {
        // A client that drips bytes holds a thread that uses what would be destroyed here.
        spdlog::warn("event=http_clients_cut_off");
        history.reset();
        spdlog::shutdown();
        static_cast<void>(std::fflush(nullptr));
        std::_Exit(static_cast<int>(shutdown.code()));
    }
    return shutdown.code();
}

}  // namespace margind::daemon
