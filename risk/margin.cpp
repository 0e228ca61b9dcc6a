// Worst losses over the grid.
#include "risk/margin.hpp"

#include "risk/parallel.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace margind::risk {

using namespace model;

Result<GridMargin> GridMargin::make(const Book& book, const ScenarioGrid& grid, const Policy& policy, unsigned threads, const KeptBook* before) {
    GridMargin margin;
    std::vector<Line*> lines;
    for (const auto& [asset, scenarios] : grid.own)
        for (const Scenario& scenario : scenarios) margin.own_[asset].push_back({scenario, {}});
    for (const Scenario& scenario : grid.joint) margin.joint_.push_back({scenario, {}});
    for (auto& [asset, own] : margin.own_)
        for (Line& line : own) lines.push_back(&line);
    for (Line& line : margin.joint_) lines.push_back(&line);

    std::vector<const KeptBook::Lines*> kept(book.size());
    for (std::size_t i = 0; before != nullptr && i < book.size(); ++i) {
        const auto found = before->lines.find(&book.prepared(i));
        if (found != before->lines.end() && found->second.unit == book.unit(i)) kept[i] = &found->second;
    }
    std::vector<std::optional<Error>> errors(lines.size());
    for_each_row(lines.size(), threads, [&](std::size_t i) {
        std::vector<const double*> known(before == nullptr ? 0 : book.size());
        for (std::size_t account = 0; account < known.size(); ++account) known[account] = kept[account] == nullptr ? nullptr : &kept[account]->pnl[i];
        Result<std::vector<double>> pnl = book.pnl(lines[i]->scenario, policy, known);
        if (pnl)
            lines[i]->pnl = *std::move(pnl);
        else
            errors[i] = std::move(pnl).error();
    });
    for (std::optional<Error>& error : errors)
        if (error) return fail(*std::move(error));
    return margin;
}

std::vector<const GridMargin::Line*> GridMargin::lines() const {
    std::vector<const Line*> all;
    for (const auto& [asset, own] : own_)
        for (const Line& line : own) all.push_back(&line);
    for (const Line& line : joint_) all.push_back(&line);
    return all;
}

void GridMargin::keep(const Book& book, KeptBook& kept) const {
    const std::vector<const Line*> all = lines();
    for (std::size_t account = 0; account < book.size(); ++account) {
        KeptBook::Lines& lines = kept.lines[&book.prepared(account)];
        lines.unit = book.unit(account);
        lines.pnl.reserve(all.size());
        for (const Line* const line : all) lines.pnl.push_back(line->pnl[account]);
    }
}

GridLoss GridMargin::loss(const std::vector<std::size_t>& accounts) const {
    const auto loss_of = [&](const Line& line) {
        double sum = 0;
        for (const std::size_t i : accounts) sum += line.pnl[i];
        return -line.scenario.weight * sum;
    };
    GridLoss result;
    for (const Line& line : joint_) {
        const double loss = loss_of(line);
        if (loss > result.joint) {
            result.joint = loss;
            result.worst = line.scenario.name;
        }
    }
    for (const auto& [asset, lines] : own_) {
        double worst = 0;
        for (const Line& line : lines) worst = std::max(worst, loss_of(line));
        result.own[asset] = worst;
        result.sum += worst;
    }
    // Legs make it so for what is linear in each price; rounding and products of two prices may fall short of it.
    result.sum = std::max(result.sum, result.joint);
    return result;
}

std::vector<GridMargin::Binding> GridMargin::binding(double eta) const {
    const auto worst_of = [](const std::vector<Line>& lines) {
        const Line* worst = nullptr;
        double most = 0;
        for (const Line& line : lines) {
            double sum = 0;
            for (const double pnl : line.pnl) sum += pnl;
            const double loss = -line.scenario.weight * sum;
            if (!(loss > most)) continue;
            most = loss;
            worst = &line;
        }
        return std::pair(worst, most);
    };
    const auto [joint, joint_loss] = worst_of(joint_);
    std::vector<Binding> own;
    double sum = 0;
    for (const auto& [asset, lines] : own_) {
        const auto [worst, loss] = worst_of(lines);
        sum += loss;
        if (worst != nullptr) own.push_back({&worst->scenario, eta * worst->scenario.weight, &worst->pnl});
    }
    const bool sum_counts = sum >= joint_loss;
    std::vector<Binding> all;
    if (joint != nullptr) all.push_back({&joint->scenario, (sum_counts ? 1 - eta : 1.0) * joint->scenario.weight, &joint->pnl});
    if (sum_counts) all.insert(all.end(), own.begin(), own.end());
    return all;
}

std::vector<ScenarioResult> GridMargin::results() const {
    std::vector<ScenarioResult> results;
    const auto add = [&](const Line& line, bool joint) {
        ScenarioResult result;
        result.name = line.scenario.name;
        result.joint = joint;
        result.shocks = line.scenario.shocks;
        result.vols = line.scenario.vols;
        result.weight = line.scenario.weight;
        for (const double pnl : line.pnl) result.pnl_usd += pnl;
        result.pnl_usd *= line.scenario.weight;
        results.push_back(std::move(result));
    };
    for (const auto& [asset, lines] : own_)
        for (const Line& line : lines)
            if (!line.scenario.leg) add(line, false);
    for (const Line& line : joint_) add(line, true);
    return results;
}

}  // namespace margind::risk
