// Reads one block of the comet: indices, rates, prices and each asset's factors.
#include "adapters/protocols/compound_v3/facts.hpp"
#include "adapters/protocols/compound_v3/readings.hpp"
#include "adapters/staged_reading.hpp"

namespace margind::adapters::protocols::compound_v3 {

using model::Address;
using model::ErrorCode;
using model::fail;
using model::FactsPtr;
using model::Result;
using model::U256;

namespace {

const evm::Function totals_basic("totalsBasic()");
const evm::Function get_utilization("getUtilization()");
const evm::Function get_borrow_rate("getBorrowRate(uint256)");
const evm::Function get_supply_rate("getSupplyRate(uint256)");
const evm::Function get_price("getPrice(address)");
const evm::Function base_token_price_feed("baseTokenPriceFeed()");
const evm::Function num_assets("numAssets()");
const evm::Function get_asset_info("getAssetInfo(uint8)");
const evm::Function totals_collateral("totalsCollateral(address)");
const evm::Function is_absorb_paused("isAbsorbPaused()");

constexpr std::size_t fixed_requests = 6;
constexpr std::size_t requests_per_asset = 3;

struct AssetInfo {
    Address token;
    Address feed;
    U256 scale;
    U256 borrow_factor;
    U256 liquidate_factor;
    U256 liquidation_factor;
    U256 supply_cap;
};

AssetInfo read_asset_info(evm::AbiReader& reader) {
    reader.skip(1);
    AssetInfo info;
    info.token = reader.address();
    info.feed = reader.address();
    info.scale = reader.uint(64);
    info.borrow_factor = reader.uint(64);
    info.liquidate_factor = reader.uint(64);
    info.liquidation_factor = reader.uint(64);
    info.supply_cap = reader.uint(128);
    return info;
}

struct Totals {
    U256 supply_index;
    U256 borrow_index;
    std::uint64_t last_accrual = 0;
};

Totals read_totals(evm::AbiReader& reader) {
    Totals totals;
    totals.supply_index = reader.uint(64);
    totals.borrow_index = reader.uint(64);
    // Tracking indices and totals in principal.
    reader.skip(4);
    totals.last_accrual = reader.u64(40);
    return totals;
}

model::Error outdated(const std::string& what) {
    return {ErrorCode::missing, what + " changed since the configuration was read: read it again"};
}

class VenueReading final : public StagedReading<FactsPtr> {
public:
    VenueReading(FactsPtr config, const model::BlockRef& block) : config_(std::move(config)), block_(block) {}

protected:
    Result<std::vector<Request>> stage(unsigned number, std::span<const Reply> replies) override {
        switch (number) {
            case 0: return ask();
            case 1: return take(replies);
            case 2: return take_rates(replies);
            default: return std::vector<Request>{};
        }
    }

    Result<FactsPtr> finish() override { return std::move(facts_).build(); }

private:
    Result<std::vector<Request>> ask() {
        if (config_->schema() != config_schema)
            return fail(ErrorCode::unknown_schema, "configuration facts have schema " + config_->schema() + ", not " + std::string(config_schema));
        if (block_.time < 0) return fail(ErrorCode::out_of_range, "block time " + std::to_string(block_.time) + " is negative");
        const Result<Address> comet = config_->address("comet");
        const Result<Address> feed = config_->address("base_feed");
        const Result<std::uint64_t> assets = config_->u64("assets");
        if (!comet) return fail(comet.error());
        if (!feed) return fail(feed.error());
        if (!assets) return fail(assets.error());
        comet_ = *comet;
        facts_.add("chain_id", U256(block_.chain.value));
        facts_.add("block_time", U256(static_cast<std::uint64_t>(block_.time)));
        for (const char* same : {"comet", "base_token", "base_scale", "assets", "base_feed"}) {
            const model::FactValue* value = config_->find(same);
            if (value == nullptr) return fail(ErrorCode::missing, std::string("the configuration has no ") + same);
            facts_.add(same, *value);
        }
        std::vector<Request> requests{call_of(comet_, totals_basic),     call_of(comet_, get_utilization), call_of(comet_, base_token_price_feed),
                                      call_of(comet_, num_assets),       call_of(comet_, is_absorb_paused),
                                      call_of(comet_, get_price, evm::AbiWriter().address(*feed))};
        for (unsigned i = 0; i < *assets; ++i) {
            const Result<Address> token = config_->address(asset_fact(i, "token"));
            const Result<Address> own = config_->address(asset_fact(i, "feed"));
            if (!token) return fail(token.error());
            if (!own) return fail(own.error());
            assets_.push_back({*token, *own});
            requests.push_back(call_of(comet_, get_asset_info, evm::AbiWriter().u256(U256(i))));
            requests.push_back(call_of(comet_, get_price, evm::AbiWriter().address(*own)));
            requests.push_back(call_of(comet_, totals_collateral, evm::AbiWriter().address(*token)));
        }
        return requests;
    }

    Result<std::vector<Request>> take(std::span<const Reply> replies) {
        const Result<Totals> totals = decoded(replies[0], "totalsBasic", read_totals);
        const Result<U256> utilization = decoded(replies[1], "getUtilization", u256_value);
        const Result<Address> feed = decoded(replies[2], "baseTokenPriceFeed", address_value);
        const Result<std::uint64_t> assets = decoded(replies[3], "numAssets", [](evm::AbiReader& reader) { return reader.u64(8); });
        const Result<bool> paused = decoded(replies[4], "isAbsorbPaused", boolean_value);
        if (!totals) return fail(totals.error());
        if (!utilization) return fail(utilization.error());
        if (!feed) return fail(feed.error());
        if (!assets) return fail(assets.error());
        if (!paused) return fail(paused.error());
        const Result<Address> known_feed = config_->address("base_feed");
        if (!known_feed) return fail(known_feed.error());
        if (*feed != *known_feed || *assets != assets_.size()) return fail(outdated("the comet's base feed or list of assets"));
        facts_.add("supply_index", totals->supply_index);
        facts_.add("borrow_index", totals->borrow_index);
        facts_.add("last_accrual", U256(totals->last_accrual));
        facts_.add("absorb_paused", *paused);
        add_price("base_price", replies[5]);
        for (unsigned i = 0; i < assets_.size(); ++i) {
            const Result<void> good = take_asset(i, replies.subspan(fixed_requests + i * requests_per_asset, requests_per_asset));
            if (!good) return fail(good.error());
        }
        return std::vector<Request>{call_of(comet_, get_borrow_rate, evm::AbiWriter().u256(*utilization)),
                                    call_of(comet_, get_supply_rate, evm::AbiWriter().u256(*utilization))};
    }

    Result<void> take_asset(unsigned i, std::span<const Reply> replies) {
        const Result<AssetInfo> info = decoded(replies[0], "getAssetInfo", read_asset_info);
        const Result<U256> supplied = decoded(replies[2], "totalsCollateral", [](evm::AbiReader& reader) { return reader.uint(128); });
        if (!info) return fail(info.error());
        if (!supplied) return fail(supplied.error());
        if (info->token != assets_[i].token || info->feed != assets_[i].feed) return fail(outdated("asset " + info->token.to_string()));
        facts_.add(asset_fact(i, "token"), info->token);
        facts_.add(asset_fact(i, "scale"), info->scale);
        facts_.add(asset_fact(i, "borrow_factor"), info->borrow_factor);
        facts_.add(asset_fact(i, "liquidate_factor"), info->liquidate_factor);
        facts_.add(asset_fact(i, "liquidation_factor"), info->liquidation_factor);
        facts_.add(asset_fact(i, "room"), model::checked_sub(info->supply_cap, *supplied).value_or(U256{}));
        add_price(asset_fact(i, "price"), replies[1]);
        return {};
    }

    Result<std::vector<Request>> take_rates(std::span<const Reply> replies) {
        const Result<U256> borrow = decoded(replies[0], "getBorrowRate", u256_value);
        const Result<U256> supply = decoded(replies[1], "getSupplyRate", u256_value);
        if (!borrow) return fail(borrow.error());
        if (!supply) return fail(supply.error());
        facts_.add("borrow_rate", *borrow);
        facts_.add("supply_rate", *supply);
        return std::vector<Request>{};
    }

    /// The price, or the words in which the comet refuses it: then only the accounts that need it are unknown.
    void add_price(const std::string& name, const Reply& reply) {
        const Result<U256> price = decoded(reply, "getPrice", u256_value);
        if (price) {
            facts_.add(name, *price);
            return;
        }
        const auto text = std::as_bytes(std::span(price.error().message));
        facts_.add(name + "_refused", model::Bytes(text.begin(), text.end()));
    }

    struct Listed {
        Address token;
        Address feed;
    };

    FactsPtr config_;
    model::BlockRef block_;
    Address comet_;
    std::vector<Listed> assets_;
    model::FactsBuilder facts_{std::string(venue_schema)};
};

}  // namespace

std::unique_ptr<Reading<FactsPtr>> venue_reading(FactsPtr config, const model::BlockRef& block) {
    return std::make_unique<VenueReading>(std::move(config), block);
}

}  // namespace margind::adapters::protocols::compound_v3
