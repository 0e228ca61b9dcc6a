// Which token or market is which underlying, and the reference prices with their grades.
#pragma once

#include "risk/model/ids.hpp"
#include "risk/model/money.hpp"
#include "risk/model/u256.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace margind::model {

/// Whose view says how much of its base a token is: convertToAssets of an ERC-4626 vault, stEthPerToken of wstETH, or the answer of a
/// Chainlink feed of the rate.
enum class RatioSource : std::uint8_t { erc4626, wsteth, rate_feed };
const char* to_string(RatioSource source);

/// Of a token that grows against its base.
struct UnitRatio {
    RatioSource source = RatioSource::erc4626;
    AssetId base;
    /// Units of `base` that one token is, with 18 decimals; empty where no venue read it at the block.
    std::optional<U256> units{};
    /// Zero for every other source.
    Address rate_feed{};
    friend bool operator==(const UnitRatio&, const UnitRatio&) = default;
};

/// One row of `config/assets.toml`: one token or market on a chain stands for one unit of an underlying, or by its ratio
/// for so many units of its base.
struct AssetMapping {
    ChainId chain;
    Address token;
    AssetId underlying;
    /// The venue-side name shown to people ("WETH").
    std::string label;
    std::optional<UnitRatio> ratio{};
    friend bool operator==(const AssetMapping&, const AssetMapping&) = default;
};

/// The base where the ratio is known, else the underlying.
const AssetId& stands_for(const AssetMapping& mapping);
/// Units of what it stands for that one token is, with 18 decimals.
U256 units_per_token(const AssetMapping& mapping);
/// An amount of the token in units of what it stands for, in the token's decimals; rounds down. Empty: it does not fit.
std::optional<U256> units_of(const AssetMapping& mapping, const U256& amount);
/// A price of the token as one of what it stands for; rounds half up.
std::optional<U256> price_of_unit(const AssetMapping& mapping, const U256& price);

class AssetMap {
public:
    void add(AssetMapping mapping) { rows_[{mapping.chain, mapping.token}] = std::move(mapping); }
    /// Gives the ratio of a row that has a source.
    void set_units(ChainId chain, const Address& token, const U256& units) {
        const auto it = rows_.find({chain, token});
        if (it != rows_.end() && it->second.ratio) it->second.ratio->units = units;
    }
    /// Null when unmapped: the holder is then `unknown(unmapped_asset)`.
    const AssetMapping* find(ChainId chain, const Address& token) const {
        const auto it = rows_.find({chain, token});
        return it == rows_.end() ? nullptr : &it->second;
    }
    const std::map<std::pair<ChainId, Address>, AssetMapping>& rows() const { return rows_; }
    friend bool operator==(const AssetMap&, const AssetMap&) = default;

private:
    std::map<std::pair<ChainId, Address>, AssetMapping> rows_;
};

/// `refused`: the feed answered something no one may use (zero, negative, no round); there is no price.
enum class PriceGrade : std::uint8_t { fresh, late, stale, disputed, sequencer_grace, refused };
const char* to_string(PriceGrade grade);
/// Greater is worse: fresh, late, sequencer_grace, disputed, stale, refused.
int badness(PriceGrade grade);

/// A reference price in USD per unit of the underlying, as one feed gave it at one block.
struct ReferencePrice {
    AssetId asset;
    ChainId chain;
    /// Where it comes from, e.g. "chainlink:1:0x5f4e…".
    std::string source;
    I256 raw;
    std::uint8_t decimals = 0;
    std::int64_t updated_at = 0;
    std::int64_t heartbeat_s = 0;
    /// Deviation threshold of the feed, in hundredths of a basis point (5000 = 0.5 %).
    std::uint32_t deviation_ppm = 0;
    PriceGrade grade = PriceGrade::fresh;
    std::string reason{};
    /// From 1,000,000 down to 0: by age, half of it when disputed.
    std::uint32_t confidence_ppm = 1'000'000;
    /// Nothing is priced by it: it only disputes other sources.
    bool second_opinion = false;
    friend bool operator==(const ReferencePrice&, const ReferencePrice&) = default;
};

}  // namespace margind::model
