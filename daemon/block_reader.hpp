// One reading of one block: what is known of the blocks before it, brought forward.
#pragma once

#include "daemon/account_logs.hpp"
#include "daemon/carried.hpp"
#include "daemon/chain_source.hpp"
#include "daemon/disputes.hpp"
#include "daemon/heads.hpp"
#include "daemon/packages.hpp"
#include "daemon/panel.hpp"
#include "daemon/plight.hpp"
#include "daemon/searcher.hpp"
#include "daemon/venue_searches.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace margind::daemon {

/// What a chain is read with; outlives its readings.
struct ReadingParts {
    std::shared_ptr<const Scope> scope;
    const model::AssetMap& assets;
    Panel& panel;
    Heads& heads;
    Disputes& disputes;
    std::uint32_t verify_every = 32;
    /// Null: no feed of signed packages has any.
    const Packages* packages = nullptr;
    /// Null: no search is ever made, and what needs one is unknown.
    Searcher* searcher = nullptr;
};

/// What is carried from one block to the next, true at `last`.
struct Known {
    struct Config {
        model::FactsPtr facts;
        std::uint64_t read_at = 0;
        bool single_source = false;
        bool disputed = false;
    };
    struct Accepted {
        adapters::oracles::Answer answer;
        std::uint64_t since = 0;
    };

    Known(std::size_t venue_count, std::size_t owner_count) : configs(venue_count), venues(venue_count), watches(venue_count), carried(venue_count, owner_count) {}
    /// Forgets what was read above `number`.
    void drop_above(std::uint64_t number);

    std::optional<model::BlockRef> last;
    /// Hashes of the last blocks of its branch, as far as they were seen.
    std::map<std::uint64_t, model::Bytes32> branch;
    std::vector<std::optional<Config>> configs;
    /// The last facts of a venue that could be read.
    std::vector<model::FactsPtr> venues;
    Watches watches;
    std::map<std::uint32_t, Accepted> accepted;
    /// Feeds that said to be what the configuration says, and at which block.
    std::map<std::uint32_t, std::uint64_t> described;
    Carried carried;
    /// What was said of views at `last`.
    std::map<Holder, std::vector<adapters::AccountViews>> views;
    VenueSearches searches;
};

class BlockReader {
public:
    /// `known` is changed on the way, also where the reading fails. Cold (`known.last` empty): nothing of it but its configurations counts.
    /// `carried`: of the portfolios' owners, whose searches are kept.
    BlockReader(const ReadingParts& parts, Known& known, model::BlockRef block, std::shared_ptr<const std::vector<model::Address>> owners, ReadOptions options,
                bool carried);

    /// Ends within 8 s, give or take one request for a header.
    asio::awaitable<model::Result<ChainReading>> run();
    /// Why one operator alone gave something, though more are configured; empty when none did.
    const std::string& alone() const { return alone_; }
    /// The block up to which this branch is the one that was read before; where that is not known, the block that is read.
    std::uint64_t fork() const { return passage_.fork > 0 ? passage_.fork : block_.number; }

private:
    struct Settled {
        Answers answers;
        /// Of all who gave any.
        std::vector<adapters::Log> logs;
        /// Places of those who did.
        std::vector<std::size_t> log_speakers;
        bool single_source = false;
        bool unpinned = false;
        std::set<Subject> undecided;
        /// Places of the operators that answered, or did not in time.
        std::set<std::size_t> asked;
        /// How many answered all that was asked of every operator; others were asked only what these contest.
        std::size_t asked_all = 0;
        /// Of those who were asked for views.
        std::map<Holder, std::vector<std::pair<std::size_t, std::vector<adapters::AccountViews>>>> views_by;
    };
    struct Fresh {
        model::FactsPtr facts;
        std::string reason;
        bool disputed = false;
    };

    asio::awaitable<model::Result<void>> find_passage();
    asio::awaitable<model::Result<std::optional<adapters::rpc::BlockHeader>>> header_at(std::uint64_t number);
    asio::awaitable<model::Result<void>> find_headers(adapters::rpc::BlockHeader top);
    asio::awaitable<model::Result<void>> read_configs();
    asio::awaitable<model::Result<void>> read_block();
    asio::awaitable<model::Result<void>> read_outdated();
    asio::awaitable<model::Result<void>> find_searches();
    asio::awaitable<model::Result<void>> adopt(CarriedSearch& search);
    asio::awaitable<model::Result<void>> read_found(std::set<std::uint32_t> venues);
    asio::awaitable<model::Result<void>> weigh_logs();
    asio::awaitable<model::Result<void>> read_accounts();
    asio::awaitable<model::Result<Settled>> agree(Questions questions);
    asio::awaitable<Heard> hear(std::shared_ptr<const Questions> questions, std::vector<std::size_t> order, std::size_t wanted);

    std::vector<std::size_t> order() const;
    std::optional<LogQuestion> log_question() const;
    /// Of what is carried forward and of searches; the latter are as many places behind as there are venues.
    Watches all_watches() const;
    /// Venues of which some search for all owners has not reached the head, and who cannot be read for it.
    void set_unreached();
    void add_found_to(Questions& questions) const;
    void plan(Questions& questions);
    /// For each of the contested, the place of the voice that counts.
    std::vector<std::size_t> settle_disputes(Settled& settled, const std::vector<Subject>& contested, const std::vector<Voice>& voices);
    /// How the accounts of a venue, or one owner's, stand by one operator's answer; empty where that does not tell.
    std::optional<Plight> plight_by(const Subject& subject, const Answers& answers) const;
    /// Of voices that nobody decides between, the one by which the accounts stand worst; the first where that is no difference.
    std::size_t worse_of(const Subject& subject, const std::vector<Voice>& voices, std::size_t first) const;
    void take_configs(const Settled& settled);
    void take_venues(const Settled& settled);
    void take_prices(const Settled& settled);
    void take_watches();
    /// What another operator says of blocks whose headers promise more than was heard.
    void add_hidden_logs(const Voice& voice, const std::vector<SilentBlock>& silent, std::vector<adapters::Log>& logs);
    void take_views(const Settled& settled);
    void add_to_read(std::uint32_t venue);
    /// Of the accounts that the caller wants to be sure of.
    std::set<Holder> close_holders() const;
    void take_accounts(const Holder& holder, const model::Result<adapters::AccountReadings>& reading, const Settled& settled);
    bool rule_bears_out(const Holder& holder, const model::Facts& facts, const std::vector<model::NativeFigure>& views) const;
    /// The views are of the very accounts that are held, and the rule bears all of them out.
    bool all_borne_out(const Holder& holder, const adapters::AccountReadings& held, const std::vector<adapters::AccountViews>& views) const;
    void name_liars(const Settled& settled);
    ChainReading reading() const;
    void add_accounts(const Holder& holder, std::vector<model::MarginAccount>& into) const;

    const ReadingParts& parts_;
    Known& known_;
    const Scope& scope_;
    model::BlockRef block_;
    std::shared_ptr<const std::vector<model::Address>> owners_;
    ReadOptions options_;
    bool carried_;
    Panel::Time until_;

    Passage passage_;
    /// Of the blocks from the fork to this one, as far as they are known.
    std::vector<adapters::rpc::BlockHeader> headers_;
    std::vector<Fresh> venues_;
    std::set<std::uint32_t> outdated_;
    std::vector<model::ReferencePrice> prices_;
    Settled block_answers_;
    std::set<Holder> to_read_;
    /// Every operator that was asked gives views that bear out what is held.
    std::set<Holder> borne_out_by_all_;
    std::map<Holder, std::vector<adapters::AccountViews>> views_now_;
    /// What one operator said the views of an owner's accounts were, where the rule did not bear them out.
    std::map<Holder, std::vector<std::pair<std::size_t, std::vector<adapters::AccountViews>>>> suspect_views_;
    std::map<Holder, std::string> failed_;
    std::set<Holder> disputed_;
    bool unpinned_ = false;
    std::string alone_;
};

/// An owner whose accounts could not be read, and why: one account with an empty sub stands for them all.
model::MarginAccount unknown_account(const model::VenueId& venue, const model::Address& owner, const model::BlockRef& block, std::string reason);

}  // namespace margind::daemon
