// Balances, then what prices them, then what the feeds no longer give.
#include "adapters/protocols/derive/subaccount.hpp"

#include "adapters/protocols/derive/fixed.hpp"
#include "adapters/protocols/derive/stale_feeds.hpp"
#include "adapters/protocols/derive/views.hpp"

#include <algorithm>
#include <array>
#include <tuple>

namespace margind::adapters::protocols::derive {

using evm::AbiWriter;
using evm::Answers;
using evm::view;
using model::Address;
using model::ErrorCode;
using model::U256;

VenueKnowledge::VenueKnowledge(model::FactsPtr venue) : facts(std::move(venue)), read(*facts) {
    now = read.u256("time").to_u64().value_or(0);
    subaccounts = read.address("subaccounts");
    matching = read.address("matching");
    cash_asset = read.address("cash_asset");
    auction = read.address("auction");
    standard_manager = read.address("standard_manager");
    markets = read.count("markets", most_markets);
    managers = read.count("managers", most_managers);
    for (std::size_t i = read.count("feeds", most_feeds); i-- > 0;)
        if (read.boolean(item(feeds, i, "layout_known"))) readable.insert(read.address(item(feeds, i, "address")));
}

std::vector<Request> Subaccount::ask_balances() const {
    const AbiWriter id = AbiWriter().u256(id_);
    return {view(venue_.matching, "subAccountToOwner(uint256)", id),        view(venue_.subaccounts, "ownerOf(uint256)", id),
            view(venue_.subaccounts, "manager(uint256)", id),               view(venue_.subaccounts, "getAccountBalances(uint256)", id),
            view(venue_.cash_asset, "calculateBalanceWithInterest(uint256)", id), view(venue_.auction, "isAuctionLive(uint256)", id)};
}

void Subaccount::take_balances(Answers& answers) {
    const auto address = [](evm::AbiReader& r) { return r.address(); };
    const auto deposited = answers.attempt("Matching.subAccountToOwner", address);
    // A burned account has no owner: it is nobody's.
    const auto holder = answers.attempt("SubAccounts.ownerOf", address);
    const auto manager = answers.attempt("SubAccounts.manager", address);
    const auto balances = answers.attempt("SubAccounts.getAccountBalances", [](evm::AbiReader& r) {
        return r.array(most_balances, [](evm::AbiReader& e) {
            Balance balance;
            balance.asset = e.address();
            balance.sub_id = e.u256();
            balance.amount = e.i256();
            return balance;
        });
    });
    const auto with_interest = answers.attempt("CashAsset.calculateBalanceWithInterest", [](evm::AbiReader& r) { return r.i256(); });
    const auto live = answers.attempt("DutchAuction.isAuctionLive", [](evm::AbiReader& r) { return r.boolean(); });
    const bool held = holder && *holder == owner_;
    owned_ = held || (holder && *holder == venue_.matching && deposited && *deposited == owner_);
    if (!owned_) return;
    const auto keep = [&](const auto& value) {
        if (!value) refuse(value.error().code, value.error().message);
        return value.has_value();
    };
    if (!keep(manager) || !keep(balances) || !keep(with_interest) || !keep(live)) return;
    manager_ = *manager;
    balances_ = *balances;
    I256 cash;
    for (const Balance& balance : balances_)
        if (balance.asset == venue_.cash_asset) cash = balance.amount;
    Checked m;
    const I256 interest = m.sub(*with_interest, cash);
    if (!m.ok()) refuse(ErrorCode::out_of_range, "the interest does not fit");
    facts_.add("owner", owner_);
    facts_.add("id", id_);
    facts_.add("manager", manager_);
    facts_.add("deposited", !held);
    facts_.add("cash", cash);
    facts_.add("interest", interest);
    facts_.add("auction_live", *live);
    arrange();
}

void Subaccount::refuse(ErrorCode code, std::string message) {
    if (!error_) error_ = model::Error{code, std::move(message)};
}

void Subaccount::arrange() {
    if (manager_ != venue_.standard_manager) {
        std::size_t row = 0;
        while (row < venue_.managers && venue_.read.address(item(managers, row, "address")) != manager_) ++row;
        if (row == venue_.managers) return refuse(ErrorCode::missing, "its manager " + manager_.to_string() + " is not among the portfolio_managers");
        manager_row_ = row;
        kind_ = static_cast<ManagerKind>(venue_.read.count(item(managers, row, "kind"), 2));
        own_row(managers, row);
    }
    facts_.add("kind", U256(static_cast<std::uint64_t>(kind_)));
    std::sort(balances_.begin(), balances_.end(),
              [](const Balance& a, const Balance& b) { return std::tie(a.asset, a.sub_id) < std::tie(b.asset, b.sub_id); });
    for (const Balance& balance : balances_) {
        if (balance.asset == venue_.cash_asset || balance.amount.is_zero()) continue;
        if (kind_ == ManagerKind::standard) arrange_standard(balance);
        else arrange_portfolio(balance);
    }
    facts_.add("markets", U256(rows_.size()));
    for (std::size_t row = 0; row < rows_.size(); ++row) facts_.add(list_of(markets, row, "expiry") + 's', U256(expiries_of_row_[row]));
    for (std::size_t i = 0; i < expiries_.size(); ++i) facts_.add(expiries_[i].prefix + "options", U256(options_of_expiry_[i]));
    facts_.add("tokens", U256(tokens_));
}

std::size_t Subaccount::own_row(const char* list, std::size_t venue_row) {
    const auto found = std::find(rows_.begin(), rows_.end(), venue_row);
    if (found != rows_.end()) return static_cast<std::size_t>(found - rows_.begin());
    facts_.add(item(markets, rows_.size(), list == managers ? "manager" : "market"), U256(venue_row));
    rows_.push_back(venue_row);
    expiries_of_row_.push_back(0);
    return rows_.size() - 1;
}

void Subaccount::arrange_standard(const Balance& balance) {
    for (std::size_t i = 0; i < venue_.markets; ++i) {
        if (balance.asset == venue_.read.address(item(markets, i, "option"))) return add_option(markets, i, balance);
        if (balance.asset == venue_.read.address(item(markets, i, "perp"))) {
            perps_.push_back({balance.asset, balance.amount, item(markets, own_row(markets, i), "")});
            return;
        }
        if (balance.asset == venue_.read.address(item(markets, i, "base"))) {
            facts_.add(item(markets, own_row(markets, i), "base"), balance.amount);
            return;
        }
    }
    refuse(ErrorCode::missing, "holds " + balance.asset.to_string() + ", which is of no market of the standard manager");
}

void Subaccount::arrange_portfolio(const Balance& balance) {
    const std::size_t row = manager_row_;
    if (balance.asset == venue_.read.address(item(managers, row, "option"))) return add_option(managers, row, balance);
    if (balance.asset == venue_.read.address(item(managers, row, "perp"))) {
        perps_.push_back({balance.asset, balance.amount, item(markets, 0, "")});
        return;
    }
    if (kind_ == ManagerKind::pmrm && balance.asset == venue_.read.address(item(managers, row, "base"))) {
        facts_.add(item(markets, 0, "base"), balance.amount);
        return;
    }
    if (kind_ == ManagerKind::pmrm_2) {
        const std::string list = list_of(managers, row, "collateral");
        for (std::size_t j = 0; j < venue_.read.count(list + 's', most_markets); ++j) {
            if (balance.asset != venue_.read.address(item(list, j, "asset"))) continue;
            facts_.add(item(tokens, tokens_, "collateral"), U256(j));
            facts_.add(item(tokens, tokens_++, "amount"), balance.amount);
            return;
        }
    }
    refuse(ErrorCode::missing, "holds " + balance.asset.to_string() + ", which its manager " + manager_.to_string() + " has no known feed for");
}

void Subaccount::add_option(const char* list, std::size_t venue_row, const Balance& balance) {
    const std::optional<OptionId> terms = decode_option_id(balance.sub_id);
    if (!terms) return refuse(ErrorCode::decode, "the option id " + balance.sub_id.to_decimal() + " holds no terms");
    const std::size_t row = own_row(list, venue_row);
    const std::string expiries = list_of(markets, row, "expiry");
    std::size_t at = 0;
    while (at < expiries_.size() && !(expiries_[at].time == terms->expiry && expiries_[at].prefix.starts_with(expiries))) ++at;
    if (at == expiries_.size()) {
        const std::string prefix = item(expiries, expiries_of_row_[row]++, "");
        const auto feed = [&](const char* name) { return venue_.read.address(item(list, venue_row, name)); };
        expiries_.push_back({terms->expiry, prefix, feed("forward_feed"), feed("vol_feed"), list == managers ? feed("rate_feed") : Address{}});
        options_of_expiry_.push_back(0);
        facts_.add(prefix + "time", U256(terms->expiry));
    }
    const std::string prefix = item(expiries_[at].prefix + "option", options_of_expiry_[at]++, "");
    options_.push_back({*terms, balance.amount, prefix, expiries_[at].vol_feed});
    facts_.add(prefix + "sub_id", balance.sub_id);
    facts_.add(prefix + "amount", balance.amount);
}

std::vector<Request> Subaccount::ask_feeds() {
    if (error_) return {};
    const auto id_and = [&](bool initial) { return AbiWriter().u256(id_).boolean(initial); };
    std::vector<Request> requests{view(manager_, "getMargin(uint256,bool)", id_and(false)), view(manager_, "getMargin(uint256,bool)", id_and(true)),
                                  view(manager_, "getMarginAndMarkToMarket(uint256,bool,uint256)", id_and(false).u256(U256(0)))};
    if (kind_ == ManagerKind::pmrm_2) requests.push_back(view(manager_, "getMarginAndMtM(uint256,bool)", id_and(false)));
    for (const HeldExpiry& expiry : expiries_) {
        const AbiWriter time = AbiWriter().u256(U256(expiry.time));
        requests.push_back(view(expiry.forward_feed, "getSettlementPrice(uint64)", time));
        requests.push_back(view(expiry.forward_feed, "getForwardPricePortions(uint64)", time));
        requests.push_back(view(expiry.vol_feed, "getExpiryMinConfidence(uint64)", time));
        if (kind_ != ManagerKind::standard) requests.push_back(view(expiry.rate_feed, "getInterestRate(uint64)", time));
    }
    for (const HeldOption& option : options_)
        requests.push_back(view(option.vol_feed, "getVol(uint128,uint64)", AbiWriter().i256(option.terms.strike).u256(U256(option.terms.expiry))));
    for (const HeldPerp& perp : perps_) {
        requests.push_back(view(perp.asset, "getUnsettledAndUnrealizedCash(uint256)", AbiWriter().u256(id_)));
        requests.push_back(view(perp.asset, "positions(uint256)", AbiWriter().u256(id_)));
        requests.push_back(view(perp.asset, "aggregatedFunding()"));
    }
    return requests;
}

void Subaccount::take_feeds(Answers& answers) {
    if (error_) return;
    take_views(answers);
    for (std::size_t i = 0; i < expiries_.size(); ++i) take_expiry(answers, i);
    for (std::size_t i = 0; i < options_.size(); ++i) {
        const HeldOption& option = options_[i];
        struct Vol {
            I256 value, confidence;
        };
        const auto vol = answers.attempt("getVol of " + option.vol_feed.to_string(), [](evm::AbiReader& r) {
            Vol read;
            read.value = I256::from(r.uint(255)).value_or(I256());
            read.confidence = I256::from(r.uint(255)).value_or(I256());
            return read;
        });
        if (vol) facts_.add(option.prefix + "volatility", vol->value);
        else if (!is_stale(vol.error())) refuse(vol.error().code, vol.error().message);
    }
    for (const HeldPerp& perp : perps_) take_perp(answers, perp);
}

void Subaccount::take_views(Answers& answers) {
    bool refused_prices = false;
    const auto take = [&](const char* name, std::uint8_t decimals, auto read) {
        const auto value = answers.attempt(std::string("manager ") + manager_.to_string() + ' ' + name, read);
        if (value) views_.push_back({name, *value, decimals});
        else if (is_stale(value.error())) refused_prices = true;
        else refuse(value.error().code, value.error().message);
    };
    take(view_maintenance, 18, [](evm::AbiReader& r) { return r.i256(); });
    take(view_initial, 18, [](evm::AbiReader& r) { return r.i256(); });
    take(view_mark_to_market, 18, [](evm::AbiReader& r) {
        r.skip(1);
        return r.i256();
    });
    if (kind_ == ManagerKind::pmrm_2)
        take(view_worst_scenario, 0, [](evm::AbiReader& r) {
            r.skip(2);
            return r.i256();
        });
    if (refused_prices) note_stale("a feed of the manager's margin");
}

void Subaccount::take_expiry(Answers& answers, std::size_t index) {
    HeldExpiry& expiry = expiries_[index];
    const std::string what = "expiry " + std::to_string(expiry.time) + " at ";
    struct Settlement {
        bool settled;
        U256 price;
    };
    const auto settlement = answers.attempt(what + "getSettlementPrice", [](evm::AbiReader& r) {
        Settlement read{};
        read.settled = r.boolean();
        read.price = r.u256();
        return read;
    });
    expiry.settled = settlement && settlement->settled;
    if (expiry.settled) facts_.add(expiry.prefix + "settlement", I256::from(settlement->price).value_or(I256()));
    const auto numbers = answers.attempt(what + "getForwardPricePortions of " + expiry.forward_feed.to_string(), [](evm::AbiReader& r) {
        std::array<I256, 3> read{};
        for (I256& value : read) value = I256::from(r.uint(255)).value_or(I256());
        return read;
    });
    if (numbers) {
        facts_.add(expiry.prefix + "forward_fixed", (*numbers)[0]);
        facts_.add(expiry.prefix + "forward_variable", (*numbers)[1]);
        facts_.add(expiry.prefix + "forward_confidence", (*numbers)[2]);
    } else {
        postpone(Stored::forward, expiry.forward_feed, index, numbers.error());
    }
    const auto confidence = answers.attempt(what + "getExpiryMinConfidence of " + expiry.vol_feed.to_string(),
                                            [](evm::AbiReader& r) { return I256::from(r.uint(255)).value_or(I256()); });
    if (confidence) facts_.add(expiry.prefix + "volatility_confidence", *confidence);
    else postpone(Stored::volatility, expiry.vol_feed, index, confidence.error());
    if (kind_ == ManagerKind::standard) return;
    struct Rate {
        I256 value;
        U256 confidence;
    };
    const auto rate = answers.attempt(what + "getInterestRate of " + expiry.rate_feed.to_string(), [](evm::AbiReader& r) {
        Rate read;
        read.value = r.i256();
        read.confidence = r.uint(255);
        return read;
    });
    if (rate) {
        facts_.add(expiry.prefix + "rate", rate->value);
        facts_.add(expiry.prefix + "rate_confidence", I256::from(rate->confidence).value_or(I256()));
    } else {
        postpone(Stored::rate, expiry.rate_feed, index, rate.error());
    }
}

void Subaccount::take_perp(Answers& answers, const HeldPerp& perp) {
    const auto unsettled = answers.attempt("getUnsettledAndUnrealizedCash of " + perp.asset.to_string(), [](evm::AbiReader& r) { return r.i256(); });
    const auto position = answers.attempt("positions of " + perp.asset.to_string(), [](evm::AbiReader& r) {
        std::array<I256, 4> read{};
        read[0] = I256::from(r.uint(255)).value_or(I256());
        for (std::size_t i = 1; i < 4; ++i) read[i] = r.i256();
        return read;
    });
    const auto funding = answers.attempt("aggregatedFunding of " + perp.asset.to_string(), [](evm::AbiReader& r) { return r.i256(); });
    facts_.add(perp.prefix + "perp_asset", perp.asset);
    facts_.add(perp.prefix + "perp_size", perp.size);
    if (unsettled) {
        facts_.add(perp.prefix + "perp_unsettled", *unsettled);
        if (position) facts_.add(perp.prefix + "perp_last_mark", position->front());
        return;
    }
    if (!is_stale(unsettled.error())) return refuse(unsettled.error().code, unsettled.error().message);
    if (!position) return refuse(position.error().code, position.error().message);
    if (!funding) return refuse(funding.error().code, funding.error().message);
    // Without the price: what was stored, and the mark from which gains count.
    Checked m;
    const auto& [last_mark, stored_funding, pnl, last_funding] = *position;
    const I256 accrued = m.negate(m.mul(perp.size, m.sub(*funding, last_funding)));
    facts_.add(perp.prefix + "perp_stored", m.add(m.add(accrued, stored_funding), pnl));
    facts_.add(perp.prefix + "perp_last_mark", last_mark);
    if (!m.ok()) refuse(ErrorCode::out_of_range, "the perp's funding does not fit");
    note_stale("perp " + perp.asset.to_string());
}

void Subaccount::note_stale(const std::string& what) { stale_.insert(what); }

}  // namespace margind::adapters::protocols::derive
