// Reads what seldom changes: the base token, its feed and the list of collateral assets.
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

const evm::Function base_token("baseToken()");
const evm::Function base_token_price_feed("baseTokenPriceFeed()");
const evm::Function base_scale("baseScale()");
const evm::Function num_assets("numAssets()");
const evm::Function get_asset_info("getAssetInfo(uint8)");

class ConfigReading final : public StagedReading<FactsPtr> {
public:
    explicit ConfigReading(const Address& comet) : comet_(comet) {}

protected:
    Result<std::vector<Request>> stage(unsigned number, std::span<const Reply> replies) override {
        Result<std::vector<Request>> requests = step(number, replies);
        // A revert here means that the address is some other contract.
        if (!requests && requests.error().code == ErrorCode::reverted)
            return fail(ErrorCode::decode, comet_.to_string() + " is no comet: " + requests.error().message);
        return requests;
    }

    Result<FactsPtr> finish() override { return std::move(facts_).build(); }

private:
    Result<std::vector<Request>> step(unsigned number, std::span<const Reply> replies) {
        switch (number) {
            case 0:
                return std::vector<Request>{Code{comet_}, call_of(comet_, base_token), call_of(comet_, base_token_price_feed),
                                            call_of(comet_, base_scale), call_of(comet_, num_assets)};
            case 1: return take(replies);
            case 2: return take_assets(replies);
            default: return std::vector<Request>{};
        }
    }

    Result<std::vector<Request>> take(std::span<const Reply> replies) {
        const Result<model::Bytes> code = reply_bytes(replies[0]);
        if (!code) return fail(code.error());
        if (code->empty()) return fail(ErrorCode::no_code, "comet " + comet_.to_string() + " holds no contract");
        const Result<Address> base = decoded(replies[1], "baseToken", address_value);
        const Result<Address> feed = decoded(replies[2], "baseTokenPriceFeed", address_value);
        const Result<U256> scale = decoded(replies[3], "baseScale", u256_value);
        const Result<std::uint64_t> assets = decoded(replies[4], "numAssets", [](evm::AbiReader& reader) { return reader.u64(8); });
        if (!base) return fail(base.error());
        if (!feed) return fail(feed.error());
        if (!scale) return fail(scale.error());
        if (!assets) return fail(assets.error());
        if (*assets > max_assets)
            return fail(ErrorCode::decode, "the comet has " + std::to_string(*assets) + " assets, more than " + std::to_string(max_assets));
        facts_.add("comet", comet_);
        facts_.add("base_token", *base);
        facts_.add("base_feed", *feed);
        facts_.add("base_scale", *scale);
        facts_.add("assets", U256(*assets));
        std::vector<Request> requests;
        for (std::uint64_t i = 0; i < *assets; ++i) requests.push_back(call_of(comet_, get_asset_info, evm::AbiWriter().u256(U256(i))));
        return requests;
    }

    Result<std::vector<Request>> take_assets(std::span<const Reply> replies) {
        for (unsigned i = 0; i < replies.size(); ++i) {
            const auto info = decoded(replies[i], "getAssetInfo", [](evm::AbiReader& reader) {
                reader.skip(1);
                const Address asset = reader.address();
                return std::pair{asset, reader.address()};
            });
            if (!info) return fail(info.error());
            facts_.add(asset_fact(i, "token"), info->first);
            facts_.add(asset_fact(i, "feed"), info->second);
        }
        return std::vector<Request>{};
    }

    Address comet_;
    model::FactsBuilder facts_{std::string(config_schema)};
};

}  // namespace

std::unique_ptr<Reading<FactsPtr>> config_reading(const Address& comet) { return std::make_unique<ConfigReading>(comet); }

}  // namespace margind::adapters::protocols::compound_v3
