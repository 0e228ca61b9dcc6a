// What the sources of one chain say together.
#include "adapters/oracles/settle.hpp"

#include "adapters/oracles/grade.hpp"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

namespace margind::adapters::oracles {

using model::I256;
using model::PriceGrade;
using model::ReferencePrice;
using model::U256;

namespace {

constexpr std::uint64_t whole_ppm = 1'000'000;

void add_reason(ReferencePrice& price, const std::string& reason) { price.reason += (price.reason.empty() ? "" : "; ") + reason; }

void make(ReferencePrice& price, PriceGrade grade, const std::string& reason) {
    price.grade = grade;
    add_reason(price, reason);
}

bool usable(const ReferencePrice& price) { return price.grade != PriceGrade::stale && price.grade != PriceGrade::refused; }

bool is_sequencer(const Seen& one) { return std::holds_alternative<config::SequencerFeed>(one.feed.source); }

// Empty: the chain's prices may be relied on.
std::string sequencer_doubt(const std::vector<Seen>& seen) {
    for (const Seen& one : seen) {
        if (!is_sequencer(one)) continue;
        if (!one.contradiction.empty()) return "the sequencer's uptime feed: " + one.contradiction;
        if (one.price.grade != PriceGrade::fresh) return one.price.reason;
    }
    return {};
}

// The best price of what a pool quotes in: no second opinion, and none that stands on another pool.
const ReferencePrice* quote_price(const std::vector<Seen>& seen, const config::Feed& feed, const std::string& quote) {
    const ReferencePrice* best = nullptr;
    for (const Seen& one : seen) {
        if (one.price.asset.symbol != quote || one.feed.chain != feed.chain || one.feed.second_opinion) continue;
        if (std::holds_alternative<config::TwapFeed>(one.feed.source) || is_sequencer(one) || one.price.grade == PriceGrade::refused) continue;
        if (best == nullptr || one.price.confidence_ppm > best->confidence_ppm) best = &one.price;
    }
    return best;
}

void convert(ReferencePrice& price, const ReferencePrice* quote, const std::string& name) {
    const auto product = quote ? mul_div(price.raw.magnitude(), quote->raw.magnitude(), U256::pow10(quote->decimals), model::Rounding::down) : std::nullopt;
    const auto raw = product ? I256::from(*product) : std::nullopt;
    if (!raw || raw->is_zero()) {
        make(price, PriceGrade::refused, quote ? "in " + name + ", which gives no price in USD" : "in " + name + ", of which there is no price in USD");
        price.raw = I256();
        price.confidence_ppm = 0;
        return;
    }
    price.raw = *raw;
    price.updated_at = std::min(price.updated_at, quote->updated_at);
    price.deviation_ppm = static_cast<std::uint32_t>(
        std::min<std::uint64_t>(std::uint64_t{price.deviation_ppm} + quote->deviation_ppm, std::numeric_limits<std::uint32_t>::max()));
    if (badness(quote->grade) > badness(price.grade)) make(price, quote->grade, "in " + name + ", whose price is " + model::to_string(quote->grade));
    price.confidence_ppm = std::min(price.confidence_ppm, quote->confidence_ppm);
}

// In ppm of the lower one, rounded up; both are positive. Beyond 64 bits: the most.
std::uint64_t apart_ppm(const ReferencePrice& a, const ReferencePrice& b) {
    constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
    const unsigned decimals = std::max(a.decimals, b.decimals);
    const auto x = checked_mul(a.raw.magnitude(), U256::pow10(decimals - a.decimals));
    const auto y = checked_mul(b.raw.magnitude(), U256::pow10(decimals - b.decimals));
    if (!x || !y) return most;
    const U256 low = std::min(*x, *y);
    const U256 high = std::max(*x, *y);
    const auto share = mul_div(checked_sub(high, low).value(), U256(whole_ppm), low, model::Rounding::up);
    return share ? share->to_u64().value_or(most) : most;
}

void dispute(std::vector<Seen>& seen) {
    std::vector<std::pair<std::size_t, std::string>> disputed;
    for (std::size_t i = 0; i < seen.size(); ++i)
        for (std::size_t j = i + 1; j < seen.size(); ++j) {
            const ReferencePrice& a = seen[i].price;
            const ReferencePrice& b = seen[j].price;
            if (a.asset != b.asset || is_sequencer(seen[i]) || is_sequencer(seen[j]) || !usable(a) || !usable(b)) continue;
            const std::uint64_t apart = apart_ppm(a, b);
            const std::uint64_t allowed = std::uint64_t{a.deviation_ppm} + b.deviation_ppm;
            if (apart <= allowed) continue;
            const std::string by = " is " + std::to_string(apart) + " ppm apart, deviations allow " + std::to_string(allowed);
            disputed.emplace_back(i, b.source + by);
            disputed.emplace_back(j, a.source + by);
        }
    for (const auto& [place, reason] : disputed) make(seen[place].price, PriceGrade::disputed, reason);
}

}  // namespace

std::vector<ReferencePrice> settle(std::vector<Seen> seen, std::int64_t block_time) {
    const std::string doubt = sequencer_doubt(seen);
    for (Seen& one : seen) {
        const bool on_chain = !is_sequencer(one) && !std::holds_alternative<config::RedstoneFeed>(one.feed.source);
        if (on_chain && !doubt.empty() && usable(one.price)) make(one.price, PriceGrade::sequencer_grace, doubt);
    }
    for (Seen& one : seen) {
        const auto* pool = std::get_if<config::TwapFeed>(&one.feed.source);
        if (pool && pool->quote != "USD" && one.price.grade != PriceGrade::refused) convert(one.price, quote_price(seen, one.feed, pool->quote), pool->quote);
    }
    dispute(seen);
    std::vector<ReferencePrice> prices;
    for (Seen& one : seen) {
        if (is_sequencer(one)) continue;
        // An operator's word against another's says nothing of other sources, so it does not dispute those.
        if (!one.contradiction.empty())
            make(one.price, badness(one.price.grade) < badness(PriceGrade::disputed) ? PriceGrade::disputed : one.price.grade, one.contradiction);
        // A converted price has its quote's age in it.
        one.price.confidence_ppm = std::min(one.price.confidence_ppm, confidence_ppm(one.price, block_time));
        prices.push_back(std::move(one.price));
    }
    return prices;
}

}  // namespace margind::adapters::oracles
