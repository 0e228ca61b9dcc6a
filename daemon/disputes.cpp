// What operators said of one chain that others contradict. Pure but for its log lines.
#include "daemon/disputes.hpp"

#include "daemon/log_value.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <vector>

namespace margind::daemon {

void Disputes::differed(const Subject& subject, std::size_t place, const std::string& name, std::string text, std::uint64_t block) {
    if (metrics_) metrics_->disputed(chain_, name);
    Dispute& dispute = open_[std::pair(subject, place)];
    if (dispute.text.empty()) spdlog::warn("event=disputed chain={} block={} operator={} what={}", chain_.value, block, name, log_value(text));
    dispute = Dispute{name, std::move(text), block};
}

void Disputes::ended(const Dispute& dispute) const {
    spdlog::info("event=dispute_over chain={} operator={} what={}", chain_.value, dispute.name, log_value(dispute.text));
}

std::string Disputes::reason() const {
    if (open_.empty()) return {};
    std::vector<const Dispute*> all;
    for (const auto& [key, dispute] : open_) all.push_back(&dispute);
    std::stable_sort(all.begin(), all.end(), [](const Dispute* a, const Dispute* b) { return a->block > b->block; });
    const Dispute& newest = *all.front();
    std::string text = fmt::format("operator {} is contradicted at block {}: {}", newest.name, newest.block, newest.text);
    if (all.size() > 1) text += fmt::format(" (and {} more)", all.size() - 1);
    return text;
}

}  // namespace margind::daemon
