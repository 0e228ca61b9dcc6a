// Text names of the model's small enumerations, and the current state of a prepared account.
#include "risk/model/asset.hpp"
#include "risk/model/grade.hpp"
#include "risk/model/incident.hpp"
#include "risk/model/position.hpp"
#include "risk/model/report.hpp"
#include "risk/model/snapshot.hpp"
#include "risk/model/venue_rule.hpp"

namespace margind::model {

const char* to_string(PriceGrade grade) {
    switch (grade) {
        case PriceGrade::fresh: return "fresh";
        case PriceGrade::late: return "late";
        case PriceGrade::stale: return "stale";
        case PriceGrade::disputed: return "disputed";
        case PriceGrade::sequencer_grace: return "sequencer_grace";
        case PriceGrade::refused: return "refused";
    }
    return "invalid";
}

int badness(PriceGrade grade) {
    switch (grade) {
        case PriceGrade::fresh: return 0;
        case PriceGrade::late: return 1;
        case PriceGrade::sequencer_grace: return 2;
        case PriceGrade::disputed: return 3;
        case PriceGrade::stale: return 4;
        case PriceGrade::refused: return 5;
    }
    return 5;
}

const char* to_string(RatioSource source) {
    switch (source) {
        case RatioSource::erc4626: return "erc4626";
        case RatioSource::wsteth: return "wsteth";
        case RatioSource::rate_feed: return "rate_feed";
    }
    return "invalid";
}

const char* to_string(GradeKind kind) {
    switch (kind) {
        case GradeKind::verified: return "verified";
        case GradeKind::recomputed: return "recomputed";
        case GradeKind::drift: return "drift";
        case GradeKind::unknown: return "unknown";
    }
    return "invalid";
}

const char* to_string(TroubleKind kind) {
    switch (kind) {
        case TroubleKind::stale: return "stale";
        case TroubleKind::single_source: return "single_source";
        case TroubleKind::disputed: return "disputed";
    }
    return "invalid";
}

const char* to_string(Instrument instrument) {
    switch (instrument) {
        case Instrument::spot: return "spot";
        case Instrument::perp: return "perp";
        case Instrument::option: return "option";
        case Instrument::debt: return "debt";
        case Instrument::vault_share: return "vault_share";
    }
    return "invalid";
}

const char* to_string(OptionKind kind) {
    switch (kind) {
        case OptionKind::call: return "call";
        case OptionKind::put: return "put";
    }
    return "invalid";
}

const char* to_string(VolMove move) {
    switch (move) {
        case VolMove::up: return "up";
        case VolMove::down: return "down";
    }
    return "invalid";
}

const char* to_string(PriceRole role) {
    switch (role) {
        case PriceRole::oracle: return "oracle";
        case PriceRole::mark: return "mark";
        case PriceRole::index: return "index";
        case PriceRole::forward: return "forward";
    }
    return "invalid";
}

const char* to_string(Verb verb) {
    switch (verb) {
        case Verb::repay: return "repay";
        case Verb::deposit: return "deposit";
        case Verb::reduce: return "reduce";
    }
    return "invalid";
}

const char* to_string(Level level) {
    switch (level) {
        case Level::liquidatable: return "liquidatable";
        case Level::critical: return "critical";
        case Level::call: return "call";
        case Level::warn: return "warn";
        case Level::unknown: return "unknown";
        case Level::watch: return "watch";
        case Level::ok: return "ok";
    }
    return "invalid";
}

const char* to_string(Direction direction) {
    switch (direction) {
        case Direction::down: return "down";
        case Direction::up: return "up";
    }
    return "invalid";
}

const char* to_string(IncidentType type) {
    switch (type) {
        case IncidentType::opened: return "opened";
        case IncidentType::escalated: return "escalated";
        case IncidentType::eased: return "eased";
        case IncidentType::reminded: return "reminded";
        case IncidentType::cleared: return "cleared";
        case IncidentType::retracted: return "retracted";
    }
    return "invalid";
}

const char* to_string(Finality finality) {
    switch (finality) {
        case Finality::latest: return "latest";
        case Finality::safe: return "safe";
        case Finality::finalized: return "finalized";
    }
    return "invalid";
}

const std::vector<VolInput>& PreparedAccount::vol_inputs() const {
    static const std::vector<VolInput> none;
    return none;
}

State PreparedAccount::current() const {
    State out;
    out.prices.reserve(inputs().size());
    for (const PriceInput& input : inputs()) out.prices.push_back(input.price);
    for (const VolInput& input : vol_inputs()) out.vols.push_back(input.vol);
    return out;
}

Result<bool> PreparedAccount::liquidatable(const State& state) const {
    const Result<Standing> standing = at(state);
    if (!standing) return fail(standing.error());
    return standing->liquidatable;
}

}  // namespace margind::model
