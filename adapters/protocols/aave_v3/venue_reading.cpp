// Reads one block of the venue in one round: reserves, prices, e-mode categories, the sentinel.
#include "adapters/protocols/aave_v3/calls.hpp"
#include "adapters/protocols/aave_v3/facts.hpp"
#include "adapters/protocols/aave_v3/line.hpp"
#include "adapters/protocols/aave_v3/readings.hpp"
#include "adapters/staged_reading.hpp"

#include <algorithm>

namespace margind::adapters::protocols::aave_v3 {

using model::Address;
using model::ErrorCode;
using model::fail;
using model::FactsPtr;
using model::Result;
using model::U256;

namespace {

const evm::Function get_pool("getPool()");
const evm::Function get_price_oracle("getPriceOracle()");
const evm::Function get_price_oracle_sentinel("getPriceOracleSentinel()");
const evm::Function pool_revision("POOL_REVISION()");
const evm::Function get_reserves_list("getReservesList()");
const evm::Function get_reserve_data("getReserveData(address)");
const evm::Function get_emode_category_data("getEModeCategoryData(uint8)");
const evm::Function get_asset_price("getAssetPrice(address)");
const evm::Function scaled_total_supply("scaledTotalSupply()");
const evm::Function is_liquidation_allowed("isLiquidationAllowed()");

const evm::Function get_liquidation_grace_period("getLiquidationGracePeriod(address)");
const evm::Function get_emode_shares("getEModeCategoryCollateralConfig(uint8)");
const evm::Function get_emode_collateral_bitmap("getEModeCategoryCollateralBitmap(uint8)");
const evm::Function get_emode_ltvzero_bitmap("getEModeCategoryLtvzeroBitmap(uint8)");

/// So many numbers above the highest e-mode category are asked for a new one: Aave's own lister gives up after three too.
constexpr unsigned categories_ahead = 3;

const auto as_bitmap = [](evm::AbiReader& reader) { return reader.uint(128); };

struct Listed {
    unsigned id = 0;
    Address asset;
    Address a_token;
};

struct Category {
    unsigned id = 0;
    Address price_source;
};

model::Error outdated(const std::string& what) {
    return {ErrorCode::missing, what + " changed since the configuration was read: read it again"};
}

class VenueReading final : public StagedReading<FactsPtr> {
public:
    VenueReading(FactsPtr config, const model::BlockRef& block) : config_(std::move(config)), block_(block) {}

protected:
    Result<std::vector<Request>> stage(unsigned number, std::span<const Reply> replies) override {
        if (number == 0) return ask();
        const Result<void> taken = take(replies);
        if (!taken) return fail(taken.error());
        return std::vector<Request>{};
    }

    Result<FactsPtr> finish() override { return std::move(facts_).build(); }

private:
    Result<std::vector<Request>> ask() {
        if (config_->schema() != config_schema)
            return fail(ErrorCode::unknown_schema,
                        "configuration facts have schema " + config_->schema() + ", not " + std::string(config_schema));
        const Result<void> known = read_config();
        if (!known) return fail(known.error());
        if (block_.time < 0) return fail(ErrorCode::out_of_range, "block time " + std::to_string(block_.time) + " is negative");
        facts_.add("chain_id", U256(block_.chain.value));
        facts_.add("block_time", U256(static_cast<std::uint64_t>(block_.time)));
        for (const char* same : {"pool", "revision", "base_currency", "base_unit"}) facts_.add(same, *config_->find(same));

        std::vector<Request> requests{call_of(pool_, pool_revision)};
        if (!line_) return requests;
        facts_.add("line", line_fact(*line_));
        requests.push_back(call_of(provider_, get_pool));
        requests.push_back(call_of(provider_, get_price_oracle));
        requests.push_back(call_of(provider_, get_price_oracle_sentinel));
        requests.push_back(call_of(pool_, get_reserves_list));
        for (const Listed& reserve : reserves_) {
            requests.push_back(call_of(pool_, get_reserve_data, evm::AbiWriter().address(reserve.asset)));
            requests.push_back(call_of(oracle_, get_asset_price, evm::AbiWriter().address(reserve.asset)));
            requests.push_back(call_of(reserve.a_token, scaled_total_supply));
            if (*line_ == Line::v3_6) requests.push_back(call_of(pool_, get_liquidation_grace_period, evm::AbiWriter().address(reserve.asset)));
        }
        for (const Category& category : categories_) {
            if (*line_ == Line::v3_6) {
                for (const evm::Function* function : {&get_emode_shares, &get_emode_collateral_bitmap, &get_emode_ltvzero_bitmap})
                    requests.push_back(call_of(pool_, *function, evm::AbiWriter().u256(U256(category.id))));
                continue;
            }
            requests.push_back(call_of(pool_, get_emode_category_data, evm::AbiWriter().u256(U256(category.id))));
            if (!category.price_source.is_zero())
                requests.push_back(call_of(oracle_, get_asset_price, evm::AbiWriter().address(category.price_source)));
        }
        for (const unsigned ahead : categories_ahead_) requests.push_back(call_of(pool_, get_emode_shares, evm::AbiWriter().u256(U256(ahead))));
        if (!sentinel_.is_zero()) requests.push_back(call_of(sentinel_, is_liquidation_allowed));
        return requests;
    }

    Result<void> read_config() {
        const Result<Address> provider = config_->address("addresses_provider");
        const Result<Address> pool = config_->address("pool");
        const Result<Address> oracle = config_->address("oracle");
        const Result<Address> sentinel = config_->address("sentinel");
        const Result<Address> currency = config_->address("base_currency");
        for (const Result<Address>* address : {&provider, &pool, &oracle, &sentinel, &currency})
            if (!*address) return fail(address->error());
        const Result<U256> unit = config_->u256("base_unit");
        if (!unit) return fail(unit.error());
        const Result<U256> revision = config_->u256("revision");
        if (!revision) return fail(revision.error());
        provider_ = *provider;
        pool_ = *pool;
        oracle_ = *oracle;
        sentinel_ = *sentinel;
        revision_ = *revision;
        line_ = line_of(*config_);
        if (!line_) return {};
        const Result<U256> listed = config_->u256("listed");
        if (!listed) return fail(listed.error());
        for (unsigned id = 0; id < max_reserves; ++id) {
            if (!listed->bit(id)) continue;
            const Result<Address> asset = config_->address(reserve_fact(id, "asset"));
            const Result<Address> a_token = config_->address(reserve_fact(id, "a_token"));
            if (!asset) return fail(asset.error());
            if (!a_token) return fail(a_token.error());
            reserves_.push_back({id, *asset, *a_token});
        }
        if (*line_ == Line::v3_6) return read_emodes();
        for (unsigned id = 1; id < max_categories; ++id) {
            if (config_->find(emode_fact(id, "price_source")) == nullptr) continue;
            const Result<Address> source = config_->address(emode_fact(id, "price_source"));
            if (!source) return fail(source.error());
            categories_.push_back({id, *source});
        }
        return {};
    }

    Result<void> read_emodes() {
        const Result<U256> listed = config_->u256("emodes");
        if (!listed) return fail(listed.error());
        for (unsigned id = 1; id < max_categories; ++id)
            if (listed->bit(id)) categories_.push_back({id, {}});
        const unsigned highest = categories_.empty() ? 0 : categories_.back().id;
        for (unsigned id = highest + 1; id <= highest + categories_ahead && id < max_categories; ++id) categories_ahead_.push_back(id);
        return {};
    }

    Result<void> take(std::span<const Reply> replies) {
        std::size_t at = 0;
        const Result<U256> revision = decoded(replies[at++], "POOL_REVISION", u256_value);
        if (!revision) return fail(revision.error());
        if (*revision != revision_) return fail(outdated("the pool's revision"));
        if (!line_) return {};
        for (const auto& [what, before] : {std::pair{"the pool", pool_}, std::pair{"the oracle", oracle_},
                                           std::pair{"the oracle sentinel", sentinel_}}) {
            const Result<Address> now = decoded(replies[at++], what, address_value);
            if (!now) return fail(now.error());
            if (*now != before) return fail(outdated(what));
        }
        Result<void> done = take_list(replies[at++]);
        if (!done) return done;
        for (const Listed& reserve : reserves_) {
            done = take_reserve(reserve, replies[at], replies[at + 1], replies[at + 2]);
            if (!done) return done;
            at += 3;
            if (*line_ == Line::v3_0) continue;
            const Result<U256> grace = decoded(
                replies[at++], [&] { return "getLiquidationGracePeriod of " + reserve.asset.to_string(); },
                [](evm::AbiReader& reader) { return U256(reader.u64(40)); });
            if (!grace) return fail(grace.error());
            facts_.add(reserve_fact(reserve.id, "grace_until"), *grace);
        }
        for (const Category& category : categories_) {
            if (*line_ == Line::v3_6) {
                done = take_category_36(category.id, replies.subspan(at, 3));
                if (!done) return done;
                at += 3;
                continue;
            }
            const Reply& data = replies[at++];
            const Reply* price = category.price_source.is_zero() ? nullptr : &replies[at++];
            done = take_category(category, data, price);
            if (!done) return done;
        }
        for (const unsigned ahead : categories_ahead_) {
            const Result<EModeShares> none =
                decoded(replies[at++], [ahead] { return "getEModeCategoryCollateralConfig of " + std::to_string(ahead); }, read_emode_shares);
            if (!none) return fail(none.error());
            if (none->liquidation_threshold != 0) return fail(outdated("the list of e-mode categories"));
        }
        facts_.add("listed", listed_);
        facts_.add("sentinel", sentinel_);
        if (sentinel_.is_zero()) return {};
        const Result<bool> allowed =
            decoded(replies[at++], "isLiquidationAllowed", [](evm::AbiReader& reader) { return reader.boolean(); });
        if (!allowed) return fail(allowed.error());
        facts_.add("liquidation_allowed", *allowed);
        return {};
    }

    Result<void> take_list(const Reply& reply) {
        Result<std::vector<Address>> now = decoded(reply, "getReservesList", [](evm::AbiReader& reader) {
            return reader.array(max_reserves, [](evm::AbiReader& item) { return item.address(); });
        });
        if (!now) return fail(now.error());
        std::vector<Address> before;
        for (const Listed& reserve : reserves_) before.push_back(reserve.asset);
        std::sort(before.begin(), before.end());
        std::sort(now->begin(), now->end());
        if (*now != before) return fail(outdated("the list of reserves"));
        return {};
    }

    Result<void> take_reserve(const Listed& reserve, const Reply& data_reply, const Reply& price, const Reply& supply_reply) {
        const std::string name = reserve.asset.to_string();
        const Result<ReserveData> data = decoded(data_reply, "getReserveData of " + name, read_reserve_data);
        if (!data) return fail(data.error());
        const Result<U256> supply = decoded(supply_reply, "scaledTotalSupply of " + name, u256_value);
        if (!supply) return fail(supply.error());
        if (data->id != reserve.id || data->a_token != reserve.a_token) return fail(outdated("reserve " + name));
        const auto category = *line_ == Line::v3_0 ? bit_field(data->configuration, configuration_bits::emode_category) : 0;
        const bool known = category == 0 || std::any_of(categories_.begin(), categories_.end(),
                                                        [&](const Category& one) { return one.id == category; });
        if (!known) return fail(outdated("the e-mode category of reserve " + name));
        const std::optional<U256> market_supply = model::checked_add(*supply, data->accrued_to_treasury);
        if (!market_supply) return fail(ErrorCode::decode, "scaledTotalSupply of " + name + " is " + supply->to_decimal());

        listed_ = with_bit(listed_, reserve.id);
        const auto add = [&](std::string_view field, model::FactValue value) {
            facts_.add(reserve_fact(reserve.id, field), std::move(value));
        };
        add("asset", reserve.asset);
        add("a_token", data->a_token);
        if (*line_ == Line::v3_0) add("stable_debt_token", data->stable_debt_token);
        add("variable_debt_token", data->variable_debt_token);
        add("configuration", data->configuration);
        add("liquidity_index", data->liquidity_index);
        add("liquidity_rate", data->liquidity_rate);
        add("variable_borrow_index", data->variable_borrow_index);
        add("variable_borrow_rate", data->variable_borrow_rate);
        add("last_update", U256(data->last_update));
        add("scaled_supply", *market_supply);
        add_price(reserve_fact(reserve.id, ""), price);
        return {};
    }

    Result<void> take_category(const Category& category, const Reply& data_reply, const Reply* price) {
        const Result<EModeData> data =
            decoded(data_reply, "getEModeCategoryData of " + std::to_string(category.id), read_emode_data);
        if (!data) return fail(data.error());
        if (data->price_source != category.price_source)
            return fail(outdated("the price source of e-mode category " + std::to_string(category.id)));
        facts_.add(emode_fact(category.id, "ltv"), U256(data->ltv));
        facts_.add(emode_fact(category.id, "liquidation_threshold"), U256(data->liquidation_threshold));
        facts_.add(emode_fact(category.id, "liquidation_bonus"), U256(data->liquidation_bonus));
        facts_.add(emode_fact(category.id, "price_source"), data->price_source);
        if (price != nullptr) add_price(emode_fact(category.id, ""), *price);
        return {};
    }

    Result<void> take_category_36(unsigned id, std::span<const Reply> replies) {
        const auto named = [id](const char* function) { return [id, function] { return function + (" of " + std::to_string(id)); }; };
        const Result<EModeShares> shares = decoded(replies[0], named("getEModeCategoryCollateralConfig"), read_emode_shares);
        const Result<U256> collateral = decoded(replies[1], named("getEModeCategoryCollateralBitmap"), as_bitmap);
        const Result<U256> ltvzero = decoded(replies[2], named("getEModeCategoryLtvzeroBitmap"), as_bitmap);
        if (!shares) return fail(shares.error());
        if (!collateral) return fail(collateral.error());
        if (!ltvzero) return fail(ltvzero.error());
        facts_.add(emode_fact(id, "ltv"), U256(shares->ltv));
        facts_.add(emode_fact(id, "liquidation_threshold"), U256(shares->liquidation_threshold));
        facts_.add(emode_fact(id, "liquidation_bonus"), U256(shares->liquidation_bonus));
        facts_.add(emode_fact(id, "collateral_bitmap"), *collateral);
        facts_.add(emode_fact(id, "ltvzero_bitmap"), *ltvzero);
        return {};
    }

    /// The price, or the words in which the venue refuses it: then only the accounts that need it are unknown.
    void add_price(const std::string& prefix, const Reply& reply) {
        const Result<U256> price = decoded(reply, "getAssetPrice", u256_value);
        if (price) {
            facts_.add(prefix + "price", *price);
            return;
        }
        const auto text = std::as_bytes(std::span(price.error().message));
        facts_.add(prefix + "price_refused", model::Bytes(text.begin(), text.end()));
    }

    FactsPtr config_;
    model::BlockRef block_;
    Address provider_;
    Address pool_;
    Address oracle_;
    Address sentinel_;
    U256 revision_;
    std::optional<Line> line_;
    U256 listed_;
    std::vector<Listed> reserves_;
    std::vector<Category> categories_;
    /// Numbers that no category has.
    std::vector<unsigned> categories_ahead_;
    model::FactsBuilder facts_{std::string(venue_schema)};
};

}  // namespace

std::unique_ptr<Reading<FactsPtr>> venue_reading(FactsPtr config, const model::BlockRef& block) {
    return std::make_unique<VenueReading>(std::move(config), block);
}

}  // namespace margind::adapters::protocols::aave_v3
