// Tails of losses.
#include "risk/shortfall.hpp"

#include "risk/pricing/kernels.hpp"

#include <algorithm>
#include <functional>
#include <utility>

namespace margind::risk {

using namespace model;

namespace {

constexpr double whole_bps = 10'000;

double mean_of(const std::vector<statistics::TailMember>& tail, const std::vector<double>& losses) {
    double sum = 0;
    for (const statistics::TailMember& member : tail) sum += member.weight * losses[member.scenario];
    return sum;
}

}  // namespace

Result<std::unique_ptr<const Shortfall>> Shortfall::make(const Revaluation& revaluation, const Book& book, const Market& market, const Policy& policy,
                                                         unsigned threads, const KeptBook* before) {
    Result<Paths> filtered = filtered_paths(book.underlyings(), market, policy);
    if (!filtered) return fail(filtered.error());
    Result<Paths> stressed = stressed_paths(book.underlyings(), market, policy);
    if (!stressed) return fail(stressed.error());
    std::unique_ptr<Shortfall> made(new Shortfall(revaluation, *std::move(filtered), *std::move(stressed), policy, threads, before));
    const std::size_t all = revaluation.holdings().size();
    const std::vector<double> losses = made->filtered_.losses(0, all);
    const std::vector<double> stressed_losses = made->stressed_.losses(0, all);
    const auto tail_bps = static_cast<std::uint32_t>(policy.es_tail_bps);
    Result<std::vector<statistics::TailMember>> tail = statistics::tail_members(losses, tail_bps);
    if (!tail) return fail(tail.error());
    Result<std::vector<statistics::TailMember>> stressed_tail = statistics::tail_members(stressed_losses, tail_bps);
    if (!stressed_tail) return fail(stressed_tail.error());
    const Result<statistics::TailRisk> var = statistics::tail_risk(losses, static_cast<std::uint32_t>(policy.var_tail_bps));
    if (!var) return fail(var.error());
    made->filtered_tail_ = *std::move(tail);
    made->stressed_tail_ = *std::move(stressed_tail);

    TailLoss& whole = made->whole_;
    whole.paths = static_cast<std::int64_t>(made->filtered_paths_.count);
    whole.from = made->filtered_paths_.from;
    whole.to = made->filtered_paths_.to;
    whole.var_usd = var->value_at_risk;
    whole.es_usd = mean_of(made->filtered_tail_, losses);
    whole.stressed_days = static_cast<std::int64_t>(made->stressed_paths_.count);
    whole.es_stressed_usd = mean_of(made->stressed_tail_, stressed_losses);
    whole.es_star_usd = (1 - policy.es_stressed_weight) * whole.es_usd + policy.es_stressed_weight * whole.es_stressed_usd;
    whole.kernel = pricing::kernel_name();
    whole.filled = made->filtered_paths_.filled;
    whole.filled.insert(whole.filled.end(), made->stressed_paths_.filled.begin(), made->stressed_paths_.filled.end());
    return std::unique_ptr<const Shortfall>(std::move(made));
}

Shortfall::Shortfall(const Revaluation& revaluation, Paths filtered, Paths stressed, const Policy& policy, unsigned threads, const KeptBook* before)
    : policy_(policy), filtered_paths_(std::move(filtered)), stressed_paths_(std::move(stressed)),
      filtered_(revaluation, filtered_paths_, threads, before == nullptr ? nullptr : &before->filtered),
      stressed_(revaluation, stressed_paths_, threads, before == nullptr ? nullptr : &before->stressed) {}

void Shortfall::keep(KeptBook& kept) const {
    kept.filtered = filtered_.kept();
    kept.stressed = stressed_.kept();
}

/// As statistics::tail_risk(), which also says which paths they are.
double Shortfall::expected(std::vector<double> losses) const {
    const std::size_t rank = statistics::tail_rank(losses.size(), static_cast<std::uint32_t>(policy_.es_tail_bps));
    const auto last = losses.begin() + static_cast<std::ptrdiff_t>(rank - 1);
    std::nth_element(losses.begin(), last, losses.end(), std::greater<>());
    std::sort(losses.begin(), last, std::greater<>());
    const double size = static_cast<double>(losses.size()) * static_cast<double>(policy_.es_tail_bps) / whole_bps;
    double sum = 0;
    for (auto loss = losses.begin(); loss != last; ++loss) sum += *loss;
    return (sum + (size - static_cast<double>(rank - 1)) * *last) / size;
}

double Shortfall::weighted(std::size_t first, std::size_t last) const {
    return (1 - policy_.es_stressed_weight) * expected(filtered_.losses(first, last)) +
           policy_.es_stressed_weight * expected(stressed_.losses(first, last));
}

double Shortfall::filtered(std::span<const std::size_t> holdings) const { return expected(filtered_.losses(holdings)); }

TailLoss Shortfall::whole() const { return whole_; }

}  // namespace margind::risk
