// A warning with a life: its body as it is sent, and what must be remembered between evaluations.
#pragma once

#include "risk/model/report.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace margind::model {

enum class IncidentType : std::uint8_t { opened, escalated, eased, reminded, cleared, retracted };
const char* to_string(IncidentType type);

enum class Finality : std::uint8_t { latest, safe, finalized };
const char* to_string(Finality finality);

/// Body, version 1. `id` hashes (portfolio, rule, account, opening block hashes by chain), so two daemons give the same one.
struct IncidentEvent {
    Bytes32 id;
    /// 1 for `opened`, then one more for each event of the incident.
    std::uint64_t sequence = 0;
    IncidentType type = IncidentType::opened;
    std::string portfolio;
    std::string rule;
    std::vector<BlockRef> blocks;
    Finality finality = Finality::latest;
    std::uint64_t expires_at_block = 0;
    /// Null for an incident of the book.
    std::optional<AccountKey> account;
    Grade grade;
    /// Operators that say the same of what the incident stands on; of a book, of its least confirmed account. 0: none answers.
    std::uint32_t operators_agreeing = 1;
    Level level = Level::warn;
    Level from = Level::ok;
    std::string reason;
    /// Not material: to the log only.
    bool log_only = false;
    std::optional<double> z;
    std::optional<double> room;
    std::optional<double> h;
    std::optional<U256> liquidation_price;
    std::uint8_t price_decimals = 0;
    std::string price_source;
    bool liquidatable = false;
    std::optional<std::uint32_t> close_factor_bps;
    std::optional<std::uint32_t> penalty_bps;
    std::optional<double> loss_if_liquidated_usd;
    std::vector<Action> actions;
};

struct OpenIncident {
    Bytes32 id;
    std::uint64_t sequence = 0;
    std::string rule;
    Level level = Level::warn;
    std::vector<BlockRef> opened_at;
    std::int64_t last_event_time = 0;
    /// By level: block time since when its own condition has been false with the margin to leave it.
    std::map<Level, std::int64_t> leaving_since;
    bool log_only = false;
};

struct EndedIncident {
    std::uint64_t sequence = 0;
    std::int64_t time = 0;
};

/// What is remembered of one account of one portfolio.
struct AccountMemory {
    /// Last known: level, z, figures; block time of the last good reading.
    std::optional<Level> level;
    std::optional<double> z;
    std::optional<double> equity_usd;
    std::optional<double> at_stake_usd;
    bool material = true;
    std::int64_t good_time = 0;
    std::optional<std::int64_t> unknown_since;
    std::int64_t unknown_blocks = 0;
    /// By rule: "distance", "unknown", "drift".
    std::map<std::string, OpenIncident> open;
};

struct PortfolioMemory {
    std::map<AccountKey, AccountMemory> accounts;
    /// Incidents of the book, by rule: "cover", and of the sources of chain 1 "source.stale:1", "source.single_source:1" and
    /// "source.disputed:1".
    std::map<std::string, OpenIncident> open;
    /// Last good unified figures.
    std::optional<Unified> unified;
    std::int64_t unified_time = 0;
    /// The headline with memory: unknown accounts keep their last level and materiality, levels their hysteresis.
    Headline headline;
    /// Sequence and block time of incidents that ended, for the case that a reorganisation reopens one; kept for a day.
    std::map<Bytes32, EndedIncident> ended;
};

struct Memory {
    std::int64_t time = 0;
    std::vector<BlockRef> blocks;
    std::map<std::string, PortfolioMemory> portfolios;
};

struct StepResult {
    Memory memory;
    std::vector<IncidentEvent> events;
};

}  // namespace margind::model
