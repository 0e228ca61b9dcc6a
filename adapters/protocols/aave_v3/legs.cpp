// The pool's sums of values, at a state and between two.
#include "adapters/protocols/aave_v3/legs.hpp"

#include "risk/model/u256_inline.hpp"

#include <algorithm>

namespace margind::adapters::protocols::aave_v3 {

using model::fail;
using model::I256;
using model::Result;
using model::U256;

namespace {

constexpr std::uint64_t percent_unit = 10'000;

namespace inlined = model::inlined;

Maybe supply_value(const Leg& leg, const U256& price) {
    return price == leg.price ? leg.supply_value : inlined::product_quotient(leg.supply, price, leg.unit);
}

Maybe owed_value(Line line, const Leg& leg, const U256& price) {
    if (price == leg.price) return leg.owed_value;
    return line == Line::v3_0 ? inlined::product_quotient(leg.owed, price, leg.unit) : debt_value(line, leg.owed, price, leg.unit);
}

/// sum + value where both are there and it fits.
bool raise(U256& sum, const Maybe& value) {
    const Maybe more = value ? inlined::add(sum, *value) : std::nullopt;
    if (more) sum = *more;
    return more.has_value();
}

/// Below 2^180 no figure of the account fails: the health factor multiplies by 2^14 (basis points) and 2^60 (wad) before it
/// divides, a requirement by 2^14.
bool is_small(const U256& sum) { return sum.bit_width() <= 180; }

bool shares_are_shares(const std::vector<Leg>& legs) {
    return std::all_of(legs.begin(), legs.end(),
                       [](const Leg& leg) { return leg.liquidation_threshold <= percent_unit && leg.ltv <= percent_unit; });
}

/// Whether the health factor is below wad: more debt makes it so, more `weighted` undoes it. \pre both small
bool is_short(Line line, const U256& weighted, const U256& debt) {
    if (debt.is_zero()) return false;
    // 3.6: (weighted * wad + debt / 2) / debt / 10000 < wad, each division rounded down.
    // 3.0: (X * wad + debt / 2) / debt < wad with X = (weighted + 5000) / 10000, where `weighted` is the collateral times its
    // average threshold.
    const U256 raised = line == Line::v3_6 ? weighted : *inlined::add(weighted, U256(percent_unit / 2));
    const U256 needed = *inlined::mul(debt, percent_unit);
    if (raised >= needed) return false;
    // What is missing is one wad at least, which outweighs so small a half.
    const U256 half = model::shift_right(debt, 1);
    if (half < wad()) return true;
    if (line == Line::v3_6) return *model::checked_add(*model::checked_mul(weighted, wad()), half) < *model::checked_mul(needed, wad());
    const U256 covered = inlined::div(raised, percent_unit);
    return *model::checked_add(*model::checked_mul(covered, wad()), half) < *model::checked_mul(debt, wad());
}

struct Ends {
    U256 low;
    U256 high;
};

/// Of the sums over all legs, at both ends; `thresholds` is weighted by basis points.
struct SumEnds {
    Ends collateral;
    Ends debt;
    Ends thresholds;
};

std::optional<SumEnds> ends_of(Line line, const std::vector<Leg>& legs, const std::vector<U256>& low, const std::vector<U256>& high) {
    SumEnds ends;
    for (const Leg& leg : legs) {
        const U256& bottom = low[leg.input];
        const U256& top = high[leg.input];
        const bool still = bottom == top;
        if (leg.collateral) {
            const Maybe least = supply_value(leg, bottom);
            const Maybe most = still ? least : supply_value(leg, top);
            if (!raise(ends.collateral.low, least) || !raise(ends.collateral.high, most) ||
                !raise(ends.thresholds.low, inlined::mul(*least, leg.liquidation_threshold)) ||
                !raise(ends.thresholds.high, inlined::mul(*most, leg.liquidation_threshold)))
                return std::nullopt;
        }
        if (leg.borrowing) {
            const Maybe least = owed_value(line, leg, bottom);
            const Maybe most = still ? least : owed_value(line, leg, top);
            if (!raise(ends.debt.low, least) || !raise(ends.debt.high, most)) return std::nullopt;
        }
    }
    return ends;
}

/// All that counts as collateral has one threshold: it is the average at any prices.
bool has_one_threshold(const std::vector<Leg>& legs) {
    const Leg* first = nullptr;
    for (const Leg& leg : legs) {
        if (!leg.collateral) continue;
        if (first != nullptr && leg.liquidation_threshold != first->liquidation_threshold) return false;
        first = &leg;
    }
    return true;
}

/// Of what the health factor stands on. 3.6: the sum itself. 3.0: collateral times average threshold, which the pool rounds
/// down to a basis point, C * floor(W / C).
Ends weighted_ends(Line line, const SumEnds& ends, const std::vector<Leg>& legs) {
    if (line == Line::v3_6 || has_one_threshold(legs)) return ends.thresholds;
    Ends weighted{{}, ends.thresholds.high};
    // C * floor(W / C) > W - C, and W - C grows with every price where each threshold is a basis point at least.
    const bool counted = std::all_of(legs.begin(), legs.end(),
                                     [](const Leg& leg) { return !leg.collateral || leg.liquidation_threshold > 0; });
    if (counted) weighted.low = model::checked_sub(ends.thresholds.low, ends.collateral.low).value_or(U256{});
    if (ends.collateral.low.is_zero()) return weighted;
    // In a narrow range the average itself is known.
    const U256 least_average = *model::checked_div(ends.thresholds.low, ends.collateral.high);
    const U256 most_average = *model::checked_div(ends.thresholds.high, ends.collateral.low);
    weighted.low = std::max(weighted.low, *model::checked_mul(ends.collateral.low, least_average));
    const Maybe most = model::checked_mul(ends.collateral.high, most_average);
    if (most) weighted.high = std::min(weighted.high, *most);
    return weighted;
}

}  // namespace

Result<std::vector<Leg>> legs_of(const Book& book, const std::vector<Balance>& balances) {
    std::vector<Leg> legs;
    legs.reserve(book.reserves.size());
    for (std::size_t i = 0; i < book.reserves.size(); ++i) {
        const Reserve& reserve = book.reserves[i];
        if (!reserve.collateral && !reserve.borrowing) continue;
        Leg leg;
        leg.input = reserve.input;
        leg.unit = reserve.unit;
        leg.collateral = reserve.collateral;
        leg.borrowing = reserve.borrowing;
        leg.price = book.inputs[reserve.input].price;
        if (reserve.collateral) {
            leg.liquidation_threshold = reserve.liquidation_threshold;
            leg.ltv = reserve.ltv;
            leg.supply = balances[i].supply;
            leg.supply_value = base_value(leg.supply, leg.price, leg.unit);
        }
        if (reserve.borrowing) {
            const Result<U256> owed = debt_of(balances[i], reserve);
            if (!owed) return fail(owed.error());
            leg.owed = *owed;
            leg.owed_value = debt_value(book.line, leg.owed, leg.price, leg.unit);
        }
        legs.push_back(std::move(leg));
    }
    return legs;
}

std::optional<Sums> sums_at(Line line, const std::vector<Leg>& legs, const std::vector<U256>& prices) {
    Sums sums;
    for (const Leg& leg : legs) {
        const U256& price = prices[leg.input];
        if (leg.collateral) {
            const Maybe value = supply_value(leg, price);
            if (!raise(sums.collateral, value) || !raise(sums.weighted_threshold, inlined::mul(*value, leg.liquidation_threshold)) ||
                !raise(sums.weighted_ltv, inlined::mul(*value, leg.ltv)))
                return std::nullopt;
        }
        if (leg.borrowing && !raise(sums.debt, owed_value(line, leg, price))) return std::nullopt;
    }
    return sums;
}

std::optional<bool> liquidatable_at(Line line, const std::vector<Leg>& legs, const std::vector<U256>& prices) {
    U256 collateral;
    U256 thresholds;
    U256 debt;
    for (const Leg& leg : legs) {
        const U256& price = prices[leg.input];
        if (leg.collateral) {
            const Maybe value = supply_value(leg, price);
            if (!raise(collateral, value) || !raise(thresholds, inlined::mul(*value, leg.liquidation_threshold))) return std::nullopt;
        }
        if (leg.borrowing && !raise(debt, owed_value(line, leg, price))) return std::nullopt;
    }
    if (!shares_are_shares(legs) || !is_small(collateral) || !is_small(debt)) return std::nullopt;
    // 3.0 takes the collateral times floor(W / C): above W - C and not above W. Between the two only the quotient tells.
    if (is_short(line, thresholds, debt)) return true;
    if (line == Line::v3_6 || collateral.is_zero()) return false;
    if (!is_short(line, model::checked_sub(thresholds, collateral).value_or(U256{}), debt)) return false;
    return is_short(line, *model::checked_mul(collateral, *model::checked_div(thresholds, collateral)), debt);
}

std::optional<model::Enclosure> enclosure_of(Line line, const std::vector<Leg>& legs, const std::vector<U256>& low,
                                             const std::vector<U256>& high) {
    const std::optional<SumEnds> ends = ends_of(line, legs, low, high);
    if (!ends || !shares_are_shares(legs) || !is_small(ends->collateral.high) || !is_small(ends->debt.high)) return std::nullopt;

    model::Enclosure enclosure;
    const Ends weighted = weighted_ends(line, *ends, legs);
    if (!is_short(line, weighted.low, ends->debt.high))
        enclosure.liquidatable = false;
    else if (is_short(line, weighted.high, ends->debt.low))
        enclosure.liquidatable = true;

    // N - M = (C - D) - ceil((10000 C - W) / 10000) = floor(W / 10000) - D.
    const auto excess = [](const U256& thresholds, const U256& debt) {
        return *model::checked_sub(*I256::from(*model::checked_div(thresholds, U256(percent_unit))), *I256::from(debt));
    };
    enclosure.least_excess.raw = excess(ends->thresholds.low, ends->debt.high);
    enclosure.largest_excess.raw = excess(ends->thresholds.high, ends->debt.low);
    enclosure.magnitude.raw = *I256::from(*model::checked_add(ends->collateral.high, ends->debt.high));
    return enclosure;
}

}  // namespace margind::adapters::protocols::aave_v3
