// The way back after a reorganisation: the last memory that stands on blocks of the chain as it is.
#include "daemon/monitor_chain.hpp"
#include "daemon/stored.hpp"

#include "adapters/rpc/spawn.hpp"

#include <algorithm>

namespace margind::daemon {
namespace {

using adapters::rpc::run_blocking;
using model::Result;
using MemoryPtr = std::shared_ptr<const model::Memory>;
using Limits = std::map<model::ChainId, std::uint64_t>;

const model::BlockRef* block_of(const std::vector<model::BlockRef>& blocks, model::ChainId chain) {
    for (const model::BlockRef& block : blocks)
        if (block.chain == chain && block.number > 0) return &block;
    return nullptr;
}

bool stands(const std::vector<model::BlockRef>& blocks, const Limits& limits) {
    return std::all_of(limits.begin(), limits.end(), [&](const auto& limit) {
        const model::BlockRef* block = block_of(blocks, limit.first);
        return !block || block->number <= limit.second;
    });
}

}  // namespace

asio::awaitable<Result<bool>> Monitor::is_canonical(Watched& chain, const Head& head, const model::BlockRef& block) {
    if (block.hash == head.block.hash || block.hash == head.parent) co_return true;
    if (block.number >= head.block.number) co_return false;
    const std::uint64_t number = block.number;
    const model::Bytes32 hash = block.hash;
    const auto found = co_await chain.source->block_at(number);
    if (!found) co_return model::fail(found.error());
    co_return found->has_value() && (*found)->block.hash == hash;
}

asio::awaitable<Result<std::optional<model::BlockRef>>> Monitor::evaluated_at(Watched& chain, std::uint64_t number) {
    std::optional<model::BlockRef> found;
    for (auto memory = recent_.rbegin(); memory != recent_.rend() && !found; ++memory) {
        const model::BlockRef* block = block_of((*memory)->blocks, chain.status.id);
        if (block && block->number <= number) found = *block;
    }
    if (found || !parts_.history) co_return found;
    auto ask = [history = parts_.history, id = chain.status.id, number] { return history->block_at(id, number); };
    auto stored = co_await run_blocking(parts_.pool, std::move(ask));
    co_return stored;
}

// Along one branch canonical blocks come first, so the steps back double until one is met, and then it is bisection: the number of
// questions grows with the logarithm of the depth.
asio::awaitable<Result<std::optional<std::uint64_t>>> Monitor::shared_below(Watched& chain, Head head) {
    const model::BlockRef last = *chain.last;
    const auto stays = co_await is_canonical(chain, head, last);
    if (!stays) co_return model::fail(stays.error());
    if (*stays) co_return std::optional<std::uint64_t>();
    // Nothing evaluated above `low` and at or below `shared` is left to ask; what is at `high` or above is gone.
    std::uint64_t shared = 0;
    std::uint64_t low = 0;
    std::uint64_t high = last.number;
    bool met = false;
    for (std::uint64_t step = 1; high > low + 1; step *= 2) {
        std::uint64_t at = low + (high - low) / 2;
        if (!met) at = high > step ? high - step : 0;
        const auto block = co_await evaluated_at(chain, at);
        if (!block) co_return model::fail(block.error());
        if (!*block || (*block)->number <= low) {
            low = at;
            met = true;
            continue;
        }
        const model::BlockRef asked = **block;
        const auto canonical = co_await is_canonical(chain, head, asked);
        if (!canonical) co_return model::fail(canonical.error());
        if (*canonical) {
            shared = asked.number;
            low = at;
            met = true;
        } else {
            high = asked.number;
        }
    }
    co_return std::optional<std::uint64_t>(shared);
}

// A chain whose ground cannot be found is read again later; the others go on.
asio::awaitable<Monitor::Ground> Monitor::find_ground(std::vector<Watched*>& taken) {
    Ground ground;
    ground.memory = memory_;
    Limits limits;
    for (const Watched* chain : taken)
        if (chain->fresh->shared) limits.emplace(chain->status.id, *chain->fresh->shared);
    if (limits.empty()) co_return ground;
    const auto found = co_await memory_within(limits);
    if (!found) {
        for (Watched* chain : taken) {
            if (!chain->fresh->shared) continue;
            parts_.metrics.read_failed(chain->status.id, found.error().code);
            chain->set_read_error(found.error().message);
            release(*chain);
        }
        std::erase_if(taken, [](const Watched* chain) { return !chain->fresh; });
        co_return ground;
    }
    for (const auto& [id, above] : limits) {
        storage::Orphaned orphaned;
        orphaned.chain = id;
        orphaned.above = above;
        ground.orphaned.push_back(orphaned);
    }
    model::StepResult taken_back = risk::retract(**found, *memory_);
    ground.memory = std::make_shared<const model::Memory>(std::move(taken_back.memory));
    ground.events = std::move(taken_back.events);
    co_return ground;
}

asio::awaitable<Result<MemoryPtr>> Monitor::memory_within(std::map<model::ChainId, std::uint64_t> limits) {
    if (stands(memory_->blocks, limits)) co_return memory_;
    for (auto memory = recent_.rbegin(); memory != recent_.rend(); ++memory)
        if (stands((*memory)->blocks, limits)) co_return *memory;
    // The newest within one chain's limit is within all of them for the chain that goes back furthest.
    for (const auto& [chain, number] : limits) {
        if (!parts_.history) break;
        auto ask = [history = parts_.history, id = chain, at = number] { return history->memory_at(id, at); };
        const auto text = co_await run_blocking(parts_.pool, std::move(ask));
        if (!text) co_return model::fail(text.error());
        if (!*text || !stands((*text)->blocks, limits)) continue;
        auto parsed = memory_of(**text);
        if (!parsed) co_return model::fail(parsed.error());
        co_return std::make_shared<const model::Memory>(std::move(*parsed));
    }
    co_return std::make_shared<const model::Memory>();
}

}  // namespace margind::daemon
