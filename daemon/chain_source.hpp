// What the monitor asks of one chain.
#pragma once

#include "daemon/assemble.hpp"
#include "risk/model/result.hpp"

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <vector>

namespace margind::daemon {

namespace asio = boost::asio;

struct Head {
    model::BlockRef block;
    model::Bytes32 parent;
};

struct ReadOptions {
    /// Venue configurations are read anew instead of from the cache.
    bool fresh_config = false;
    /// Accounts at WARN or worse: two operators bear them out at every block.
    std::set<model::AccountKey> close;
};

/// On the io thread. Every call has its own deadline.
class ChainSource {
public:
    virtual ~ChainSource() = default;
    /// The head that is accepted at present.
    virtual asio::awaitable<model::Result<Head>> head() = 0;
    /// When that head was last confirmed by those that it takes, on the steady clock; null: by each head() that succeeds.
    virtual std::optional<std::chrono::steady_clock::time_point> confirmed() const { return std::nullopt; }
    /// Resumes when head() or troubles() may answer otherwise than before, and after `longest` at the latest.
    virtual asio::awaitable<void> wait(std::chrono::milliseconds longest) = 0;
    /// The canonical block of that height; empty when the chain is shorter.
    virtual asio::awaitable<model::Result<std::optional<Head>>> block_at(std::uint64_t number) = 0;
    /// Everything that is configured for the chain, and these owners' accounts, at one block. What fails alone is in the
    /// reading with its reason; an error means that nothing could be read.
    virtual asio::awaitable<model::Result<ChainReading>> read(model::BlockRef block, std::vector<model::Address> owners, ReadOptions options) = 0;
    /// Without a chain: every owner unknown at every venue, for the given reason.
    virtual ChainReading unread(const std::vector<model::Address>& owners, const std::string& reason) const = 0;
    /// single_source and disputed, as they stand now; stale is the monitor's to tell.
    virtual std::vector<model::SourceTrouble> troubles() const = 0;
};

}  // namespace margind::daemon
