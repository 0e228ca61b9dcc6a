// Names and schemas of the facts that the lyra_avalon readings write and its rule reads.
#pragma once

#include "risk/model/facts.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace margind::adapters::protocols::lyra_avalon {

inline constexpr const char* config_schema = "lyra_avalon.config/1";
inline constexpr const char* venue_schema = "lyra_avalon.venue/1";
inline constexpr const char* account_schema = "lyra_avalon.account/1";

/// Bounds on what a chain may claim to hold.
inline constexpr std::uint64_t max_markets = 64;
inline constexpr std::uint64_t max_boards = 256;
inline constexpr std::uint64_t max_strikes = 256;
inline constexpr std::uint64_t max_positions = 4096;

/// "market.3.spot".
std::string of_market(std::size_t market, std::string_view field);
/// "market.3.board.12.iv": boards and strikes by the number that the market gave them.
std::string of_board(std::size_t market, std::uint64_t board, std::string_view field);
std::string of_strike(std::size_t market, std::uint64_t strike, std::string_view field);

/// Reads facts one after another and keeps the first error.
class FactReader {
public:
    explicit FactReader(const model::Facts& facts) : facts_(facts) {}
    model::U256 u256(const std::string& name) { return keep(facts_.u256(name)); }
    model::I256 i256(const std::string& name) { return keep(facts_.i256(name)); }
    model::Address address(const std::string& name) { return keep(facts_.address(name)); }
    bool boolean(const std::string& name) { return keep(facts_.boolean(name)); }
    std::uint64_t u64(const std::string& name) { return keep(facts_.u64(name)); }
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

/// The market with this option market contract among the venue's; empty: none.
std::optional<std::size_t> market_of(FactReader& venue, const model::Address& option_market);

model::Bytes to_bytes(std::string_view text);

}  // namespace margind::adapters::protocols::lyra_avalon
