// Names of the facts: what the readings write and the rule understands.
#pragma once

#include "risk/model/facts.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace margind::adapters::protocols::perp_v2 {

inline constexpr const char* config_schema = "perp_v2.config/1";
inline constexpr const char* venue_schema = "perp_v2.venue/2";
inline constexpr const char* account_schema = "perp_v2.account/1";

/// "market.3.token": field `field` of item `index` of a list; the list's length is the fact "<list>s".
std::string item(std::string_view list, std::size_t index, std::string_view field);

// Lists.
inline constexpr const char* markets = "market";
inline constexpr const char* collaterals = "collateral";
/// A list of lists: item(orders_of(2), 0, "liquidity") is "market.2.order.0.liquidity".
std::string orders_of(std::size_t market);

/// Bounds on what a chain may claim to hold.
inline constexpr std::uint64_t max_items = 255;

/// Reads facts one after another and keeps the first error.
class FactReader {
public:
    explicit FactReader(const model::Facts& facts) : facts_(facts) {}
    model::U256 u256(const std::string& name) { return keep(facts_.u256(name)); }
    model::I256 i256(const std::string& name) { return keep(facts_.i256(name)); }
    model::Address address(const std::string& name) { return keep(facts_.address(name)); }
    /// Above `limit`: out_of_range, and 0.
    std::uint64_t count(const std::string& name, std::uint64_t limit);
    bool has(const std::string& name) const { return facts_.find(name) != nullptr; }
    /// Text of a bytes fact; empty when absent.
    std::string text(const std::string& name) const;
    bool ok() const { return !error_; }
    const model::Error& error() const { return *error_; }

private:
    template <class T>
    T keep(model::Result<T> value) {
        if (value) return *std::move(value);
        if (!error_) error_ = value.error();
        return T{};
    }
    const model::Facts& facts_;
    std::optional<model::Error> error_;
};

model::Bytes to_bytes(std::string_view text);

}  // namespace margind::adapters::protocols::perp_v2
