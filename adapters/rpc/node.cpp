// One endpoint of an operator: its client, what was learned about it, and whether it is worth asking.
#include "adapters/rpc/node.hpp"

#include "risk/model/keccak.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include <utility>

namespace margind::adapters::rpc {

namespace {

using model::ErrorCode;
using model::Retry;
using Clock = std::chrono::steady_clock;

/// A reference to a block that no chain has: by the hash of a text.
model::BlockRef nobodys_block(model::BlockRef block) {
    block.hash = model::keccak256("margind: no block has this hash");
    return block;
}

/// Lets the waiters go however the check ends.
class Checking {
public:
    Checking(bool& flag, asio::steady_timer& done) : flag_(flag), done_(done) {
        flag_ = true;
        done_.expires_at(Clock::time_point::max());
    }
    ~Checking() {
        flag_ = false;
        done_.cancel();
    }
    Checking(const Checking&) = delete;
    Checking& operator=(const Checking&) = delete;

private:
    bool& flag_;
    asio::steady_timer& done_;
};

}  // namespace

Node::Node(const asio::any_io_executor& executor, HttpClient& http, const OperatorOptions& options, const EndpointOptions& own)
    : chain_(options.chain),
      client_(http, own.endpoint, options.limits, own.budget),
      rounds_(client_, options.rounds),
      probed_(options.rounds.multicall),
      shown_(fmt::format("{} ({})", options.name, own.endpoint.shown())),
      checked_(executor) {}

model::Error Node::named(model::Error error) const {
    const std::string plain = client_.endpoint().shown() + ": ";
    if (error.message.starts_with(plain)) error.message.replace(0, plain.size(), shown_ + ": ");
    else if (!error.message.starts_with(shown_)) error.message.insert(0, shown_ + ": ");
    return error;
}

asio::awaitable<model::Result<void>> Node::prepare(Deadline total) {
    while (checking_ && !health_.checked() && !health_.dead()) {
        boost::system::error_code ignored;
        co_await checked_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
    if (health_.checked()) co_return model::Result<void>();
    if (health_.dead()) co_return model::fail(ErrorCode::unreachable, health_.trouble(), Retry::other_endpoint);
    JsonRpcClient rpc = client_.within(total);
    co_return co_await check_chain(rpc);
}

asio::awaitable<model::Result<void>> Node::check_chain(JsonRpcClient& rpc) {
    const Checking checking(checking_, checked_);
    const Clock::time_point start = Clock::now();
    const auto served = co_await chain_id(rpc);
    std::optional<model::Error> error;
    if (!served)
        error = named(of_little(served.error()));
    else if (*served != chain_)
        error = model::Error{ErrorCode::wrong_chain,
                             fmt::format("{}: serves chain {}, the configuration says chain {}; correct the endpoint", shown_,
                                         served->value, chain_.value),
                             Retry::other_endpoint};
    health_.note_check(error ? &*error : nullptr, Clock::now() - start, Clock::now());
    if (error) co_return model::fail(std::move(*error));
    co_return model::Result<void>();
}

asio::awaitable<model::Result<void>> Node::run(std::vector<AnyReading*> readings, model::BlockRef block, Deadline total) {
    JsonRpcClient rpc = client_.within(total);
    if (!pin_by_ || (*pin_by_ == PinBy::number && ++runs_by_number_ >= LearnedSize::patience)) {
        const auto learned = co_await learn_pinning(rpc, block);
        if (!learned) co_return model::fail(learned.error());
        pin_by_ = *learned;
        runs_by_number_ = 0;
    }
    if (*pin_by_ == PinBy::hash) {
        auto done = co_await rounds_.run_within(std::move(readings), std::move(block), PinBy::hash, rpc);
        co_return done;
    }
    auto same = co_await check_number(rpc, block);
    if (!same) co_return same;
    auto done = co_await rounds_.run_within(std::move(readings), block, PinBy::number, rpc);
    if (!done) co_return done;
    auto still = co_await check_number(rpc, std::move(block));
    co_return still;
}

asio::awaitable<model::Result<PinBy>> Node::learn_pinning(JsonRpcClient& rpc, model::BlockRef block) {
    const Request request = Code{probed_};
    const Pin wrong(nobodys_block(block));
    const auto answered = co_await state_at(rpc, request, wrong);
    if (answered) co_return PinBy::number;
    if (answered.error().code == ErrorCode::reorged) co_return PinBy::hash;
    if (answered.error().code != ErrorCode::upstream) co_return model::fail(answered.error());
    // Refused, but not in words that are known: for the wrong hash, or for any hash?
    const Pin right(block);
    const auto known = co_await state_at(rpc, request, right);
    if (known) co_return PinBy::hash;
    if (known.error().code != ErrorCode::upstream) co_return model::fail(known.error());
    co_return PinBy::number;
}

asio::awaitable<model::Result<void>> Node::check_number(JsonRpcClient& rpc, model::BlockRef block) {
    const auto there = co_await block_by_number(rpc, chain_, block.number, &header_check_);
    unpinned_ = !there && there.error().code == ErrorCode::upstream;
    if (!there) co_return model::fail(of_pinned(block, client_.endpoint().shown(), there.error()));
    if (there->ref.hash != block.hash)
        co_return model::fail(ErrorCode::reorged,
                              fmt::format("{}: block {} is {}, not {}", client_.endpoint().shown(), block.number, there->ref.hash.to_string(),
                                          block.hash.to_string()),
                              Retry::later);
    co_return model::Result<void>();
}

asio::awaitable<model::Result<void>> Node::probe(Deadline total) {
    JsonRpcClient rpc = client_.within(total);
    auto right = co_await check_chain(rpc);
    if (!right) co_return right;
    const auto head = co_await block_by_tag(rpc, chain_, BlockTag::latest, &header_check_);
    if (!head) {
        const model::Error error = named(of_little(head.error()));
        health_.note_check(&error, Clock::duration::zero(), Clock::now());
        co_return model::fail(error);
    }
    health_.revive();
    pin_by_.reset();
    co_return model::Result<void>();
}

}  // namespace margind::adapters::rpc
