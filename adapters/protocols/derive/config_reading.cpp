// From the Standard Manager and the listed portfolio managers to every asset and feed.
#include "adapters/evm/answers.hpp"
#include "adapters/protocols/derive/readings.hpp"
#include "adapters/protocols/derive/schema.hpp"
#include "adapters/protocols/derive/stale_feeds.hpp"

#include <set>

namespace margind::adapters::protocols::derive {
namespace {

using evm::AbiWriter;
using evm::Answers;
using evm::view;
using model::Address;
using model::ErrorCode;
using model::U256;

constexpr std::uint64_t option_type = 1;
constexpr std::uint64_t perp_type = 2;
constexpr std::uint64_t base_type = 3;

class ConfigReading final : public Reading<model::FactsPtr> {
public:
    explicit ConfigReading(const config::Venue& settings)
        : chain_(settings.id.chain),
          standard_(settings.addresses.at("standard_manager")),
          matching_(settings.addresses.at("matching")),
          portfolio_(settings.lists.at("portfolio_managers")) {}

    std::vector<Request> next(std::span<const Reply> replies) override {
        Answers answers(replies);
        std::vector<Request> requests;
        switch (round_++) {
            case 0: requests = ask_core(); break;
            case 1: take_core(answers); requests = ask_assets(); break;
            case 2: take_assets(answers); requests = ask_feeds(); break;
            case 3: take_feeds(answers); break;
            default: break;
        }
        if (!error_) error_ = answers.error();
        if (error_) requests.clear();
        return requests;
    }

    model::Result<model::FactsPtr> result() override {
        if (error_) return model::fail(*error_);
        facts_.add("chain_id", U256(chain_.value));
        facts_.add("standard_manager", standard_);
        facts_.add("matching", matching_);
        facts_.add("subaccounts", subaccounts_);
        facts_.add("markets", U256(market_count_));
        facts_.add("managers", U256(portfolio_.size()));
        return std::move(facts_).build();
    }

private:
    std::vector<Request> ask_core() const {
        return {Code{standard_},
                Code{matching_},
                view(standard_, "subAccounts()"),
                view(matching_, "subAccounts()"),
                view(standard_, "cashAsset()"),
                view(standard_, "liquidation()"),
                view(standard_, "stableFeed()"),
                view(standard_, "lastMarketId()")};
    }

    void take_core(Answers& answers) {
        if (answers.bytes("code of the standard_manager").empty() && !answers.error())
            refuse(ErrorCode::no_code, "no contract at the standard_manager " + standard_.to_string());
        if (answers.bytes("code of matching").empty() && !answers.error())
            refuse(ErrorCode::no_code, "no contract at matching " + matching_.to_string());
        subaccounts_ = answers.address("StandardManager.subAccounts");
        const Address matched = answers.address("Matching.subAccounts");
        if (matched != subaccounts_)
            refuse(ErrorCode::decode,
                   "matching " + matching_.to_string() + " holds accounts of " + matched.to_string() + ", not of " + subaccounts_.to_string());
        facts_.add("cash_asset", answers.address("StandardManager.cashAsset"));
        facts_.add("auction", answers.address("StandardManager.liquidation"));
        const Address stable = answers.address("StandardManager.stableFeed");
        facts_.add("stable_feed", stable);
        feeds_.insert(stable);
        const U256 count = answers.u256("StandardManager.lastMarketId");
        if (count > U256(most_markets)) refuse(ErrorCode::limit, "StandardManager.lastMarketId gave " + count.to_decimal());
        market_count_ = count.to_u64().value_or(0);
    }

    std::vector<Request> ask_assets() const {
        std::vector<Request> requests;
        for (std::uint64_t id = 1; id <= market_count_; ++id) {
            for (const std::uint64_t type : {option_type, perp_type, base_type})
                requests.push_back(view(standard_, "assetMap(uint256,uint8)", AbiWriter().u256(U256(id)).u256(U256(type))));
            requests.push_back(view(standard_, "getMarketFeeds(uint256)", AbiWriter().u256(U256(id))));
        }
        for (const Address& manager : portfolio_)
            for (const char* name : {"option()", "perp()", "lib()", "spotFeed()", "forwardFeed()", "volFeed()", "interestRateFeed()", "stableFeed()",
                                     "subAccounts()", "baseAsset()"})
                requests.push_back(view(manager, name));
        return requests;
    }

    void take_assets(Answers& answers) {
        for (std::size_t i = 0; i < market_count_; ++i) {
            const std::string id = "StandardManager.assetMap of market " + std::to_string(i + 1);
            facts_.add(item(markets, i, "id"), U256(i + 1));
            facts_.add(item(markets, i, "option"), answers.address(id));
            add_perp(markets, i, answers.address(id));
            const Address base = answers.address(id);
            facts_.add(item(markets, i, "base"), base);
            if (!base.is_zero()) bases_.insert(base);
            struct Three {
                Address spot, forward, vol;
            };
            const Three found = answers.take("StandardManager.getMarketFeeds", [](evm::AbiReader& r) {
                Three read;
                read.spot = r.address();
                read.forward = r.address();
                read.vol = r.address();
                return read;
            });
            add_feed(markets, i, "spot_feed", found.spot);
            add_feed(markets, i, "forward_feed", found.forward);
            add_feed(markets, i, "vol_feed", found.vol);
        }
        for (std::size_t i = 0; i < portfolio_.size(); ++i) {
            const std::string name = "portfolio manager " + portfolio_[i].to_string();
            facts_.add(item(managers, i, "address"), portfolio_[i]);
            facts_.add(item(managers, i, "option"), answers.address(name + ".option"));
            add_perp(managers, i, answers.address(name + ".perp"));
            facts_.add(item(managers, i, "lib"), answers.address(name + ".lib"));
            for (const char* feed : {"spot_feed", "forward_feed", "vol_feed", "rate_feed", "stable_feed"})
                add_feed(managers, i, feed, answers.address(name + '.' + feed));
            const Address holds = answers.address(name + ".subAccounts");
            if (holds != subaccounts_)
                refuse(ErrorCode::decode, name + " is of the accounts " + holds.to_string() + ", not of " + subaccounts_.to_string());
            // The first version has one base token; the second has a feed for each token.
            const auto base = answers.attempt("baseAsset", [](evm::AbiReader& r) { return r.address(); });
            facts_.add(item(managers, i, "kind"), U256(static_cast<std::uint64_t>(base ? ManagerKind::pmrm : ManagerKind::pmrm_2)));
            facts_.add(item(managers, i, "base"), base ? *base : Address{});
            if (!base) second_.push_back(i);
        }
    }

    void add_feed(const char* list, std::size_t i, const char* name, const Address& feed) {
        facts_.add(item(list, i, name), feed);
        if (!feed.is_zero()) feeds_.insert(feed);
    }
    void add_perp(const char* list, std::size_t i, const Address& perp) {
        facts_.add(item(list, i, "perp"), perp);
        if (!perp.is_zero()) perps_.push_back({list, i, perp});
    }

    std::vector<Request> ask_feeds() {
        std::vector<Request> requests;
        for (const PerpOf& perp : perps_) requests.push_back(view(perp.asset, "perpFeed()"));
        for (const std::size_t i : second_)
            for (const Address& base : bases_) requests.push_back(view(portfolio_[i], "collateralSpotFeeds(address)", AbiWriter().address(base)));
        for (const Address& feed : feeds_) {
            requests.push_back(StorageAt{feed, U256(header_slot)});
            requests.push_back(view(feed, "requiredSigners()"));
            requests.push_back(view(feed, "heartbeat()"));
            requests.push_back(StorageAt{feed, U256(forward_header_slot)});
            requests.push_back(view(feed, "maxExpiry()"));
            requests.push_back(view(feed, "settlementHeartbeat()"));
        }
        return requests;
    }

    void take_feeds(Answers& answers) {
        for (const PerpOf& perp : perps_)
            facts_.add(item(perp.list, perp.index, "perp_feed"), answers.address("PerpAsset.perpFeed of " + perp.asset.to_string()));
        for (const std::size_t i : second_) {
            const std::string list = list_of(managers, i, "collateral");
            std::size_t count = 0;
            for (const Address& base : bases_) {
                const Address feed = answers.address("PMRM_2.collateralSpotFeeds");
                if (feed.is_zero()) continue;
                facts_.add(item(list, count, "asset"), base);
                facts_.add(item(list, count++, "feed"), feed);
            }
            facts_.add(list + 's', U256(count));
        }
        std::size_t index = 0;
        for (const Address& feed : feeds_) {
            const auto word = [&] { return answers.attempt_u256("feed"); };
            const auto slot = word();
            const auto signers = word();
            const auto heartbeat = word();
            const auto forward_slot = word();
            const auto max_expiry = word();
            const auto settlement = word();
            bool known = slot && signers && heartbeat && header_is_known(*slot, *signers, *heartbeat);
            if (max_expiry && settlement) known = known && forward_slot && forward_header_is_known(*forward_slot, *max_expiry, *settlement);
            facts_.add(item(feeds, index, "address"), feed);
            facts_.add(item(feeds, index++, "layout_known"), known);
        }
        facts_.add("feeds", U256(index));
    }

    void refuse(ErrorCode code, std::string message) {
        if (!error_) error_ = model::Error{code, std::move(message) + " on chain " + std::to_string(chain_.value)};
    }

    struct PerpOf {
        const char* list;
        std::size_t index;
        Address asset;
    };

    model::ChainId chain_;
    Address standard_;
    Address matching_;
    std::vector<Address> portfolio_;
    Address subaccounts_;
    std::uint64_t market_count_ = 0;
    std::vector<PerpOf> perps_;
    std::vector<std::size_t> second_;
    std::set<Address> bases_;
    std::set<Address> feeds_;
    model::FactsBuilder facts_{config_schema};
    int round_ = 0;
    std::optional<model::Error> error_;
};

}  // namespace

std::unique_ptr<Reading<model::FactsPtr>> config_reading(const config::Venue& settings) { return std::make_unique<ConfigReading>(settings); }

}  // namespace margind::adapters::protocols::derive
