// A double of a chain and its operators: a tree of blocks in the process, and operators that stand somewhere on it and answer at
// once or fail on command. It proves what follows from the answers of operators, for any shape of the tree. It does not prove
// that a node, a connection or a decoder behaves like this: that is shown over Anvil and through the fault proxy.
#pragma once

#include "adapters/rpc/operator.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace margind::tests {

namespace asio = boost::asio;

/// Blocks by hash; grows only. Hashes count up, so two runs give the same.
class BlockTree {
public:
    using Header = adapters::rpc::BlockHeader;

    explicit BlockTree(model::ChainId chain, std::uint64_t first_number = 0, std::int64_t first_time = 1'700'000'000, std::int64_t block_time_s = 12)
        : block_time_s_(block_time_s) {
        root_.ref.chain = chain;
        root_.ref.number = first_number;
        root_.ref.time = first_time;
        root_.ref.hash = next_hash();
        blocks_.emplace(root_.ref.hash, root_);
    }

    const Header& root() const { return root_; }
    /// A new child; each call another.
    Header mine(const Header& parent) {
        Header child;
        child.ref.chain = parent.ref.chain;
        child.ref.number = parent.ref.number + 1;
        child.ref.time = parent.ref.time + block_time_s_;
        child.ref.hash = next_hash();
        child.parent = parent.ref.hash;
        blocks_.emplace(child.ref.hash, child);
        return child;
    }
    Header mine(Header parent, std::uint64_t count) {
        for (; count > 0; --count) parent = mine(parent);
        return parent;
    }
    const Header* find(const model::Bytes32& hash) const {
        const auto found = blocks_.find(hash);
        return found == blocks_.end() ? nullptr : &found->second;
    }
    /// The block of that number on the way from `tip` to the root; null above the tip and below the root.
    const Header* at(const Header& tip, std::uint64_t number) const {
        const Header* block = find(tip.ref.hash);
        while (block && block->ref.number > number) block = find(block->parent);
        return block && block->ref.number == number ? block : nullptr;
    }
    bool holds(const Header& tip, const Header& block) const {
        const Header* there = at(tip, block.ref.number);
        return there && there->ref.hash == block.ref.hash;
    }
    /// The highest block below both.
    const Header* fork(const Header& a, const Header& b) const {
        const Header* left = at(a, std::min(a.ref.number, b.ref.number));
        const Header* right = at(b, std::min(a.ref.number, b.ref.number));
        while (left && right && left != right) {
            left = find(left->parent);
            right = find(right->parent);
        }
        return left == right ? left : nullptr;
    }
    std::size_t size() const { return blocks_.size(); }

private:
    model::Bytes32 next_hash() {
        model::Bytes32 hash;
        std::uint64_t rest = ++count_;
        for (auto byte = hash.bytes.rbegin(); rest > 0; ++byte, rest >>= 8) *byte = static_cast<std::byte>(rest & 0xff);
        hash.bytes.front() = std::byte{0xb1};
        return hash;
    }

    std::int64_t block_time_s_;
    std::uint64_t count_ = 0;
    Header root_;
    std::map<model::Bytes32, Header> blocks_;
};

/// What tests change between (or during) its answers is public.
class SimulatedOperator : public adapters::rpc::Operator {
public:
    using Header = adapters::rpc::BlockHeader;
    using Readings = std::vector<adapters::AnyReading*>;

    /// `tree` must outlive it.
    SimulatedOperator(const BlockTree& tree, std::string name) : head(tree.root()), tree_(tree), name_(std::move(name)) {}

    /// Where it stands; only ancestors of it are its blocks by number, all blocks of the tree are known by hash.
    Header head;
    /// Every request fails with `unreachable`.
    bool dead = false;
    /// It can push heads.
    bool pushes = false;
    bool can_pin = true;
    /// Every answer takes this long.
    std::chrono::milliseconds delay{0};
    /// Changes what it says of a block.
    std::function<Header(Header)> forge;
    /// By the filter and the block's header; none: no logs.
    std::function<model::Result<std::vector<adapters::Log>>(const adapters::Logs&, const Header&)> serve_logs;
    /// Runs readings at a block; none: `upstream`.
    std::function<model::Result<void>(const Readings&, const model::BlockRef&)> serve_run;
    /// Answers, failures too, by kind.
    struct Counts {
        std::size_t latest = 0, by_number = 0, by_hash = 0, logs = 0, runs = 0;
    } counts;

    /// Stands there and says so, if it pushes and is followed.
    void push(const Header& block) {
        head = block;
        if (on_head_ && pushes && !dead) on_head_(told(block));
    }
    bool followed() const { return static_cast<bool>(on_head_); }

    const std::string& name() const override { return name_; }
    bool alive() const override { return !failed_; }
    std::string trouble() const override { return failed_ ? name_ + " (in process): dead on command" : std::string(); }
    std::optional<std::chrono::milliseconds> p95() const override { return std::nullopt; }
    bool pinned() const override { return can_pin; }

    asio::awaitable<model::Result<model::ChainId>> chain_id() override {
        const bool answers = co_await answer();
        if (!answers) co_return gone();
        co_return tree_.root().ref.chain;
    }
    asio::awaitable<model::Result<Header>> block_by_tag(adapters::rpc::BlockTag) override {
        ++counts.latest;
        const bool answers = co_await answer();
        if (!answers) co_return gone();
        co_return told(head);
    }
    asio::awaitable<model::Result<Header>> block_by_number(std::uint64_t number) override {
        ++counts.by_number;
        const bool answers = co_await answer();
        if (!answers) co_return gone();
        const Header* block = tree_.at(head, number);
        if (!block) co_return unknown_block();
        co_return told(*block);
    }
    asio::awaitable<model::Result<Header>> block_by_hash(model::Bytes32 hash) override {
        ++counts.by_hash;
        const bool answers = co_await answer();
        if (!answers) co_return gone();
        const Header* block = tree_.find(hash);
        if (!block) co_return unknown_block();
        co_return told(*block);
    }
    asio::awaitable<model::Result<std::vector<adapters::Log>>> logs_of_block(adapters::Logs filter, model::Bytes32 block) override {
        ++counts.logs;
        const bool answers = co_await answer();
        if (!answers) co_return gone();
        const Header* header = tree_.find(block);
        if (!header || !tree_.holds(head, *header)) co_return unknown_block();
        std::vector<adapters::Log> none;
        if (!serve_logs) co_return none;
        co_return serve_logs(filter, *header);
    }
    asio::awaitable<model::Result<std::vector<adapters::Log>>> logs(adapters::Logs filter) override {
        ++counts.logs;
        const bool answers = co_await answer();
        if (!answers) co_return gone();
        co_return logs_in_range(filter);
    }
    asio::awaitable<model::Result<void>> run(Readings readings, model::BlockRef block) override {
        ++counts.runs;
        const bool answers = co_await answer();
        if (!answers) co_return gone();
        const Header* header = tree_.find(block.hash);
        if (!header || !tree_.holds(head, *header)) co_return model::fail(model::ErrorCode::reorged, name_ + ": unknown block");
        if (!serve_run) co_return model::fail(model::ErrorCode::upstream, name_ + " serves no state");
        co_return serve_run(readings, block);
    }
    bool follow_heads(std::function<void(const Header&)> on_head) override {
        if (pushes) on_head_ = std::move(on_head);
        return pushes;
    }
    void stop() override { on_head_ = nullptr; }

private:
    Header told(const Header& block) const { return forge ? forge(block) : block; }
    tl::unexpected<model::Error> gone() const { return model::fail(model::ErrorCode::unreachable, trouble(), model::Retry::other_endpoint); }
    tl::unexpected<model::Error> unknown_block() const { return model::fail(model::ErrorCode::missing, name_ + ": unknown block"); }
    asio::awaitable<bool> answer() {
        if (delay.count() > 0) {
            asio::steady_timer timer(co_await asio::this_coro::executor, delay);
            co_await timer.async_wait(asio::use_awaitable);
        }
        failed_ = dead;
        co_return !failed_;
    }
    model::Result<std::vector<adapters::Log>> logs_in_range(const adapters::Logs& filter) const {
        std::vector<adapters::Log> found;
        const std::uint64_t last = std::min(filter.to_block, head.ref.number);
        for (std::uint64_t number = std::max(filter.from_block, tree_.root().ref.number); serve_logs && number <= last; ++number) {
            const auto some = serve_logs(filter, *tree_.at(head, number));
            if (!some) return model::fail(some.error());
            found.insert(found.end(), some->begin(), some->end());
        }
        return found;
    }

    const BlockTree& tree_;
    std::string name_;
    bool failed_ = false;
    std::function<void(const Header&)> on_head_;
};

}  // namespace margind::tests
