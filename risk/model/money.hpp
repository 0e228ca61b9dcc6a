// Exact amounts: a signed integer, its decimals and what it is an amount of.
#pragma once

#include "risk/model/u256.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace margind::model {

/// ERC-20 allows any uint8; above 36 no listed token exists and sums would overflow.
inline constexpr std::uint8_t max_decimals = 36;

/// `raw * 10^-decimals` of `unit` (a token symbol, or a venue's numeraire such as "USD").
struct Money {
    I256 raw;
    std::uint8_t decimals = 0;
    std::string unit;

    /// Shortest exact decimal text: "-0.000001", never "1e-06".
    std::string to_string() const;
    double to_double() const;
    friend bool operator==(const Money&, const Money&) = default;
};

/// Shortest exact decimal text of raw * 10^-decimals.
std::string decimal_text(const I256& raw, std::uint8_t decimals);
/// Inverse of decimal_text; refuses exponents, blanks, separators and digits finer than `decimals`.
std::optional<I256> parse_decimal(std::string_view text, std::uint8_t decimals);
/// Nearest double of raw * 10^-decimals.
double scaled_double(const I256& raw, std::uint8_t decimals);

/// Empty when decimals or unit differ, or the sum does not fit.
std::optional<Money> checked_add(const Money& a, const Money& b);
std::optional<Money> checked_sub(const Money& a, const Money& b);

}  // namespace margind::model
