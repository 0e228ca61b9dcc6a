// The searches of one chain, beside its readings: from the first block that a venue can have to just below the head.
#pragma once

#include "daemon/heads.hpp"
#include "daemon/panel.hpp"
#include "daemon/search.hpp"
#include "storage/history.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace margind::daemon {

/// References must outlive the searcher. `history` null: a search begins anew with each run.
struct SearcherParts {
    asio::any_io_executor executor;
    model::ChainId chain;
    std::vector<adapters::rpc::Operator*> operators;
    Heads& heads;
    std::chrono::milliseconds block_time{12'000};
    /// Where the database is asked.
    asio::any_io_executor pool;
    storage::History* history = nullptr;
};

/// Ranges are asked of two operators and their union counts; what one alone said is asked again when two answer. On the io thread.
class Searcher {
public:
    /// What was found of a search, and the place up to which it was.
    struct Offer {
        SearchState state;
        std::optional<SearchPoint> point;
    };
    /// Over everything that is wanted, in blocks.
    struct Progress {
        std::uint64_t done = 0;
        std::uint64_t all = 0;
    };

    explicit Searcher(SearcherParts parts);
    Searcher(const Searcher&) = delete;
    Searcher& operator=(const Searcher&) = delete;

    /// To be brought to the head. One that is not lasting is given up when nobody has asked for it for ten minutes.
    void want(const std::vector<WantedSearch>& searches);
    /// Empty before what an earlier run knew of it was read.
    std::optional<Offer> offer(const model::Bytes32& id) const;
    /// The place is on another branch than the head: to be searched again from below.
    void doubt(const model::Bytes32& id);
    /// A reading has carried it on to `block`, over a branch that left the one before at `fork`.
    void carry(const WantedSearch& search, const SearchState& state, const model::BlockRef& block, std::uint64_t fork);
    /// Why nothing goes on; empty when it does.
    const std::string& trouble() const { return trouble_; }

    /// Until stop().
    asio::awaitable<void> run();
    /// Something is wanted that lies further below the head than a reading reaches by itself.
    bool waited_for() const;
    /// Until all that is wanted is just below the present head, or nothing has gone on for half a minute.
    asio::awaitable<void> finish(std::function<void(const Progress&)> tell);
    /// Ends run(), after the operators have been stopped.
    asio::awaitable<void> stop();

private:
    struct Entry {
        WantedSearch wanted;
        SearchState state;
        /// Rising; few, and the closer to each other the later.
        std::vector<SearchPoint> points;
        Steady::time_point asked{};
        bool loaded = false;
        /// Readings bring it to each new head.
        bool carried = false;
        bool doubtful = false;
        /// The last block of a reading that carried it.
        std::optional<SearchPoint> tip;
        /// What the database holds from this block on is not what is known.
        std::optional<std::uint64_t> changed_from;
        Steady::time_point kept_at{};
        std::uint64_t kept_next = 0;
    };
    struct Range {
        std::vector<Entry*> entries;
        std::uint64_t from = 0;
        std::uint64_t to = 0;
    };
    struct Words {
        std::vector<adapters::Log> logs;
        std::size_t voices = 0;
        std::optional<model::Error> error;
    };

    asio::awaitable<void> load();
    /// False: nothing to do, or nobody answers.
    asio::awaitable<bool> extend(std::uint64_t goal);
    asio::awaitable<bool> confirm();
    asio::awaitable<bool> keep(bool all);
    asio::awaitable<bool> stands(Entry& entry);
    asio::awaitable<std::optional<model::Bytes32>> hash_at(std::uint64_t number);
    asio::awaitable<Words> ask(std::vector<adapters::Logs> filters, std::uint64_t from, std::uint64_t to);
    asio::awaitable<bool> drop_orphaned(std::vector<adapters::Log>& logs);
    asio::awaitable<void> ask_one(std::size_t place, adapters::Logs filter, Words& into);
    asio::awaitable<void> pause(std::chrono::milliseconds longest);
    Range lowest(std::uint64_t goal);
    Range unconfirmed();
    void learn(std::chrono::milliseconds took, bool well);
    void forget_old();
    std::optional<std::uint64_t> goal() const;
    Progress progress(std::uint64_t goal) const;
    void failed(const std::string& why);

    SearcherParts parts_;
    Panel panel_;
    std::map<model::Bytes32, Entry> entries_;
    /// Blocks that are asked for at once.
    std::uint64_t span_;
    std::uint64_t turn_ = 0;
    int alone_ = 0;
    std::string trouble_;
    bool stopping_ = false;
    bool running_ = false;
    bool keep_failed_ = false;
    asio::steady_timer timer_;
    asio::steady_timer ended_;
};

}  // namespace margind::daemon
