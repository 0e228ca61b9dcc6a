// Tokens in units of what they stand for.
#include "risk/model/asset.hpp"

namespace margind::model {

namespace {

const U256& one_unit() {
    static const U256 unit = U256::pow10(18);
    return unit;
}

}  // namespace

const AssetId& stands_for(const AssetMapping& mapping) {
    return mapping.ratio && mapping.ratio->units ? mapping.ratio->base : mapping.underlying;
}

U256 units_per_token(const AssetMapping& mapping) { return mapping.ratio ? mapping.ratio->units.value_or(one_unit()) : one_unit(); }

std::optional<U256> units_of(const AssetMapping& mapping, const U256& amount) {
    if (!mapping.ratio || !mapping.ratio->units) return amount;
    return mul_div(amount, *mapping.ratio->units, one_unit(), Rounding::down);
}

std::optional<U256> price_of_unit(const AssetMapping& mapping, const U256& price) {
    if (!mapping.ratio || !mapping.ratio->units) return price;
    return mul_div(price, one_unit(), *mapping.ratio->units, Rounding::half_up);
}

}  // namespace margind::model
