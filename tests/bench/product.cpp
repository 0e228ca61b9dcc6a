// Reads block after block as the monitor does.
#include "tests/bench/product.hpp"

#include "risk/account.hpp"
#include "tests/support/daemon_process.hpp"

#include <boost/asio/co_spawn.hpp>

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <utility>

namespace margind::tests::bench {
namespace {

template <class T>
T need(model::Result<T> result) {
    if (!result) throw std::runtime_error(result.error().message);
    return std::move(*result);
}

template <class Task, class... Done>
void finish(boost::asio::io_context& io, Task task, Done... take) {
    bool done = false;
    boost::asio::co_spawn(io, std::move(task), [&](std::exception_ptr error, auto... value) {
        if (error) std::rethrow_exception(error);
        (take(std::move(value)), ...);
        done = true;
    });
    io.restart();
    while (!done) io.run_one();
}

}  // namespace

Product::Product(const ChainProcess& chain, const std::vector<model::Address>& owners, std::size_t operators) {
    ConfigOptions options;
    options.perp = false;
    for (const model::Address& owner : owners) options.owners.push_back(owner.to_string());
    settings_ = config::parse(config_text(chain, options), "bench.toml").value();
    const model::ChainId id = chain.head().chain;
    std::vector<adapters::rpc::OperatorOptions> all(operators);
    for (std::size_t i = 0; i < operators; ++i) {
        all[i].name = "operator-" + std::to_string(i + 1);
        all[i].chain = id;
        all[i].endpoints.resize(1);
        all[i].endpoints[0].endpoint = need(adapters::rpc::Endpoint::parse(chain.rpc_url()));
    }
    chain_ = need(daemon::WatchedChain::make(io_.get_executor(), http_, settings_, id, std::move(all), nullptr));
}

Product::~Product() { finish(io_, chain_->stop()); }

void Product::accept_head() { finish(io_, chain_->heads().ask_once()); }

std::size_t Product::read() {
    const model::BlockRef block = need(chain_->heads().head()).ref;
    std::optional<model::Result<daemon::ChainReading>> read;
    finish(io_, chain_->reader().read(block, settings_.portfolios.front().owners, {}),
           [&](model::Result<daemon::ChainReading> result) { read.emplace(std::move(result)); });
    const daemon::ChainReading reading = need(std::move(*read));
    std::size_t anew = 0;
    for (const model::MarginAccount& account : reading.accounts) {
        if (!account.facts) throw std::runtime_error("an account could not be read: " + account.reason);
        const auto prepared = need(daemon::rules()(account.key.venue.protocol)->prepare(*reading.venues.front().facts, *account.facts, settings_.assets));
        const std::string differs = risk::difference(account.views, need(prepared->native(prepared->current())));
        if (!differs.empty()) throw std::runtime_error("an account differs from the pool: " + differs);
        if (account.read_at == block) ++anew;
    }
    return anew;
}

}  // namespace margind::tests::bench
