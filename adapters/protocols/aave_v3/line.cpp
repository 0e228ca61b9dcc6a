// The lines of Aave V3 pools.
#include "adapters/protocols/aave_v3/line.hpp"

#include "risk/model/facts.hpp"

namespace margind::adapters::protocols::aave_v3 {

using model::U256;

namespace {

constexpr std::uint64_t fact_of_3_0 = 30;
constexpr std::uint64_t fact_of_3_6 = 36;
constexpr std::uint64_t seconds_per_year = 31'536'000;
constexpr std::uint64_t percent_unit = 10'000;

}  // namespace

std::optional<Line> line_of_revision(const U256& revision) {
    if (revision >= U256(1) && revision <= U256(3)) return Line::v3_0;
    if (revision == U256(10)) return Line::v3_6;
    return std::nullopt;
}

std::optional<Line> line_named(std::string_view name) {
    if (name == "3.0") return Line::v3_0;
    if (name == "3.6") return Line::v3_6;
    return std::nullopt;
}

U256 line_fact(Line line) { return U256(line == Line::v3_0 ? fact_of_3_0 : fact_of_3_6); }

std::optional<Line> line_of(const model::Facts& facts) {
    if (facts.find("line") != nullptr) {
        const auto line = facts.u256("line");
        if (line && *line == line_fact(Line::v3_0)) return Line::v3_0;
        if (line && *line == line_fact(Line::v3_6)) return Line::v3_6;
        return std::nullopt;
    }
    const auto revision = facts.u256("revision");
    if (!revision || line_of_revision(*revision) != Line::v3_0) return std::nullopt;
    return Line::v3_0;
}

Maybe compounded_interest(Line line, const U256& rate, std::uint64_t seconds) {
    if (line == Line::v3_0) return compounded_interest(rate, seconds);
    if (seconds == 0) return ray();
    const Maybe x = div(mul(rate, U256(seconds)), U256(seconds_per_year));
    const Maybe inner = add(div(x, U256(2)), ray_mul(x, div(x, U256(6))));
    return add(add(ray(), x), ray_mul(x, inner));
}

Maybe supply_balance(Line line, const U256& scaled, const U256& index) {
    return line == Line::v3_0 ? ray_mul(scaled, index) : ray_mul_down(scaled, index);
}

Maybe debt_balance(Line line, const U256& scaled, const U256& index) {
    return line == Line::v3_0 ? ray_mul(scaled, index) : ray_mul_up(scaled, index);
}

Maybe minted_supply(Line line, const U256& amount, const U256& index) {
    return line == Line::v3_0 ? ray_div(amount, index) : ray_div_down(amount, index);
}

Maybe burnt_debt(Line line, const U256& amount, const U256& index) {
    return line == Line::v3_0 ? ray_div(amount, index) : ray_div_down(amount, index);
}

Maybe debt_value(Line line, const Maybe& balance, const U256& price, const U256& unit) {
    return line == Line::v3_0 ? base_value(balance, price, unit) : div_up(mul(balance, price), unit);
}

Maybe health_factor(Line line, const U256& collateral, const U256& weighted, const U256& debt) {
    if (line == Line::v3_6) return div(wad_div(weighted, debt), U256(percent_unit));
    const Maybe average = collateral.is_zero() ? Maybe(U256{}) : div(weighted, collateral);
    return wad_div(percent_mul(collateral, average), debt);
}

Maybe borrowing_power(Line line, const U256& collateral, const U256& average_ltv) {
    if (line == Line::v3_0) return percent_mul(collateral, average_ltv);
    return div(mul(collateral, average_ltv), U256(percent_unit));
}

}  // namespace margind::adapters::protocols::aave_v3
