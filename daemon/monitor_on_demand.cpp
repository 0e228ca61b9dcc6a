// One address at the head of a chain, for who asks, without memory.
#include "daemon/monitor_chain.hpp"

#include "adapters/rpc/spawn.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace margind::daemon {

using adapters::rpc::run_blocking;
using model::ErrorCode;
using model::Result;

asio::awaitable<Result<std::shared_ptr<const Evaluation>>> Monitor::read_address(model::ChainId chain, model::Address owner) {
    const auto found = std::find_if(chains_.begin(), chains_.end(), [&](const std::unique_ptr<Watched>& w) { return w->status.id == chain; });
    if (found == chains_.end()) co_return model::fail(ErrorCode::missing, fmt::format("chain {} is not watched", chain.value));
    ChainSource& source = *(*found)->source;
    const auto head = co_await source.head();
    if (!head) co_return model::fail(head.error());
    model::BlockRef block = head->block;
    std::vector<model::Address> owners(1, owner);
    ReadOptions options;
    const auto reading = co_await source.read(std::move(block), std::move(owners), std::move(options));
    if (!reading) co_return model::fail(reading.error());
    std::vector<const ChainReading*> readings(1, &*reading);
    model::Portfolio portfolio;
    portfolio.name = owner.to_string();
    portfolio.owners.push_back(owner);
    std::vector<model::Portfolio> portfolios(1, portfolio);
    auto evaluation = std::make_shared<Evaluation>();
    auto snapshot = std::make_shared<model::Snapshot>(assemble(readings, parts_.settings.assets, std::move(portfolios)));
    snapshot->troubles = (*found)->status.troubles;
    evaluation->snapshot = std::move(snapshot);
    evaluation->market = market_.at(evaluation->snapshot->time);
    auto work = [this, read = evaluation->snapshot, market = evaluation->market] {
        return std::make_shared<const model::Report>(risk::evaluate(*read, parts_.rules, *market, parts_.settings.policy, parts_.threads));
    };
    evaluation->report = co_await run_blocking(parts_.pool, std::move(work));
    co_return std::shared_ptr<const Evaluation>(evaluation);
}

}  // namespace margind::daemon
