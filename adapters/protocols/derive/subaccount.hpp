// One subaccount on its way from replies to facts.
#pragma once

#include "adapters/adapter.hpp"
#include "adapters/evm/answers.hpp"
#include "adapters/protocols/derive/book.hpp"
#include "adapters/protocols/derive/option_id.hpp"
#include "adapters/protocols/derive/schema.hpp"

#include <set>
#include <string>
#include <vector>

namespace margind::adapters::protocols::derive {

struct Balance {
    model::Address asset;
    model::U256 sub_id;
    model::I256 amount;
};

/// What all subaccounts of one reading know of the venue.
struct VenueKnowledge {
    explicit VenueKnowledge(model::FactsPtr facts);

    model::FactsPtr facts;
    FactReader read;
    std::uint64_t now = 0;
    model::Address subaccounts;
    model::Address matching;
    model::Address cash_asset;
    model::Address auction;
    model::Address standard_manager;
    std::uint64_t markets = 0;
    std::uint64_t managers = 0;
    /// Feeds whose storage has the layout that is known.
    std::set<model::Address> readable;
};

/// Asks in three rounds; the first error makes this subaccount unknown, and no other.
class Subaccount {
public:
    Subaccount(VenueKnowledge& venue, const model::Address& owner, const model::U256& id) : venue_(venue), owner_(owner), id_(id) {}

    std::vector<Request> ask_balances() const;
    void take_balances(evm::Answers& answers);
    /// The rest is for those that are the owner's.
    bool owned() const { return owned_; }
    std::vector<Request> ask_feeds();
    void take_feeds(evm::Answers& answers);
    std::vector<Request> ask_stored() const;
    void take_stored(evm::Answers& answers);
    AccountReading result();

private:
    struct HeldOption {
        OptionId terms;
        model::I256 amount;
        std::string prefix;
        model::Address vol_feed;
    };
    struct HeldExpiry {
        std::uint64_t time;
        std::string prefix;
        model::Address forward_feed;
        model::Address vol_feed;
        model::Address rate_feed;
        bool settled = false;
    };
    struct HeldPerp {
        model::Address asset;
        model::I256 size;
        std::string prefix;
    };
    enum class Stored : std::uint8_t { volatility, forward, rate };
    struct Pending {
        Stored kind;
        model::Address feed;
        std::size_t index;
        std::size_t words;
    };

    void refuse(model::ErrorCode code, std::string message);
    void arrange();
    void arrange_standard(const Balance& balance);
    void arrange_portfolio(const Balance& balance);
    void add_option(const char* list, std::size_t venue_row, const Balance& balance);
    std::size_t own_row(const char* list, std::size_t venue_row);
    void take_views(evm::Answers& answers);
    void take_expiry(evm::Answers& answers, std::size_t index);
    void take_perp(evm::Answers& answers, const HeldPerp& perp);
    /// To be read from storage; refuses where the layout is not known, or the option is over and what it pays is not.
    void postpone(Stored kind, const model::Address& feed, std::size_t index, const model::Error& error);
    model::Result<void> keep_stored(const Pending& row, const std::vector<model::U256>& words);
    void note_stale(const std::string& what);

    VenueKnowledge& venue_;
    model::Address owner_;
    model::U256 id_;
    bool owned_ = false;
    model::Address manager_;
    ManagerKind kind_ = ManagerKind::standard;
    std::size_t manager_row_ = 0;
    std::vector<Balance> balances_;
    std::vector<std::size_t> rows_;
    std::vector<HeldExpiry> expiries_;
    std::vector<HeldOption> options_;
    std::vector<HeldPerp> perps_;
    std::size_t tokens_ = 0;
    std::vector<std::size_t> expiries_of_row_;
    std::vector<std::size_t> options_of_expiry_;
    std::vector<Pending> pending_;
    std::set<std::string> stale_;
    std::vector<model::NativeFigure> views_;
    model::FactsBuilder facts_{account_schema};
    std::optional<model::Error> error_;
};

}  // namespace margind::adapters::protocols::derive
