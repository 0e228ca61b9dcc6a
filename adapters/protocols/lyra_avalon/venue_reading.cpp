// Spot, parameters, boards and vols at one block.
#include "adapters/protocols/lyra_avalon/calls.hpp"
#include "adapters/protocols/lyra_avalon/facts.hpp"
#include "adapters/protocols/lyra_avalon/readings.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

namespace margind::adapters::protocols::lyra_avalon {

namespace {

using model::Address;
using model::Bytes32;
using model::ErrorCode;
using model::fail;
using model::FactsPtr;
using model::I256;
using model::Result;
using model::U256;

/// A struct of words in the contract's order: those with a name become facts.
using Layout = std::span<const char* const>;

constexpr const char* unused = nullptr;
constexpr std::array collateral_layout{"static_quote", "static_base", "shock_vol_a",
                                      "shock_point_a", "shock_vol_b", "shock_point_b", "call_spot_shock",
                                   "put_spot_shock"};
constexpr std::array closing_layout{unused, unused, unused, unused, unused, unused, "close_vol_shock", "close_vol_shock_after_cutoff", unused,
                                "close_spot_minimum"};
constexpr std::array penalty_layout{"penalty_ratio", "liquidator_ratio", "security_module_ratio", "least_fee"};
constexpr std::array pricing_layout{"option_fee", "option_fee_1x", "option_fee_2x", "spot_fee", "spot_fee_1x", "spot_fee_2x", unused, "standard_size",
                                "skew_adjustment"};
constexpr std::array limits_layout{unused, unused, "trading_cutoff", unused, unused, unused,
                                  unused, unused, unused, "least_skew", "largest_skew", "caps_skew"};
/// VarianceFeeParameters begins with the coefficient of ordinary trades.
constexpr std::array variance_layout{unused,           "variance_fee", "skew_fee", "reference_skew", "static_skew",
                                    "vega_fee", "static_vega", "iv_fee",
                                 "static_iv"};

/// The windows, in seconds, that GWAVs are asked over.
struct Windows {
    U256 variance_iv;
    U256 value_iv;
    U256 value_skew;
    U256 close_iv;
    U256 close_skew;
};

struct Board {
    U256 id;
    U256 expiry;
    std::vector<U256> strikes;
    bool live = false;
};

struct Market {
    Address option_market;
    Address greek_cache;
    Address pricer;
    Address option_token;
    Bytes32 base_key;
    std::vector<Board> boards;
    Windows windows;
    /// Why this market could not be read.
    std::optional<model::Error> error;
    std::vector<std::pair<std::string, model::FactValue>> facts;
};

U256 word_of(const Result<U256>& value) { return value ? *value : U256(); }

class VenueReading final : public StagedReading<FactsPtr> {
public:
    VenueReading(FactsPtr config, const model::BlockRef& block) : config_(std::move(config)), time_(block.time) {}

protected:
    Result<std::vector<Request>> stage(unsigned number, std::span<const Reply> replies) override {
        switch (number) {
            case 0: return start();
            case 1: return take_markets(replies);
            case 2: return take_boards(replies);
            default: return std::vector<Request>{};
        }
    }

    Result<FactsPtr> finish() override {
        for (std::size_t i = 0; i < markets_.size(); ++i) {
            if (markets_[i].error) {
                facts_.add(of_market(i, "reason"), to_bytes(markets_[i].error->message));
                continue;
            }
            for (auto& [name, value] : markets_[i].facts) facts_.add(of_market(i, name), std::move(value));
        }
        return std::move(facts_).build();
    }

private:
    Result<std::vector<Request>> start() {
        if (config_->schema() != config_schema) return fail(ErrorCode::unknown_schema, "config facts of schema " + config_->schema());
        FactReader known(*config_);
        adapter_ = known.address("synthetix_adapter");
        exchanger_ = known.address("exchanger");
        const std::uint64_t count = known.count("markets", max_markets);
        for (std::size_t i = 0; i < count; ++i) markets_.push_back(market_of_config(known, i));
        for (const char* name : {"chain_id", "markets"}) facts_.add(name, known.u256(name));
        facts_.add("synthetix_adapter", adapter_);
        facts_.add("time", U256(static_cast<std::uint64_t>(std::max<std::int64_t>(time_, 0))));
        for (std::size_t i = 0; i < count; ++i) {
            for (const char* name : {"greek_cache", "option_market", "pricer", "option_token", "quote", "base"})
                facts_.add(of_market(i, name), known.address(of_market(i, name)));
            facts_.add(of_market(i, "name"), to_bytes(known.text(of_market(i, "name"))));
            facts_.add(of_market(i, "base_key"), markets_[i].base_key);
        }
        if (!known.ok()) return fail(known.error());
        return ask_markets();
    }

    Market market_of_config(FactReader& known, std::size_t i) {
        Market market;
        market.option_market = known.address(of_market(i, "option_market"));
        market.greek_cache = known.address(of_market(i, "greek_cache"));
        market.pricer = known.address(of_market(i, "pricer"));
        market.option_token = known.address(of_market(i, "option_token"));
        if (const model::FactValue* key = config_->find(of_market(i, "base_key")); key != nullptr)
            if (const auto* bytes = std::get_if<Bytes32>(key)) market.base_key = *bytes;
        const std::uint64_t boards = known.count(of_market(i, "boards"), max_boards);
        for (std::size_t j = 0; j < boards; ++j) {
            const std::string prefix = "boards." + std::to_string(j) + '.';
            Board board;
            board.id = known.u256(of_market(i, prefix + "id"));
            board.expiry = known.u256(of_market(i, prefix + "expiry"));
            const std::uint64_t strikes = known.count(of_market(i, prefix + "strikes"), max_strikes);
            for (std::size_t k = 0; k < strikes; ++k) board.strikes.push_back(known.u256(of_market(i, prefix + std::to_string(k))));
            market.boards.push_back(std::move(board));
        }
        return market;
    }

    std::vector<Request> ask_markets() const {
        std::vector<Request> requests{view(adapter_, "isGlobalPaused()")};
        for (const Market& market : markets_) {
            requests.push_back(view(market.option_market, "getLiveBoards()"));
            requests.push_back(view(adapter_, "isMarketPaused(address)", evm::AbiWriter().address(market.option_market)));
            requests.push_back(view(adapter_, "getSpotPrice(bytes32)", evm::AbiWriter().bytes32(market.base_key)));
            requests.push_back(view(adapter_, "quoteKey(address)", evm::AbiWriter().address(market.option_market)));
            requests.push_back(view(market.greek_cache, "getGreekCacheParams()"));
            requests.push_back(view(market.greek_cache, "getForceCloseParams()"));
            requests.push_back(view(market.greek_cache, "getMinCollatParams()"));
            requests.push_back(view(market.option_token, "partialCollatParams()"));
            requests.push_back(view(market.pricer, "getPricingParams()"));
            requests.push_back(view(market.pricer, "getTradeLimitParams()"));
            requests.push_back(view(market.pricer, "getVarianceFeeParams()"));
            requests.push_back(view(market.option_market, "getOptionMarketParams()"));
        }
        return requests;
    }

    Result<std::vector<Request>> take_markets(std::span<const Reply> replies) {
        Answers first(replies);
        const bool all_paused = first.boolean("SynthetixAdapter.isGlobalPaused");
        if (first.error()) return fail(*first.error());
        facts_.add("paused", all_paused);
        constexpr std::size_t each = 12;
        std::vector<Request> requests;
        for (std::size_t i = 0; i < markets_.size(); ++i) {
            Answers answers(replies.subspan(std::min(replies.size(), 1 + i * each)));
            if (const Result<void> fits = take_market(answers, markets_[i]); !fits) return fail(fits.error());
            if (answers.error()) markets_[i].error = *answers.error();
            if (!markets_[i].error) ask_boards(markets_[i], requests);
        }
        return requests;
    }

    Result<void> take_market(Answers& answers, Market& market) {
        const std::string where = "market " + market.option_market.to_string() + ": ";
        const auto live = answers.take(where + "getLiveBoards", [](evm::AbiReader& reader) {
            return reader.array(max_boards, [](evm::AbiReader& inner) { return inner.u256(); });
        });
        for (const U256& id : live) {
            const auto known = std::find_if(market.boards.begin(), market.boards.end(), [&](const Board& board) { return board.id == id; });
            if (known == market.boards.end())
                return fail(ErrorCode::missing, where + "board " + id.to_decimal() + " is new: read the configuration anew");
            known->live = true;
        }
        add(market, "paused", answers.boolean(where + "isMarketPaused"));
        const Result<U256> spot = answers.attempt_u256(where + "getSpotPrice");
        if (spot)
            add(market, "spot", *spot);
        else
            add(market, "spot_refused", to_bytes(spot.error().message));
        market_keys_.push_back(answers.take(where + "quoteKey", [](evm::AbiReader& r) { return r.bytes32(); }));
        answers.take(where + "getGreekCacheParams", [&](evm::AbiReader& reader) {
            reader.skip(3);
            market.windows.variance_iv = reader.u256();
            reader.skip(1);
            market.windows.value_iv = reader.u256();
            market.windows.value_skew = reader.u256();
            reader.skip(2);
            add(market, "rate", reader.i256());
            return true;
        });
        answers.take(where + "getForceCloseParams", [&](evm::AbiReader& reader) {
            evm::AbiReader& fields = reader;
            market.windows.close_iv = fields.u256();
            market.windows.close_skew = fields.u256();
            return take_words(fields, closing_layout, market, 2);
        });
        const auto words = [&](const char* name, const Layout& layout) {
            answers.take(where + name, [&](evm::AbiReader& reader) { return take_words(reader, layout, market, 0); });
        };
        words("getMinCollatParams", collateral_layout);
        words("partialCollatParams", penalty_layout);
        words("getPricingParams", pricing_layout);
        words("getTradeLimitParams", limits_layout);
        words("getVarianceFeeParams", variance_layout);
        answers.take(where + "getOptionMarketParams", [&](evm::AbiReader& reader) {
            reader.skip(3);
            add(market, "base_settlement_fee", reader.u256());
            return true;
        });
        return {};
    }

    static void add(Market& market, std::string name, model::FactValue value) { market.facts.emplace_back(std::move(name), std::move(value)); }

    static bool take_words(evm::AbiReader& reader, const Layout& layout, Market& market, std::size_t from) {
        for (std::size_t i = from; i < layout.size(); ++i) {
            const char* name = layout[i];
            if (name == unused)
                reader.skip(1);
            else
                add(market, name, reader.u256());
        }
        return true;
    }

    /// Two numbers where a board lives, one where it was settled; then its strikes.
    void ask_boards(const Market& market, std::vector<Request>& requests) const {
        requests.push_back(view(exchanger_, "feeRateForExchange(bytes32,bytes32)",
                                evm::AbiWriter().bytes32(market.base_key)
                                .bytes32(market_keys_[static_cast<std::size_t>(&market - markets_.data())])));
        const auto ask = [&](const Address& to, std::string_view signature, const U256& id) {
            requests.push_back(view(to, signature, evm::AbiWriter().u256(id)));
        };
        const auto ask_gwav = [&](std::string_view signature, const U256& id, const U256& window) {
            requests.push_back(view(market.greek_cache, signature, evm::AbiWriter().u256(id).u256(window)));
        };
        for (const Board& board : market.boards) {
            if (!board.live) {
                ask(market.option_market, "boardToPriceAtExpiry(uint256)", board.id);
                for (const U256& strike : board.strikes) ask(market.option_market, "getSettlementParameters(uint256)", strike);
                continue;
            }
            ask(market.option_market, "getOptionBoard(uint256)", board.id);
            for (const U256& window : {market.windows.value_iv, market.windows.close_iv, market.windows.variance_iv})
                ask_gwav("getIvGWAV(uint256,uint256)", board.id, window);
            for (const U256& strike : board.strikes) {
                ask(market.option_market, "getStrike(uint256)", strike);
                for (const U256& window : {market.windows.value_skew, market.windows.close_skew})
                    ask_gwav("getSkewGWAV(uint256,uint256)", strike, window);
            }
        }
    }

    Result<std::vector<Request>> take_boards(std::span<const Reply> replies) {
        Answers answers(replies);
        for (std::size_t i = 0; i < markets_.size(); ++i) {
            Market& market = markets_[i];
            if (market.error) continue;
            const Result<U256> fee = answers.attempt_u256("feeRateForExchange");
            // What a liquidator gets for base is no part of any margin; an exchanger that refuses is taken as free.
            add(market, "base_quote_fee", word_of(fee));
            for (const Board& board : market.boards)
                if (const Result<void> fits = board.live ? take_live(answers, market, board) : take_settled(answers, market, board); !fits)
                    return fail(fits.error());
            if (answers.error()) market.error = *answers.error();
            answers.forgive();
        }
        return std::vector<Request>{};
    }

    Result<void> take_live(Answers& answers, Market& market, const Board& board) {
        const std::string id = board.id.to_decimal();
        const std::string prefix = "board." + id + '.';
        const std::string where = "market " + market.option_market.to_string() + " board " + id + ": ";
        std::vector<U256> strikes;
        const bool read = answers.take(where + "getOptionBoard", [&](evm::AbiReader& reader) {
            evm::AbiReader fields = reader.tuple();
            fields.skip(1);
            add(market, prefix + "expiry", fields.u256());
            add(market, prefix + "iv", fields.u256());
            add(market, prefix + "frozen", fields.boolean());
            strikes = fields.array(max_strikes, [](evm::AbiReader& inner) { return inner.u256(); });
            return true;
        });
        for (const char* name : {"iv_gwav", "close_iv_gwav", "variance_iv_gwav"}) add(market, prefix + name, answers.u256(where + "getIvGWAV"));
        if (read && strikes != board.strikes) return fail(ErrorCode::missing, where + "has other strikes: read the configuration anew");
        for (const U256& strike : board.strikes) {
            const std::string of = "strike." + strike.to_decimal() + '.';
            const std::string what = where + "strike " + strike.to_decimal() + ": ";
            add(market, of + "board", board.id);
            answers.take(what + "getStrike", [&](evm::AbiReader& reader) {
                reader.skip(1);
                add(market, of + "price", reader.u256());
                add(market, of + "skew", reader.u256());
                return true;
            });
            for (const char* name : {"skew_gwav", "close_skew_gwav"}) add(market, of + name, answers.u256(what + "getSkewGWAV"));
        }
        return {};
    }

    Result<void> take_settled(Answers& answers, Market& market, const Board& board) {
        const std::string id = board.id.to_decimal();
        const std::string where = "market " + market.option_market.to_string() + " board " + id + ": ";
        add(market, "board." + id + ".expiry", board.expiry);
        add(market, "board." + id + ".price_at_expiry", answers.u256(where + "boardToPriceAtExpiry"));
        for (const U256& strike : board.strikes) {
            const std::string of = "strike." + strike.to_decimal() + '.';
            add(market, of + "board", board.id);
            answers.take(where + "getSettlementParameters", [&](evm::AbiReader& reader) {
                add(market, of + "price", reader.u256());
                reader.skip(1);
                add(market, of + "base_ratio", reader.u256());
                return true;
            });
        }
        return {};
    }

    FactsPtr config_;
    std::int64_t time_;
    Address adapter_;
    Address exchanger_;
    std::vector<Market> markets_;
    /// quoteKey of each.
    std::vector<Bytes32> market_keys_;
    model::FactsBuilder facts_{venue_schema};
};

}  // namespace

std::unique_ptr<Reading<FactsPtr>> venue_reading(FactsPtr config, const model::BlockRef& block) {
    return std::make_unique<VenueReading>(std::move(config), block);
}

}  // namespace margind::adapters::protocols::lyra_avalon
