// One chain through several operators: everything that is configured for it at one block, as two of them agree on it.
#pragma once

#include "daemon/block_reader.hpp"
#include "daemon/packages.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace margind::daemon {

/// References must outlive the reader, and so must the operators, in the order of the configuration; `metrics` may be null.
struct ChainReaderParts {
    asio::any_io_executor executor;
    const config::Settings& settings;
    model::ChainId chain;
    std::vector<adapters::rpc::Operator*> operators;
    Heads& heads;
    Metrics* metrics = nullptr;
    /// For feeds of signed packages; null: they are without.
    adapters::rpc::HttpClient* http = nullptr;
    /// Null: venues that need a search are unknown.
    Searcher* searcher = nullptr;
};

/// Of the owners of the settings' portfolios it carries forward what it knows from one block to the next, one reading at a time;
/// any other reading, also beside that one, starts cold and leaves nothing behind but what it says of operators. Stop the operators
/// and let the loop run dry before it goes: answers that came too late to count still end on it.
class ChainReader : public ChainSource {
public:
    ChainReader(ChainReaderParts parts, Adapters venues);
    /// With the venues of the settings; fails as make_adapters does.
    static model::Result<std::unique_ptr<ChainReader>> make(ChainReaderParts parts);

    asio::awaitable<model::Result<Head>> head() override;
    std::optional<Steady::time_point> confirmed() const override { return parts_.heads.confirmed(); }
    asio::awaitable<void> wait(std::chrono::milliseconds longest) override;
    asio::awaitable<model::Result<std::optional<Head>>> block_at(std::uint64_t number) override;
    asio::awaitable<model::Result<ChainReading>> read(model::BlockRef block, std::vector<model::Address> owners, ReadOptions options) override;
    ChainReading unread(const std::vector<model::Address>& owners, const std::string& reason) const override;
    std::vector<model::SourceTrouble> troubles() const override;

    /// Nothing to read here.
    bool has_no_venue() const { return scope_->venues.empty(); }

private:
    ChainReaderParts parts_;
    std::shared_ptr<const Scope> scope_;
    std::unique_ptr<Packages> packages_;
    Panel panel_;
    Disputes disputes_;
    ReadingParts reading_parts_;
    /// Of the portfolios, sorted.
    std::shared_ptr<const std::vector<model::Address>> owners_;
    Known known_;
    /// A reading that carries forward is under way.
    bool carrying_ = false;
    /// Heads::version() that wait() has told.
    std::uint64_t seen_ = 0;
    /// Of the last reading: why one operator alone was heard, though more are configured.
    std::string alone_;
};

}  // namespace margind::daemon
