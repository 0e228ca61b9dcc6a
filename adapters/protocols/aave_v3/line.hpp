// What differs between the lines of pools: 3.0.x, and 3.6 with its roundings against the user.
#pragma once

#include "adapters/protocols/aave_v3/math.hpp"

#include <optional>
#include <string_view>

namespace margind::model {
class Facts;
}

namespace margind::adapters::protocols::aave_v3 {

/// Pools whose health rule this adapter replicates.
enum class Line : std::uint8_t { v3_0, v3_6 };

/// By `POOL_REVISION`: 1 to 3 are 3.0.x, 10 is 3.6; empty for any other.
std::optional<Line> line_of_revision(const model::U256& revision);
/// "3.0" and "3.6"; empty for any other text.
std::optional<Line> line_named(std::string_view name);
/// The fact "line" of configuration or venue facts; without it a 3.0.x pool by its revision, or empty.
std::optional<Line> line_of(const model::Facts& facts);
/// What line_of() reads.
model::U256 line_fact(Line line);

/// Interest on interest in ray: 3.0 multiplies the seconds out, 3.6 takes powers of rate times time.
Maybe compounded_interest(Line line, const model::U256& rate, std::uint64_t seconds);

/// Token units of a scaled supply or variable debt.
Maybe supply_balance(Line line, const model::U256& scaled, const model::U256& index);
Maybe debt_balance(Line line, const model::U256& scaled, const model::U256& index);
/// The scaled part that a deposit mints, and that a repayment burns.
Maybe minted_supply(Line line, const model::U256& amount, const model::U256& index);
Maybe burnt_debt(Line line, const model::U256& amount, const model::U256& index);

/// Of a debt in the base currency; a collateral's is base_value() everywhere.
Maybe debt_value(Line line, const Maybe& balance, const model::U256& price, const model::U256& unit);

/// `weighted` is the sum of value times basis points. \pre debt is not 0
Maybe health_factor(Line line, const model::U256& collateral, const model::U256& weighted, const model::U256& debt);
/// What may be borrowed in all.
Maybe borrowing_power(Line line, const model::U256& collateral, const model::U256& average_ltv);

}  // namespace margind::adapters::protocols::aave_v3
