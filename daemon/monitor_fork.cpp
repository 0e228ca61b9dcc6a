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

const model::BlockRef* block_of(const model::Memory& memory, model::ChainId chain) {
    for (const model::BlockRef& block : memory.blocks)
        if (block.chain == chain && block.number > 0) return &block;
    return nullptr;
}

}  // namespace

asio::awaitable<Result<bool>> Monitor::is_canonical(Watched& chain, const model::BlockRef& block) {
    if (chain.head && block.number > chain.head->block.number) co_return false;
    const std::uint64_t number = block.number;
    const model::Bytes32 hash = block.hash;
    const auto found = co_await chain.source->block_at(number);
    if (!found) co_return model::fail(found.error());
    co_return found->has_value() && (*found)->block.hash == hash;
}

// At a new head: whether the block that was evaluated before is no longer below it.
asio::awaitable<Result<bool>> Monitor::was_orphaned(Watched& chain, const model::BlockRef& block) {
    if (chain.head->block.hash == block.hash || chain.head->parent == block.hash) co_return false;
    const auto canonical = co_await is_canonical(chain, block);
    if (!canonical) co_return model::fail(canonical.error());
    co_return !*canonical;
}

void Monitor::postpone(Watched& chain, const model::Error& error) {
    parts_.metrics.read_failed(chain.status.id, error.code);
    chain.set_read_error(error.message);
    chain.head.reset();
}

// A chain that cannot be asked keeps its last state, and the others go on.
asio::awaitable<Monitor::Ground> Monitor::find_ground() {
    Ground ground;
    ground.memory = memory_;
    for (const std::unique_ptr<Watched>& chain : chains_) {
        if (!chain->head || !chain->last) continue;
        const model::BlockRef last = *chain->last;
        const auto orphaned = co_await was_orphaned(*chain, last);
        if (!orphaned) {
            postpone(*chain, orphaned.error());
            continue;
        }
        if (!*orphaned) continue;
        if (!block_of(*ground.memory, chain->status.id)) {
            // The last evaluation did not stand on this chain: only what is known to be orphaned is.
            storage::Orphaned last_block;
            last_block.chain = chain->status.id;
            last_block.above = last.number - 1;
            ground.orphaned.push_back(last_block);
            continue;
        }
        const auto at_fork = co_await memory_at_fork(*chain, ground.memory);
        if (!at_fork) {
            postpone(*chain, at_fork.error());
            continue;
        }
        storage::Orphaned above;
        above.chain = chain->status.id;
        if (const model::BlockRef* fork = block_of(**at_fork, chain->status.id)) above.above = fork->number;
        ground.orphaned.push_back(above);
        ground.memory = *at_fork;
    }
    if (ground.orphaned.empty()) co_return ground;
    model::StepResult taken_back = risk::retract(*ground.memory, *memory_);
    ground.memory = std::make_shared<const model::Memory>(std::move(taken_back.memory));
    ground.events = std::move(taken_back.events);
    co_return ground;
}

// The newest memory at or before `from`, which has a block of the chain, whose block of the chain is canonical; empty when none is left.
asio::awaitable<Result<MemoryPtr>> Monitor::memory_at_fork(Watched& chain, MemoryPtr from) {
    std::uint64_t below = block_of(*from, chain.status.id)->number;
    // A copy: the deque is the same after every await, but nothing else has to know that.
    const std::vector<MemoryPtr> recent(recent_.rbegin(), recent_.rend());
    for (const MemoryPtr& memory : recent) {
        const model::BlockRef* block = block_of(*memory, chain.status.id);
        if (!block) co_return memory;
        if (block->number >= below) continue;
        below = block->number;
        const auto canonical = co_await is_canonical(chain, *block);
        if (!canonical) co_return model::fail(canonical.error());
        if (*canonical) co_return memory;
    }
    while (parts_.history && below > 0) {
        const std::uint64_t number = below - 1;
        auto ask = [history = parts_.history, id = chain.status.id, number] { return history->memory_at(id, number); };
        const auto text = co_await run_blocking(parts_.pool, std::move(ask));
        if (!text) co_return model::fail(text.error());
        if (!*text) break;
        auto parsed = memory_of(**text);
        if (!parsed) co_return model::fail(parsed.error());
        const MemoryPtr memory = std::make_shared<const model::Memory>(std::move(*parsed));
        const model::BlockRef* block = block_of(*memory, chain.status.id);
        if (!block) co_return memory;
        below = block->number;
        const auto canonical = co_await is_canonical(chain, *block);
        if (!canonical) co_return model::fail(canonical.error());
        if (*canonical) co_return memory;
    }
    co_return std::make_shared<const model::Memory>();
}

}  // namespace margind::daemon
