// Order statistics of the worst scenarios.
#include "risk/statistics/tail.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace margind::risk::statistics {

namespace {

constexpr std::uint64_t whole_bps = 10'000;

}  // namespace

std::size_t tail_rank(std::size_t count, std::uint32_t tail_bps) {
    return static_cast<std::size_t>((std::uint64_t{count} * tail_bps + whole_bps - 1) / whole_bps);
}

model::Result<std::vector<TailMember>> tail_members(std::span<const double> losses, std::uint32_t tail_bps) {
    if (tail_bps == 0 || tail_bps > whole_bps)
        return model::fail(model::ErrorCode::out_of_range, fmt::format("a tail of {} bps is not in (0, 10000]", tail_bps));
    if (losses.empty()) return model::fail(model::ErrorCode::missing, "no losses to take a tail of");
    for (std::size_t i = 0; i < losses.size(); ++i)
        if (!std::isfinite(losses[i]))
            return model::fail(model::ErrorCode::out_of_range, fmt::format("loss {} of {} is {}", i, losses.size(), losses[i]));

    const std::size_t rank = tail_rank(losses.size(), tail_bps);
    std::vector<std::size_t> order(losses.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(rank), order.end(), [&](std::size_t a, std::size_t b) {
        return losses[a] != losses[b] ? losses[a] > losses[b] : a < b;
    });

    const std::uint64_t tail = std::uint64_t{losses.size()} * tail_bps;
    const auto share = [&](std::uint64_t part) { return static_cast<double>(part) / static_cast<double>(tail); };
    std::vector<TailMember> members(rank);
    for (std::size_t i = 0; i < rank; ++i) members[i] = {order[i], share(i + 1 < rank ? whole_bps : tail - (rank - 1) * whole_bps)};
    return members;
}

model::Result<TailRisk> tail_risk(std::span<const double> losses, std::uint32_t tail_bps) {
    const model::Result<std::vector<TailMember>> members = tail_members(losses, tail_bps);
    if (!members) return model::fail(members.error());
    TailRisk risk;
    risk.rank = members->size();
    risk.value_at_risk = losses[members->back().scenario];
    for (const TailMember& member : *members) risk.expected_shortfall += member.weight * losses[member.scenario];
    return risk;
}

}  // namespace margind::risk::statistics
