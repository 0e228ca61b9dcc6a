// VaR and ES of a book over the past, filtered and stressed.
#pragma once

#include "risk/kept_book.hpp"
#include "risk/revaluation.hpp"
#include "risk/statistics/tail.hpp"

#include "risk/model/report.hpp"

#include <memory>
#include <vector>

namespace margind::risk {

/// The same paths for the whole book and for every part of it.
class Shortfall {
public:
    /// Fails with "unknown(history): ..." where the past does not reach far enough. `book` outlives it.
    static model::Result<std::unique_ptr<const Shortfall>> make(const Revaluation& revaluation, const Book& book, const model::Market& market,
                                                                const model::Policy& policy, unsigned threads, const KeptBook* before = nullptr);
    void keep(KeptBook& kept) const;

    /// .75 filtered + .25 stressed of some holdings, without the floor.
    double weighted(std::size_t first, std::size_t last) const;
    /// Filtered ES of some holdings.
    double filtered(std::span<const std::size_t> holdings) const;
    /// Of the whole book; es_star_usd without the floor.
    model::TailLoss whole() const;

    const Paths& paths() const { return filtered_paths_; }
    const PathBook& filtered_book() const { return filtered_; }
    const PathBook& stressed_book() const { return stressed_; }
    /// The whole book's tails, and their weights.
    const std::vector<statistics::TailMember>& filtered_tail() const { return filtered_tail_; }
    const std::vector<statistics::TailMember>& stressed_tail() const { return stressed_tail_; }

private:
    Shortfall(const Revaluation& revaluation, Paths filtered, Paths stressed, const model::Policy& policy, unsigned threads, const KeptBook* before);
    double expected(std::vector<double> losses) const;

    model::Policy policy_;
    Paths filtered_paths_;
    Paths stressed_paths_;
    PathBook filtered_;
    PathBook stressed_;
    std::vector<statistics::TailMember> filtered_tail_;
    std::vector<statistics::TailMember> stressed_tail_;
    model::TailLoss whole_;
};

}  // namespace margind::risk
