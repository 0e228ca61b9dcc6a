// The pool's sums of values, at a state and between two.
#include "adapters/protocols/aave_v3/legs.hpp"

#include <algorithm>

namespace margind::adapters::protocols::aave_v3 {

using model::fail;
using model::I256;
using model::Result;
using model::U256;

namespace {

constexpr std::uint64_t percent_unit = 10'000;

Maybe supply_value(const Leg& leg, const U256& price) {
    return price == leg.price ? leg.supply_value : base_value(leg.supply, price, leg.unit);
}

Maybe owed_value(Line line, const Leg& leg, const U256& price) {
    return price == leg.price ? leg.owed_value : debt_value(line, leg.owed, price, leg.unit);
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
    if (line == Line::v3_6)
        return *model::checked_add(*model::checked_mul(weighted, wad()), model::shift_right(debt, 1)) <
               *model::checked_mul(debt, *model::checked_mul(wad(), U256(percent_unit)));
    // 3.0: (X * wad + debt / 2) / debt < wad with X = (weighted + 5000) / 10000, where `weighted` is the collateral times its
    // average threshold.
    const U256 covered = *model::checked_div(*model::checked_add(weighted, U256(percent_unit / 2)), U256(percent_unit));
    // Where X reaches the debt the quotient is wad at least.
    return covered < debt && *model::checked_add(*model::checked_mul(covered, wad()), model::shift_right(debt, 1)) <
                                 *model::checked_mul(debt, wad());
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
    const auto raise = [](U256& sum, const Maybe& by) {
        const Maybe more = by ? model::checked_add(sum, *by) : std::nullopt;
        if (more) sum = *more;
        return more.has_value();
    };
    for (const Leg& leg : legs) {
        const U256& bottom = low[leg.input];
        const U256& top = high[leg.input];
        const bool still = bottom == top;
        if (leg.collateral) {
            const Maybe least = supply_value(leg, bottom);
            const Maybe most = still ? least : supply_value(leg, top);
            const U256 share(leg.liquidation_threshold);
            if (!raise(ends.collateral.low, least) || !raise(ends.collateral.high, most) ||
                !raise(ends.thresholds.low, mul(least, share)) || !raise(ends.thresholds.high, mul(most, share)))
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

/// Of what the health factor stands on. 3.6: the sum itself. 3.0: collateral times average threshold, which the pool rounds
/// down to a basis point, C * floor(W / C).
Ends weighted_ends(Line line, const SumEnds& ends, const std::vector<Leg>& legs) {
    if (line == Line::v3_6) return ends.thresholds;
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
    Maybe collateral = U256{};
    Maybe debt = U256{};
    Maybe weighted_threshold = U256{};
    Maybe weighted_ltv = U256{};
    for (const Leg& leg : legs) {
        const U256& price = prices[leg.input];
        if (leg.collateral) {
            const Maybe value = supply_value(leg, price);
            collateral = add(collateral, value);
            weighted_threshold = add(weighted_threshold, mul(value, U256(leg.liquidation_threshold)));
            weighted_ltv = add(weighted_ltv, mul(value, U256(leg.ltv)));
        }
        if (leg.borrowing) debt = add(debt, owed_value(line, leg, price));
    }
    if (!collateral || !debt || !weighted_threshold || !weighted_ltv) return std::nullopt;
    return Sums{*collateral, *debt, *weighted_threshold, *weighted_ltv};
}

std::optional<bool> liquidatable_at(Line line, const std::vector<Leg>& legs, const std::vector<U256>& prices) {
    const std::optional<SumEnds> ends = ends_of(line, legs, prices, prices);
    if (!ends || !shares_are_shares(legs) || !is_small(ends->collateral.high) || !is_small(ends->debt.high)) return std::nullopt;
    U256 weighted = ends->thresholds.low;
    if (const U256& collateral = ends->collateral.low; line == Line::v3_0 && !collateral.is_zero())
        weighted = *model::checked_mul(collateral, *model::checked_div(ends->thresholds.low, collateral));
    return is_short(line, weighted, ends->debt.low);
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
