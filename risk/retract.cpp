// Incidents after a reorganisation: what was told of blocks that are gone is taken back.
#include "risk/evaluate.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace margind::risk {

using namespace model;

namespace {

// What is wrong with the sources of a chain does not follow from its blocks.
bool of_sources(const std::string& rule) { return rule.starts_with("source."); }

/// Compares the incidents that are open now with those at the fork and says what changed. `time` is when: at a fork before all that is
/// remembered there is none.
void rewind_incidents(std::map<std::string, OpenIncident>& at_fork, const std::map<std::string, OpenIncident>& now,
                      const std::string& portfolio, const std::optional<AccountKey>& key, const Memory& fork, std::int64_t time,
                      PortfolioMemory& memory, const PortfolioMemory& memory_now, std::vector<IncidentEvent>& events) {
    const auto emit = [&](OpenIncident& incident, IncidentType type, Level from, std::string reason) {
        IncidentEvent event;
        event.id = incident.id;
        event.sequence = ++incident.sequence;
        event.type = type;
        event.portfolio = portfolio;
        event.rule = incident.rule;
        event.blocks = fork.blocks;
        event.account = key;
        event.level = type == IncidentType::retracted ? Level::ok : incident.level;
        event.from = from;
        event.reason = std::move(reason);
        event.log_only = incident.log_only;
        event.liquidatable = event.level == Level::liquidatable;
        // The next step reminds of what is open at once, with its figures and actions.
        incident.last_event_time = 0;
        events.push_back(std::move(event));
    };
    std::erase_if(at_fork, [](const auto& row) { return of_sources(row.first); });
    for (const auto& [rule, present] : now) {
        if (of_sources(rule)) {
            at_fork.emplace(rule, present);
            continue;
        }
        const auto old = at_fork.find(rule);
        if (old != at_fork.end() && old->second.id == present.id) {
            old->second.sequence = present.sequence;
            old->second.log_only = old->second.log_only && present.log_only;
            if (old->second.level == present.level) continue;
            emit(old->second, old->second.level < present.level ? IncidentType::escalated : IncidentType::eased, present.level,
                 "the block that changed its level was reorganised away");
            continue;
        }
        OpenIncident gone = present;
        emit(gone, IncidentType::retracted, present.level, "the block that it rested on was reorganised away");
        memory.ended[gone.id] = EndedIncident{gone.sequence, time};
    }
    for (auto& [rule, old] : at_fork) {
        if (of_sources(rule)) continue;
        const auto present = now.find(rule);
        if (present != now.end() && present->second.id == old.id) continue;
        if (const auto ended = memory_now.ended.find(old.id); ended != memory_now.ended.end())
            old.sequence = std::max(old.sequence, ended->second.sequence);
        emit(old, IncidentType::opened, Level::ok, "the block that cleared it was reorganised away");
        memory.ended.erase(old.id);
    }
}

}  // namespace

StepResult retract(const Memory& at_fork, const Memory& now) {
    StepResult result;
    result.memory = at_fork;
    static const PortfolioMemory nothing{};
    static const AccountMemory no_account{};
    for (const auto& [name, present] : now.portfolios) result.memory.portfolios.try_emplace(name);
    for (auto& [name, memory] : result.memory.portfolios) {
        const auto found = now.portfolios.find(name);
        const PortfolioMemory& present = found == now.portfolios.end() ? nothing : found->second;
        for (const auto& [id, ended] : present.ended) memory.ended.insert_or_assign(id, ended);
        for (const auto& [key, account] : present.accounts) memory.accounts.try_emplace(key);
        for (auto& [key, account] : memory.accounts) {
            const auto other = present.accounts.find(key);
            rewind_incidents(account.open, other == present.accounts.end() ? no_account.open : other->second.open, name, key,
                             at_fork, now.time, memory, present, result.events);
        }
        rewind_incidents(memory.open, present.open, name, std::nullopt, at_fork, now.time, memory, present, result.events);
    }
    return result;
}

}  // namespace margind::risk
