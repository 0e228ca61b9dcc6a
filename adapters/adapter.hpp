// The whole contract of a protocol adapter: pure readings in rounds, facts out of bytes, and the venue's rule.
#pragma once

#include "adapters/request.hpp"
#include "config/settings.hpp"
#include "risk/model/snapshot.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace margind::adapters {

/// One reading at one block. Pure: the caller sends what next() names and hands back the replies in the same order.
class AnyReading {
public:
    virtual ~AnyReading() = default;
    /// The first call gets no replies. An empty answer: finished, call result().
    virtual std::vector<Request> next(std::span<const Reply> replies) = 0;
};

template <class T>
class Reading : public AnyReading {
public:
    virtual model::Result<T> result() = 0;
};

/// One account that an owner has at a venue, what the venue liquidates as a whole: stored state, and the venue's own views of it at
/// the same block.
struct AccountReading {
    /// AccountKey::sub: printable, without spaces; empty where one owner has one account.
    std::string sub;
    /// Null: this account could not be read, though others of its owner could, and `reason` says why.
    model::FactsPtr facts;
    std::string reason;
    std::vector<model::NativeFigure> views;
    /// Of a reading at the node's latest block (Call::latest), which carries `unpinned`: whether another operator's, a little earlier or
    /// later, does not contradict it. Null: read at the block; two operators' readings must be equal.
    bool (*agrees)(const AccountReading& a, const AccountReading& b) = nullptr;
};

/// The accounts of one owner, sorted by sub, no two with the same; none: the owner has nothing at this venue.
using AccountReadings = std::vector<AccountReading>;

/// The venue's own views of one account, as in AccountReading.
struct AccountViews {
    std::string sub;
    std::vector<model::NativeFigure> views;
    friend bool operator==(const AccountViews&, const AccountViews&) = default;
};

/// Logs after which the stored state of some account may be another: from any of these addresses, with any of these as topic 0.
struct Watch {
    std::vector<model::Address> addresses;
    std::vector<model::Bytes32> topics;
};

/// Logs that are searched for over the whole chain, where no view lists what they tell of: markets, accounts of an owner. Logs only
/// tell where to look: what stands there is read.
struct Search {
    /// At least one address and one topic 0; `topics` as in eth_getLogs. Its range does not count.
    Logs filter;
    /// No such log is in an earlier block: config::Venue::from_block, or what the contracts tell of their own making.
    std::uint64_t from_block = 0;
};

/// What the searches of a venue have found, of all blocks up to the one that is read, by block and index; for the call alone.
struct Found {
    /// Of those for all owners.
    std::span<const Log> shared;
    /// Of those of every owner who is read.
    std::span<const Log> owned;
};

/// One deployment. Everything here is pure; schemas are "<protocol>.config/1", ".venue/1", ".account/1".
class Adapter {
public:
    virtual ~Adapter() = default;
    virtual const model::VenueId& venue() const = 0;
    /// Contracts, revisions, markets: what seldom changes. Any number of rounds; cached by the caller. Fails with
    /// no_code or decode when the configured addresses are not this protocol.
    virtual std::unique_ptr<Reading<model::FactsPtr>> read_config() const = 0;
    /// Indices, prices, parameters at one block. Fails with `missing` when `config` no longer fits: read it anew.
    virtual std::unique_ptr<Reading<model::FactsPtr>> read_venue(model::FactsPtr config,
                                                                 const model::BlockRef& block) const = 0;
    /// All accounts of one owner, in at most three rounds. A reverted or short view makes its account alone unknown; where not even
    /// the owner's accounts can be told, the reading fails.
    virtual std::unique_ptr<Reading<AccountReadings>> read_account(model::FactsPtr venue, const model::Address& owner,
                                                                   const model::BlockRef& block) const = 0;
    /// What is to be searched for: for all owners (`owner` null), or for one; none where views list everything. The accounts of an owner
    /// are unknown until the searches have reached the head. `config` is that of read_config().
    virtual std::vector<Search> searches(const model::Facts& /*config*/, const model::Address* /*owner*/) const { return {}; }
    /// read_venue() and read_account() of a venue that searches: with what was found, for an account with what its owner's searches found.
    virtual std::unique_ptr<Reading<model::FactsPtr>> read_venue_found(model::FactsPtr config, const model::BlockRef& block,
                                                                       const Found& /*found*/) const {
        return read_venue(std::move(config), block);
    }
    virtual std::unique_ptr<Reading<AccountReadings>> read_account_found(model::FactsPtr venue, const model::Address& owner, const model::BlockRef& block,
                                                                         std::span<const Log> /*found*/) const {
        return read_account(std::move(venue), owner, block);
    }
    /// What tells that stored state changed; empty: it cannot be carried forward, accounts are read at each block.
    virtual std::optional<Watch> watch(const model::Facts& /*venue*/) const { return std::nullopt; }
    /// Owners of whom the log may have changed, opened or closed an account; too many does no harm.
    virtual std::vector<model::Address> touched(const Log& /*log*/) const { return {}; }
    /// The venue's own views of the accounts that are `held`, all with facts, sorted by sub, in one round; `venue` may be of an earlier
    /// block. Where the venue lists the accounts of an owner the list is asked for too: one that is not held is in the result without
    /// views, one that is gone is not in it, and the owner is read anew. `held` is for the call alone. Null where watch() is empty.
    virtual std::unique_ptr<Reading<std::vector<AccountViews>>> read_views(model::FactsPtr /*venue*/, const model::Address& /*owner*/,
                                                                           std::span<const AccountReading> /*held*/) const {
        return nullptr;
    }
    virtual const model::VenueRule& rule() const = 0;
    /// One line per limit of what this adapter can know.
    virtual std::vector<std::string> limits() const = 0;
};

/// What a protocol makes of a file that holds one account with all that its margin follows from.
struct AccountFileAnswer {
    /// For people; ends with a newline.
    std::string text;
    /// One line.
    std::string json;
    bool liquidatable = false;
    /// Where it is given, N, M, I and the prices of liquidation are told behind the rest, as of any account.
    std::unique_ptr<model::PreparedAccount> account{};
};
struct AccountFile {
    /// Value of the file's key "format".
    std::string format;
    /// Errors name the value by its path.
    std::function<model::Result<AccountFileAnswer>(std::string_view text)> evaluate;
};

/// What a folder below `adapters/protocols/` exports from its `protocol.hpp` as `protocols::<folder>::protocol()`; the build
/// collects them.
struct Protocol {
    std::string name;
    /// Names that Venue::addresses must hold, no more and no fewer.
    std::vector<std::string> required_addresses;
    std::function<model::Result<std::unique_ptr<Adapter>>(config::Venue)> make;
    /// The same rule without a chain, for replays.
    std::function<const model::VenueRule&()> rule;
    /// Names that Venue::lists must hold, no more and no fewer; a list may be empty.
    std::vector<std::string> required_lists{};
    /// What Venue::rule may be, for deployments whose contracts do not tell which rule holds there; empty: never given.
    std::vector<std::string> rules{};
    /// Likewise of Venue::ids.
    std::vector<std::string> required_ids{};
    /// For `margind evaluate` without a snapshot.
    std::optional<AccountFile> account_file{};
    /// Needs no row in the configuration: each chain has one deployment, whose lists come from the chain's asset rows: "tokens"
    /// (all, where a portfolio lists wallets), "erc4626", "wsteth" and "rate_feed" (those with such a ratio), "feeds" (of "rate_feed").
    bool reads_assets = false;
};

/// All protocols of the build, sorted by name.
std::span<const Protocol> all_protocols();

}  // namespace margind::adapters
