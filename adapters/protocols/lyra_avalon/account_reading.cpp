// One owner's options in every market, and the views of options that are held.
#include "adapters/protocols/lyra_avalon/calls.hpp"
#include "adapters/protocols/lyra_avalon/collateral.hpp"
#include "adapters/protocols/lyra_avalon/facts.hpp"
#include "adapters/protocols/lyra_avalon/readings.hpp"
#include "adapters/protocols/lyra_avalon/rule.hpp"

#include <algorithm>

namespace margind::adapters::protocols::lyra_avalon {

namespace {

using model::Address;
using model::ErrorCode;
using model::fail;
using model::FactsPtr;
using model::I256;
using model::NativeFigure;
using model::Result;
using model::U256;

/// A figure is signed; what is above is shown as the largest.
NativeFigure figure(const char* name, const U256& value, std::uint8_t decimals) {
    const std::optional<I256> fits = I256::from(value);
    return {name, fits ? *fits : *I256::make(false, *checked_sub(U256::pow2(255), U256(1))), decimals};
}

/// Where one option stands, in the contracts' words.
struct Place {
    Address option_token;
    Address greek_cache;
    OptionPosition position;
    U256 strike_price;
    U256 expiry;
    /// Its strike is of a board that the venue's facts hold.
    bool listed = false;
};

Place place_of(FactReader& venue, std::size_t market, const OptionPosition& position) {
    Place place;
    place.option_token = venue.address(of_market(market, "option_token"));
    place.greek_cache = venue.address(of_market(market, "greek_cache"));
    place.position = position;
    const std::optional<std::uint64_t> strike = position.strike.to_u64();
    if (!strike || !venue.has(of_strike(market, *strike, "board"))) return place;
    place.listed = true;
    place.strike_price = venue.u256(of_strike(market, *strike, "price"));
    place.expiry = venue.u256(of_board(market, venue.u64(of_strike(market, *strike, "board")), "expiry"));
    return place;
}

void ask_margin(const Place& place, const U256& spot, std::vector<Request>& requests) {
    requests.push_back(view(place.greek_cache, "getMinCollateral(uint8,uint256,uint256,uint256,uint256)",
                            evm::AbiWriter().u256(place.position.type).u256(place.strike_price).u256(place.expiry).u256(spot)
                                .u256(place.position.amount)));
    evm::AbiWriter arguments;
    write_position(arguments, place.position);
    arguments.u256(place.expiry).u256(place.strike_price).u256(spot);
    requests.push_back(view(place.option_token, "canLiquidate((uint256,uint256,uint8,uint256,uint256,uint8),uint256,uint256,uint256)", arguments));
}

/// The answers to ask_margin; a long has no minimum that means anything.
Result<void> take_margin(Answers& answers, const Place& place, const U256& spot, std::vector<NativeFigure>& views) {
    const U256 minimum = answers.u256("OptionGreekCache.getMinCollateral");
    const bool liquidatable = answers.boolean("OptionToken.canLiquidate");
    if (answers.error()) return fail(*answers.error());
    if (place.position.type < option_types && is_short(static_cast<OptionType>(place.position.type)))
        views.push_back(figure(view_min_collateral, minimum, 18));
    views.push_back(figure(view_can_liquidate, U256(liquidatable ? 1 : 0), 0));
    views.push_back(figure(view_spot, spot, 18));
    return {};
}

void add_size(const OptionPosition& position, std::vector<NativeFigure>& views) {
    views.push_back(figure(view_amount, position.amount, 18));
    views.push_back(figure(view_collateral, position.collateral, 18));
}

class OwnerReading final : public StagedReading<AccountReadings> {
public:
    OwnerReading(FactsPtr venue, const Address& owner) : venue_(std::move(venue)), known_(*venue_), owner_(owner) {}

protected:
    Result<std::vector<Request>> stage(unsigned number, std::span<const Reply> replies) override {
        switch (number) {
            case 0: return ask();
            case 1: return take_positions(replies);
            case 2: return take_details(replies);
            default: return std::vector<Request>{};
        }
    }

    Result<AccountReadings> finish() override {
        std::sort(readings_.begin(), readings_.end(), [](const AccountReading& a, const AccountReading& b) { return a.sub < b.sub; });
        return std::move(readings_);
    }

private:
    struct Held {
        std::size_t market = 0;
        Place place;
        bool with_margin = false;
    };

    Result<std::vector<Request>> ask() {
        if (venue_->schema() != venue_schema) return fail(ErrorCode::unknown_schema, "venue facts of schema " + venue_->schema());
        markets_ = known_.count("markets", max_markets);
        std::vector<Request> requests;
        for (std::size_t i = 0; i < markets_; ++i)
            requests.push_back(view(known_.address(of_market(i, "option_token")), "getOwnerPositions(address)", evm::AbiWriter().address(owner_)));
        if (!known_.ok()) return fail(known_.error());
        return requests;
    }

    Result<std::vector<Request>> take_positions(std::span<const Reply> replies) {
        Answers answers(replies);
        std::vector<Request> requests;
        for (std::size_t i = 0; i < markets_; ++i) {
            const std::string what = known_.text(of_market(i, "name")) + ": getOwnerPositions";
            const auto positions = answers.attempt(what, [](evm::AbiReader& reader) { return reader.array(max_positions, read_position); });
            if (!positions) {
                readings_.push_back({known_.text(of_market(i, "name")), nullptr, positions.error().message, {}});
                continue;
            }
            for (const OptionPosition& position : *positions) {
                Held held;
                held.market = i;
                held.place = place_of(known_, i, position);
                held.with_margin = held.place.listed && known_.has(of_market(i, "spot"));
                ask_details(held, requests);
                held_.push_back(std::move(held));
            }
        }
        if (!known_.ok()) return fail(known_.error());
        // Without requests the reading ends here.
        if (requests.empty()) return take_details({});
        return requests;
    }

    void ask_details(const Held& held, std::vector<Request>& requests) {
        const Address market = known_.address(of_market(held.market, "option_market"));
        if (held.with_margin) ask_margin(held.place, known_.u256(of_market(held.market, "spot")), requests);
        if (held.place.listed) return;
        requests.push_back(view(market, "getStrikeAndBoard(uint256)", evm::AbiWriter().u256(held.place.position.strike)));
        requests.push_back(view(market, "getSettlementParameters(uint256)", evm::AbiWriter().u256(held.place.position.strike)));
    }

    Result<std::vector<Request>> take_details(std::span<const Reply> replies) {
        Answers answers(replies);
        for (const Held& held : held_) {
            AccountReading reading;
            reading.sub = known_.text(of_market(held.market, "name")) + '/' + held.place.position.id.to_decimal();
            if (const Result<void> taken = take(answers, held, reading); !taken) {
                reading.facts = nullptr;
                reading.views.clear();
                reading.reason = taken.error().message;
            }
            readings_.push_back(std::move(reading));
            answers.forgive();
        }
        return std::vector<Request>{};
    }

    Result<void> take(Answers& answers, const Held& held, AccountReading& reading) {
        const OptionPosition& position = held.place.position;
        model::FactsBuilder facts{account_schema};
        add_size(position, reading.views);
        Result<void> margin;
        if (held.with_margin) margin = take_margin(answers, held.place, known_.u256(of_market(held.market, "spot")), reading.views);
        facts.add("option_market", known_.address(of_market(held.market, "option_market")));
        facts.add("position", position.id);
        facts.add("strike", position.strike);
        facts.add("type", U256(position.type));
        facts.add("amount", position.amount);
        facts.add("collateral", position.collateral);
        facts.add("state", U256(position.state));
        if (!held.place.listed) {
            const std::string what = reading.sub + ": ";
            answers.take(what + "getStrikeAndBoard", [&](evm::AbiReader& reader) {
                reader.skip(1);
                facts.add("strike_price", reader.u256());
                reader.skip(7);
                evm::AbiReader board = reader.tuple();
                facts.add("board", board.u256());
                facts.add("expiry", board.u256());
                return true;
            });
            answers.take(what + "getSettlementParameters", [&](evm::AbiReader& reader) {
                reader.skip(1);
                facts.add("price_at_expiry", reader.u256());
                facts.add("base_ratio", reader.u256());
                return true;
            });
            if (answers.error()) return fail(*answers.error());
        }
        if (!margin) return margin;
        Result<FactsPtr> built = std::move(facts).build();
        if (!built) return fail(built.error());
        reading.facts = *std::move(built);
        return {};
    }

    FactsPtr venue_;
    FactReader known_;
    Address owner_;
    std::uint64_t markets_ = 0;
    std::vector<Held> held_;
    AccountReadings readings_;
};

/// The venue's facts may be of an earlier block: spot and positions are asked first, then the margin at that spot.
class HeldReading final : public StagedReading<std::vector<AccountViews>> {
public:
    HeldReading(FactsPtr venue, const Address& owner, std::span<const AccountReading> held)
        : venue_(std::move(venue)), known_(*venue_), owner_(owner), accounts_(held.begin(), held.end()) {}

protected:
    Result<std::vector<Request>> stage(unsigned number, std::span<const Reply> replies) override {
        switch (number) {
            case 0: return ask();
            case 1: return take_positions(replies);
            case 2: return take_margins(replies);
            default: return std::vector<Request>{};
        }
    }

    Result<std::vector<AccountViews>> finish() override {
        std::vector<AccountViews> all;
        for (Listed& one : listed_) all.push_back(std::move(one.views));
        std::sort(all.begin(), all.end(), [](const AccountViews& a, const AccountViews& b) { return a.sub < b.sub; });
        return all;
    }

private:
    struct Listed {
        AccountViews views;
        Place place;
        /// Empty where no margin is asked.
        std::optional<U256> spot;
    };

    Result<std::vector<Request>> ask() {
        markets_ = known_.count("markets", max_markets);
        std::vector<Request> requests;
        for (std::size_t i = 0; i < markets_; ++i) {
            requests.push_back(view(known_.address("synthetix_adapter"), "getSpotPrice(bytes32)", evm::AbiWriter().bytes32(base_key(i))));
            requests.push_back(view(known_.address(of_market(i, "option_token")), "getOwnerPositions(address)", evm::AbiWriter().address(owner_)));
        }
        if (!known_.ok()) return fail(known_.error());
        return requests;
    }

    model::Bytes32 base_key(std::size_t market) const {
        const model::FactValue* key = venue_->find(of_market(market, "base_key"));
        const auto* bytes = key == nullptr ? nullptr : std::get_if<model::Bytes32>(key);
        return bytes == nullptr ? model::Bytes32{} : *bytes;
    }

    bool is_held(const std::string& sub) const {
        return std::any_of(accounts_.begin(), accounts_.end(), [&](const AccountReading& account) { return account.sub == sub; });
    }

    Result<std::vector<Request>> take_positions(std::span<const Reply> replies) {
        Answers answers(replies);
        std::vector<Request> requests;
        for (std::size_t i = 0; i < markets_; ++i) {
            const std::string name = known_.text(of_market(i, "name"));
            const Result<U256> spot = answers.attempt_u256("SynthetixAdapter.getSpotPrice");
            const auto positions = answers.take(name + ": getOwnerPositions",
                                         [](evm::AbiReader& reader) { return reader.array(max_positions, read_position); });
            for (const OptionPosition& position : positions) {
                Listed one{{name + '/' + position.id.to_decimal(), {}}, {}, {}};
                if (is_held(one.views.sub)) {
                    add_size(position, one.views.views);
                    one.place = place_of(known_, i, position);
                    if (one.place.listed && spot) one.spot = *spot;
                    if (one.spot) ask_margin(one.place, *one.spot, requests);
                }
                listed_.push_back(std::move(one));
            }
        }
        if (answers.error()) return fail(*answers.error());
        if (!known_.ok()) return fail(known_.error());
        return requests;
    }

    Result<std::vector<Request>> take_margins(std::span<const Reply> replies) {
        Answers answers(replies);
        for (Listed& one : listed_) {
            if (!one.spot) continue;
            if (const Result<void> taken = take_margin(answers, one.place, *one.spot, one.views.views); !taken) return fail(taken.error());
        }
        return std::vector<Request>{};
    }

    FactsPtr venue_;
    FactReader known_;
    Address owner_;
    std::vector<AccountReading> accounts_;
    std::uint64_t markets_ = 0;
    std::vector<Listed> listed_;
};

}  // namespace

std::unique_ptr<Reading<AccountReadings>> account_reading(FactsPtr venue, const Address& owner) {
    return std::make_unique<OwnerReading>(std::move(venue), owner);
}

std::unique_ptr<Reading<std::vector<AccountViews>>> views_reading(FactsPtr venue, const Address& owner, std::span<const AccountReading> held) {
    return std::make_unique<HeldReading>(std::move(venue), owner, held);
}

}  // namespace margind::adapters::protocols::lyra_avalon
