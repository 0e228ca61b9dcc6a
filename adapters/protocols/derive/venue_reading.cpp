// Prices and parameters of one block, for every market and every portfolio manager.
#include "adapters/evm/answers.hpp"
#include "adapters/protocols/derive/parameters.hpp"
#include "adapters/protocols/derive/readings.hpp"
#include "adapters/protocols/derive/schema.hpp"
#include "adapters/protocols/derive/stale_feeds.hpp"

#include <array>
#include <set>

namespace margind::adapters::protocols::derive {
namespace {

using evm::AbiWriter;
using evm::Answers;
using evm::view;
using model::Address;
using model::ErrorCode;
using model::U256;

Feed price_and_confidence(evm::AbiReader& r) {
    Feed feed;
    feed.price = I256::from(r.uint(255)).value_or(I256());
    feed.confidence = I256::from(r.uint(255)).value_or(I256());
    return feed;
}

/// A view that gives so many numbers, under these names.
template <std::size_t N>
struct Figures {
    const char* signature;
    std::array<const char*, N> names;
};

constexpr Figures<4> basis_parameters{"getBasisContingencyParams()", {"basis_spot_up", "basis_spot_down", "basis_addition", "basis_multiple"}};
constexpr Figures<8> second_margin{"getMarginParams()",
                                   {"initial_factor", "maintenance_factor", "short_rate_multiple", "long_rate_multiple", "short_rate_addition",
                                    "long_rate_addition", "short_base_discount", "long_base_discount"}};
constexpr Figures<8> second_other{"getOtherContingencyParams()",
                                  {"peg_loss_threshold", "peg_loss_factor", "confidence_threshold", "confidence_margin", "maintenance_perp",
                                   "initial_perp", "maintenance_option", "initial_option"}};
constexpr Figures<6> second_vol{"getVolShockParams()",
                                {"vol_range_up", "vol_range_down", "short_term_power", "long_term_power", "dte_floor_s", "min_vol_up_shock"}};
constexpr Figures<8> second_skew{
    "getSkewShockParams()",
    {"linear_base_cap", "absolute_base_cap", "linear_base_slope", "absolute_base_slope", "min_k_star", "width_scale", "vol_static", "vol_scale"}};
constexpr Figures<4> first_margin{"getStaticDiscountParams()", {"initial_factor", "long_rate_multiple", "long_rate_addition", "long_base_discount"}};
constexpr Figures<7> first_other{
    "getOtherContingencyParams()",
    {"peg_loss_threshold", "peg_loss_factor", "confidence_threshold", "confidence_margin", "base_percent", "maintenance_perp", "maintenance_option"}};
constexpr Figures<5> first_vol{"getVolShockParams()", {"vol_range_up", "vol_range_down", "short_term_power", "long_term_power", "dte_floor_s"}};

constexpr Figures<2> perp_requirements{"perpMarginRequirements(uint256)", {"perp_maintenance", "perp_initial"}};
constexpr Figures<8> option_parameters{"optionMarginParams(uint256)",
                                       {"max_spot", "min_spot", "maintenance_call_spot", "maintenance_put_spot", "maintenance_put_mtm",
                                        "unpaired_initial", "unpaired_maintenance", "maintenance_offset"}};
constexpr Figures<2> base_parameters{"baseMarginParams(uint256)", {"base_factor", "base_initial_scale"}};
constexpr Figures<4> contingency_parameters{
    "oracleContingencyParams(uint256)",
    {"perp_confidence_threshold", "option_confidence_threshold", "base_confidence_threshold", "confidence_factor"}};

class VenueReading final : public Reading<model::FactsPtr> {
public:
    VenueReading(model::FactsPtr config, const model::BlockRef& block)
        : config_(std::move(config)), known_(*config_), now_(static_cast<std::uint64_t>(block.time)) {
        standard_ = known_.address("standard_manager");
        market_count_ = known_.count("markets", most_markets);
        manager_count_ = known_.count("managers", most_managers);
        for (std::size_t i = known_.count("feeds", most_feeds); i-- > 0;)
            if (known_.boolean(item(feeds, i, "layout_known"))) readable_.insert(known_.address(item(feeds, i, "address")));
        for (std::size_t i = 0; i < config_->size(); ++i) facts_.add(config_->name(i), config_->value(i));
        facts_.add("time", U256(now_));
        if (config_->schema() != config_schema)
            error_ = model::Error{ErrorCode::unknown_schema, "configuration facts of schema " + config_->schema()};
        else if (!known_.ok()) error_ = known_.error();
    }

    std::vector<Request> next(std::span<const Reply> replies) override {
        if (error_) return {};
        Answers answers(replies);
        std::vector<Request> requests;
        switch (round_++) {
            case 0: requests = ask(); break;
            case 1: take(answers); requests = ask_stored(); break;
            case 2: take_stored(answers); break;
            default: break;
        }
        if (!error_) error_ = answers.error();
        if (!error_ && !known_.ok()) error_ = known_.error();
        if (error_) requests.clear();
        return requests;
    }

    model::Result<model::FactsPtr> result() override {
        if (error_) return model::fail(*error_);
        return std::move(facts_).build();
    }

private:
    std::vector<Request> ask() {
        std::vector<Request> requests{view(known_.address("stable_feed"), "getSpot()"), view(standard_, "depegParams()"),
                                      view(known_.address("auction"), "getAuctionParams()")};
        for (std::size_t i = 0; i < market_count_; ++i) {
            ask_currency(requests, markets, i);
            for (const char* signature :
                 {perp_requirements.signature, option_parameters.signature, base_parameters.signature, contingency_parameters.signature})
                requests.push_back(view(standard_, signature, AbiWriter().u256(known_.u256(item(markets, i, "id")))));
        }
        for (std::size_t i = 0; i < manager_count_; ++i) {
            ask_currency(requests, managers, i);
            requests.push_back(view(known_.address(item(managers, i, "stable_feed")), "getSpot()"));
            requests.push_back(view(known_.address(item(managers, i, "address")), "getScenarios()"));
            const Address lib = known_.address(item(managers, i, "lib"));
            for (const char* signature : lib_views(is_second(i))) requests.push_back(view(lib, signature));
            if (!is_second(i)) continue;
            const std::string list = list_of(managers, i, "collateral");
            for (std::size_t j = 0; j < known_.count(list + 's', most_markets); ++j) {
                requests.push_back(view(known_.address(item(list, j, "feed")), "getSpot()"));
                requests.push_back(view(lib, "getCollateralParameters(address)", AbiWriter().address(known_.address(item(list, j, "asset")))));
            }
        }
        return requests;
    }

    static std::vector<const char*> lib_views(bool second) {
        if (second) return {second_margin.signature, basis_parameters.signature, second_other.signature, second_vol.signature, second_skew.signature};
        return {first_margin.signature, basis_parameters.signature, first_other.signature, first_vol.signature};
    }
    bool is_second(std::size_t i) { return known_.u256(item(managers, i, "kind")) == U256(static_cast<std::uint64_t>(ManagerKind::pmrm_2)); }

    void ask_currency(std::vector<Request>& requests, const char* list, std::size_t i) {
        requests.push_back(view(known_.address(item(list, i, "spot_feed")), "getSpot()"));
        const Address perp = known_.address(item(list, i, "perp"));
        if (perp.is_zero()) return;
        const Address feed = known_.address(item(list, i, "perp_feed"));
        requests.push_back(view(perp, "getPerpPrice()"));
        requests.push_back(view(perp, "getFundingRate()"));
        requests.push_back(view(feed, "spotDiffDetails()"));
        requests.push_back(view(feed, "spotDiffCap()"));
    }

    void take(Answers& answers) {
        take_spot(answers, "stable_", known_.address("stable_feed"));
        const auto depeg = answers.take("StandardManager.depegParams", [](evm::AbiReader& r) { return std::array{r.u256(), r.u256()}; });
        add("depeg_threshold", depeg[0]);
        add("depeg_factor", depeg[1]);
        const auto auction = answers.take("DutchAuction.getAuctionParams", [](evm::AbiReader& r) {
            std::array<U256, 7> read{};
            for (U256& value : read) value = r.u256();
            return read;
        });
        add("auction_fast_cutoff", auction[1]);
        add("auction_liquidator_fee", auction[5]);
        add("auction_buffer_margin", auction[6]);
        for (std::size_t i = 0; i < market_count_; ++i) {
            take_currency(answers, markets, i);
            const std::string prefix = item(markets, i, "");
            take_figures(answers, perp_requirements, prefix);
            take_figures(answers, option_parameters, prefix);
            take_figures(answers, base_parameters, prefix);
            take_figures(answers, contingency_parameters, prefix);
        }
        for (std::size_t i = 0; i < manager_count_; ++i) take_manager(answers, i);
    }

    void take_manager(Answers& answers, std::size_t i) {
        take_currency(answers, managers, i);
        const std::string prefix = item(managers, i, "");
        take_spot(answers, prefix + "stable_", known_.address(prefix + "stable_feed"));
        const bool second = is_second(i);
        struct Row {
            U256 spot, vol, dampening;
        };
        const std::vector<Row> scenarios = answers.take("getScenarios", [&](evm::AbiReader& r) {
            return r.array(most_scenarios, [&](evm::AbiReader& e) {
                Row row;
                row.spot = e.u256();
                row.vol = e.uint(8);
                row.dampening = second ? e.u256() : U256(1'000'000'000'000'000'000ULL);
                return row;
            });
        });
        const std::string list = list_of(managers, i, "scenario");
        facts_.add(list + 's', U256(scenarios.size()));
        for (std::size_t k = 0; k < scenarios.size(); ++k) {
            add(item(list, k, "spot"), scenarios[k].spot);
            facts_.add(item(list, k, "vol"), scenarios[k].vol);
            add(item(list, k, "dampening"), scenarios[k].dampening);
        }
        if (second) take_figures(answers, second_margin, prefix);
        else take_figures(answers, first_margin, prefix);
        take_figures(answers, basis_parameters, prefix);
        if (second) {
            take_figures(answers, second_other, prefix);
            take_figures(answers, second_vol, prefix);
            take_figures(answers, second_skew, prefix);
        } else {
            take_figures(answers, first_other, prefix);
            take_figures(answers, first_vol, prefix);
        }
        if (second) take_collaterals(answers, i);
    }

    void take_collaterals(Answers& answers, std::size_t i) {
        const std::string list = list_of(managers, i, "collateral");
        for (std::size_t j = 0; j < known_.count(list + 's', most_markets); ++j) {
            const std::string prefix = item(list, j, "");
            take_spot(answers, prefix, known_.address(prefix + "feed"));
            struct Terms {
                bool enabled, cancelling;
                U256 maintenance, initial;
            };
            const Terms terms = answers.take("PMRMLib_2.getCollateralParameters", [](evm::AbiReader& r) {
                Terms read{};
                read.enabled = r.boolean();
                read.cancelling = r.boolean();
                read.maintenance = r.u256();
                read.initial = r.u256();
                return read;
            });
            facts_.add(prefix + "enabled", terms.enabled);
            facts_.add(prefix + "risk_cancelling", terms.cancelling);
            add(prefix + "maintenance_haircut", terms.maintenance);
            add(prefix + "initial_haircut", terms.initial);
        }
    }

    void take_currency(Answers& answers, const char* list, std::size_t i) {
        const std::string prefix = item(list, i, "");
        take_spot(answers, prefix + "spot_", known_.address(prefix + "spot_feed"));
        if (known_.address(prefix + "perp").is_zero()) return;
        const auto price = answers.attempt("PerpAsset.getPerpPrice", price_and_confidence);
        const auto rate = answers.attempt("PerpAsset.getFundingRate", [](evm::AbiReader& r) { return r.i256(); });
        struct Details {
            I256 difference;
            U256 confidence;
        };
        const Details details = answers.take("LyraSpotDiffFeed.spotDiffDetails", [](evm::AbiReader& r) {
            Details read;
            read.difference = r.sint(96);
            read.confidence = r.uint(64);
            return read;
        });
        facts_.add(prefix + "difference", details.difference);
        facts_.add(prefix + "difference_cap", answers.i256("LyraSpotDiffFeed.spotDiffCap"));
        facts_.add(prefix + "funding_rate", rate ? *rate : I256());
        facts_.add(prefix + "perp_stale", !price && is_stale(price.error()));
        if (price) {
            facts_.add(prefix + "perp_price", price->price);
            facts_.add(prefix + "perp_confidence", price->confidence);
        } else if (is_stale(price.error())) {
            facts_.add(prefix + "perp_confidence", I256::from(details.confidence).value_or(I256()));
        } else {
            facts_.add(prefix + "perp_reason", to_bytes(price.error().message));
        }
    }

    /// A price, or the reason why there is none; a stale one is asked for again in the feed's storage.
    void take_spot(Answers& answers, const std::string& prefix, const Address& feed) {
        const auto read = answers.attempt("getSpot of " + feed.to_string(), price_and_confidence);
        if (read) {
            facts_.add(prefix + "price", read->price);
            facts_.add(prefix + "confidence", read->confidence);
            facts_.add(prefix + "stale", false);
        } else if (is_stale(read.error()) && readable_.contains(feed)) {
            stored_.push_back({prefix, feed});
        } else {
            facts_.add(prefix + "reason",
                       to_bytes(read.error().message + (is_stale(read.error()) ? "; the layout of its storage is not the one known" : "")));
        }
    }

    std::vector<Request> ask_stored() const {
        std::vector<Request> requests;
        for (const Stored& row : stored_)
            for (Request& request : spot_slots(row.feed)) requests.push_back(std::move(request));
        return requests;
    }

    void take_stored(Answers& answers) {
        for (const Stored& row : stored_) {
            const std::array words{answers.u256("storage of " + row.feed.to_string())};
            const auto feed = stored_spot(words, now_);
            if (!feed) {
                facts_.add(row.prefix + "reason", to_bytes("stale price of " + row.feed.to_string() + ": " + feed.error().message));
                continue;
            }
            facts_.add(row.prefix + "price", feed->price);
            facts_.add(row.prefix + "confidence", feed->confidence);
            facts_.add(row.prefix + "stale", true);
        }
    }

    void add(const std::string& name, const U256& value) {
        const std::optional<I256> number = I256::from(value);
        if (!number && !error_) error_ = model::Error{ErrorCode::decode, name + " is " + value.to_decimal()};
        facts_.add(name, number.value_or(I256()));
    }

    template <std::size_t N>
    void take_figures(Answers& answers, const Figures<N>& figures, const std::string& prefix) {
        const auto values = answers.take(figures.signature, [](evm::AbiReader& r) {
            std::array<I256, N> read{};
            for (I256& value : read) value = r.i256();
            return read;
        });
        for (std::size_t k = 0; k < N; ++k) facts_.add(prefix + figures.names[k], values[k]);
    }

    struct Stored {
        std::string prefix;
        Address feed;
    };

    model::FactsPtr config_;
    FactReader known_;
    std::uint64_t now_;
    Address standard_;
    std::uint64_t market_count_ = 0;
    std::uint64_t manager_count_ = 0;
    std::set<Address> readable_;
    std::vector<Stored> stored_;
    model::FactsBuilder facts_{venue_schema};
    int round_ = 0;
    std::optional<model::Error> error_;
};

}  // namespace

std::unique_ptr<Reading<model::FactsPtr>> venue_reading(model::FactsPtr config, const model::BlockRef& block) {
    return std::make_unique<VenueReading>(std::move(config), block);
}

}  // namespace margind::adapters::protocols::derive
