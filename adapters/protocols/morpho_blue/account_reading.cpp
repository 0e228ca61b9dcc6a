// Reads one owner: what stands in each market as stored, who may liquidate early, and the contract's own answers.
#include "adapters/protocols/morpho_blue/calls.hpp"
#include "adapters/protocols/morpho_blue/facts.hpp"
#include "adapters/protocols/morpho_blue/readings.hpp"
#include "adapters/protocols/morpho_blue/rule.hpp"

#include <algorithm>
#include <set>

namespace margind::adapters::protocols::morpho_blue {

using model::Address;
using model::Bytes32;
using model::ErrorCode;
using model::fail;
using model::FactsPtr;
using model::NativeFigure;
using model::Result;
using model::U256;

namespace {

const evm::Function position_of("position(bytes32,address)");
const evm::Function is_authorized("isAuthorized(address,address)");

struct StoredPosition {
    U256 supply_shares;
    U256 borrow_shares;
    U256 collateral;
    bool is_empty() const { return supply_shares.is_zero() && borrow_shares.is_zero() && collateral.is_zero(); }
};

StoredPosition read_position(evm::AbiReader& reader) { return StoredPosition{reader.u256(), reader.uint(128), reader.uint(128)}; }

template <class T>
bool by_sub(const T& a, const T& b) {
    return a.sub < b.sub;
}

struct PreLiquidation {
    Address contract;
    Bytes32 market;
};

/// One account's questions to the contracts: liquidate() first, then preLiquidate() of each contract that may.
struct Questions {
    MarketParams params;
    std::vector<Address> authorized;
    std::size_t count() const { return 1 + authorized.size(); }
};

void ask(const Address& morpho, const Address& owner, const Questions& questions, std::vector<Request>& requests) {
    requests.push_back(liquidation_call(morpho, questions.params, owner));
    for (const Address& contract : questions.authorized) requests.push_back(pre_liquidation_call(contract, owner));
}

/// The figures; an error where the contract does not say.
Result<std::vector<NativeFigure>> answers(const Questions& questions, std::span<const Reply> replies) {
    const Result<bool> liquidatable = liquidation_verdict(replies[0]);
    if (!liquidatable) return fail(liquidatable.error());
    std::vector<NativeFigure> figures{{std::string(liquidatable_name), *liquidatable ? 1 : 0, 0}};
    if (questions.authorized.empty()) return figures;
    bool early = false;
    // A contract whose own oracle gives no price cannot be used.
    for (std::size_t i = 1; i < replies.size(); ++i) early = pre_liquidation_verdict(replies[i]).value_or(false) || early;
    figures.push_back({std::string(pre_liquidatable_name), early ? 1 : 0, 0});
    return figures;
}

class OwnerReading final : public StagedReading<AccountReadings> {
public:
    OwnerReading(FactsPtr venue, const Address& owner, std::optional<std::vector<Bytes32>> markets)
        : venue_(std::move(venue)), owner_(owner), found_(std::move(markets)) {}

protected:
    Result<std::vector<Request>> stage(unsigned number, std::span<const Reply> replies) override {
        switch (number) {
            case 0: return ask_positions();
            case 1: return take_positions(replies);
            case 2: take_answers(replies); return std::vector<Request>{};
            default: return std::vector<Request>{};
        }
    }

    Result<AccountReadings> finish() override {
        std::ranges::sort(accounts_, by_sub<AccountReading>);
        return std::move(accounts_);
    }

private:
    Result<std::vector<Request>> ask_positions() {
        if (venue_->schema() != venue_schema)
            return fail(ErrorCode::unknown_schema, "venue facts have schema " + venue_->schema() + ", not " + std::string(venue_schema));
        const Result<Address> morpho = venue_->address("morpho");
        Result<std::vector<Bytes32>> markets = markets_of(*venue_);
        const Result<std::vector<Address>> contracts = addresses_of(*venue_, "pre_liquidations");
        if (!morpho) return fail(morpho.error());
        if (!markets) return fail(markets.error());
        if (!contracts) return fail(contracts.error());
        morpho_ = *morpho;
        markets_ = std::move(*markets);
        if (found_) {
            for (const Bytes32& market : *found_)
                if (std::find(markets_.begin(), markets_.end(), market) == markets_.end())
                    accounts_.push_back({market.to_string(),
                                         nullptr,
                                         "the owner was seen in this market, which is not among the venue's: add it to ids.markets",
                                         {}});
            std::erase_if(markets_, [&](const Bytes32& market) { return std::find(found_->begin(), found_->end(), market) == found_->end(); });
        }
        std::vector<Request> requests;
        for (const Bytes32& market : markets_) requests.push_back(call_of(morpho_, position_of, evm::AbiWriter().bytes32(market).address(owner_)));
        for (const Address& contract : *contracts) {
            const model::FactValue* market = venue_->find(pre_liquidation_fact(contract, "market"));
            const Bytes32* id = market == nullptr ? nullptr : std::get_if<Bytes32>(market);
            if (id == nullptr || std::find(markets_.begin(), markets_.end(), *id) == markets_.end()) continue;
            contracts_.push_back({contract, *id});
            requests.push_back(call_of(morpho_, is_authorized, evm::AbiWriter().address(owner_).address(contract)));
        }
        return requests;
    }

    Result<std::vector<Request>> take_positions(std::span<const Reply> replies) {
        std::vector<PreLiquidation> authorized;
        for (std::size_t i = 0; i < contracts_.size(); ++i) {
            const Result<bool> may = decoded(replies[markets_.size() + i], "isAuthorized", boolean_value);
            if (!may) return fail(may.error());
            if (*may) authorized.push_back(contracts_[i]);
        }
        std::vector<Request> requests;
        for (std::size_t i = 0; i < markets_.size(); ++i) {
            const Result<StoredPosition> stored = decoded(replies[i], [&] { return "position in market " + markets_[i].to_string(); }, read_position);
            if (!stored) return fail(stored.error());
            if (stored->is_empty()) continue;
            const Result<void> added = add_account(markets_[i], *stored, authorized, requests);
            if (!added) return fail(added.error());
        }
        return requests;
    }

    Result<void> add_account(const Bytes32& market, const StoredPosition& stored, const std::vector<PreLiquidation>& authorized,
                             std::vector<Request>& requests) {
        const Result<MarketParams> params = market_params(*venue_, market);
        if (!params) return fail(params.error());
        Questions questions{*params, {}};
        // A lender has nothing that such a contract could take.
        const bool lends = stored.borrow_shares.is_zero() && stored.collateral.is_zero();
        for (const PreLiquidation& one : authorized)
            if (one.market == market && !lends) questions.authorized.push_back(one.contract);
        model::FactsBuilder facts{std::string(account_schema)};
        facts.add("market", market);
        facts.add("supply_shares", stored.supply_shares);
        facts.add("borrow_shares", stored.borrow_shares);
        facts.add("collateral", stored.collateral);
        facts.add("authorized", joined(questions.authorized));
        Result<FactsPtr> built = std::move(facts).build();
        if (!built) return fail(built.error());
        ask(morpho_, owner_, questions, requests);
        asked_.push_back({accounts_.size(), std::move(questions), !stored.borrow_shares.is_zero()});
        accounts_.push_back({market.to_string(), std::move(*built), {}, {}});
        return {};
    }

    void take_answers(std::span<const Reply> replies) {
        for (const Asked& asked : asked_) {
            AccountReading& account = accounts_[asked.account];
            Result<std::vector<NativeFigure>> figures = answers(asked.questions, replies.first(asked.questions.count()));
            replies = replies.subspan(asked.questions.count());
            if (figures) {
                account.views = std::move(*figures);
            } else if (asked.owes) {
                account.facts = nullptr;
                account.reason = view_reason(*venue_, account.sub, figures.error());
            }
        }
    }

    /// Says so when the market's price is why the contract cannot answer.
    static std::string view_reason(const model::Facts& venue, const std::string& market, const model::Error& error) {
        const std::optional<Bytes32> id = Bytes32::parse(market);
        const bool refused = id && venue.find(market_fact(*id, "price_refused")) != nullptr;
        return (refused ? "price_refused: " : "") + error.message;
    }

    struct Asked {
        std::size_t account = 0;
        Questions questions;
        bool owes = false;
    };

    FactsPtr venue_;
    Address owner_;
    std::optional<std::vector<Bytes32>> found_;
    Address morpho_;
    std::vector<Bytes32> markets_;
    std::vector<PreLiquidation> contracts_;
    std::vector<Asked> asked_;
    AccountReadings accounts_;
};

class ViewsReading final : public StagedReading<std::vector<AccountViews>> {
public:
    ViewsReading(FactsPtr venue, const Address& owner, std::span<const AccountReading> held) : venue_(std::move(venue)), owner_(owner) {
        for (const AccountReading& account : held) held_.push_back({account.sub, account.facts});
    }

protected:
    Result<std::vector<Request>> stage(unsigned number, std::span<const Reply> replies) override {
        if (number == 0) return ask_all();
        if (number > 1) return std::vector<Request>{};
        const Result<std::set<std::string>> open = open_markets(replies);
        if (!open) return fail(open.error());
        replies = replies.subspan(markets_.size());
        for (std::size_t i = 0; i < questions_.size(); ++i) {
            Result<std::vector<NativeFigure>> figures = answers(questions_[i], replies.first(questions_[i].count()));
            replies = replies.subspan(questions_[i].count());
            if (!open->contains(held_[i].sub)) continue;
            if (!figures && owes_[i]) return fail(figures.error());
            views_.push_back({held_[i].sub, figures ? std::move(*figures) : std::vector<NativeFigure>{}});
        }
        for (const std::string& sub : *open)
            if (std::ranges::find(held_, sub, &Held::sub) == held_.end()) views_.push_back({sub, {}});
        std::ranges::sort(views_, by_sub<AccountViews>);
        return std::vector<Request>{};
    }

    Result<std::vector<AccountViews>> finish() override { return std::move(views_); }

private:
    struct Held {
        std::string sub;
        FactsPtr facts;
    };

    /// Those in which the owner has anything.
    Result<std::set<std::string>> open_markets(std::span<const Reply> replies) const {
        std::set<std::string> open;
        for (std::size_t i = 0; i < markets_.size(); ++i) {
            const Result<StoredPosition> stored = decoded(replies[i], [&] { return "position in market " + markets_[i].to_string(); }, read_position);
            if (!stored) return fail(stored.error());
            if (!stored->is_empty()) open.insert(markets_[i].to_string());
        }
        return open;
    }

    Result<std::vector<Request>> ask_all() {
        const Result<Address> morpho = venue_->address("morpho");
        Result<std::vector<Bytes32>> markets = markets_of(*venue_);
        if (!morpho) return fail(morpho.error());
        if (!markets) return fail(markets.error());
        markets_ = std::move(*markets);
        std::vector<Request> requests;
        for (const Bytes32& market : markets_) requests.push_back(call_of(*morpho, position_of, evm::AbiWriter().bytes32(market).address(owner_)));
        for (const Held& account : held_) {
            const std::optional<Bytes32> market = Bytes32::parse(account.sub);
            if (!market) return fail(ErrorCode::bad_input, "account " + account.sub + " is no market id");
            const Result<MarketParams> params = market_params(*venue_, *market);
            Result<std::vector<Address>> authorized = addresses_of(*account.facts, "authorized");
            const Result<U256> owed = account.facts->u256("borrow_shares");
            if (!params) return fail(params.error());
            if (!authorized) return fail(authorized.error());
            if (!owed) return fail(owed.error());
            questions_.push_back({*params, std::move(*authorized)});
            owes_.push_back(!owed->is_zero());
            ask(*morpho, owner_, questions_.back(), requests);
        }
        return requests;
    }

    FactsPtr venue_;
    Address owner_;
    std::vector<Bytes32> markets_;
    std::vector<Held> held_;
    std::vector<Questions> questions_;
    std::vector<bool> owes_;
    std::vector<AccountViews> views_;
};

}  // namespace

std::unique_ptr<Reading<AccountReadings>> account_reading(FactsPtr venue, const Address& owner, std::optional<std::vector<Bytes32>> markets) {
    return std::make_unique<OwnerReading>(std::move(venue), owner, std::move(markets));
}

std::unique_ptr<Reading<std::vector<AccountViews>>> views_reading(FactsPtr venue, const Address& owner, std::span<const AccountReading> held) {
    return std::make_unique<ViewsReading>(std::move(venue), owner, held);
}

}  // namespace margind::adapters::protocols::morpho_blue
