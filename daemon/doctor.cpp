// The endpoints of each chain against each other and the clock; its venues and feeds through them.
#include "daemon/doctor.hpp"

#include "adapters/oracles/grade.hpp"
#include "adapters/oracles/settle.hpp"
#include "adapters/rpc/spawn.hpp"
#include "daemon/doctor_patient.hpp"
#include "daemon/packages.hpp"
#include "daemon/published.hpp"
#include "daemon/venues.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace margind::daemon {
namespace {

namespace rpc = adapters::rpc;
namespace asio = rpc::asio;
namespace oracles = adapters::oracles;
using model::FactsPtr;
using model::Result;
using Patients = std::vector<std::unique_ptr<Patient>>;

/// Blocks come while the endpoints are asked.
constexpr std::uint64_t allowed_lag = 3;
/// Further behind than this, an endpoint is not compared with the others.
constexpr std::uint64_t comparable_lag = 16;
constexpr std::size_t named_differences = 3;

std::vector<Patient*> of_chain(const Patients& patients, model::ChainId chain) {
    std::vector<Patient*> found;
    for (const auto& patient : patients)
        if (patient->serves(chain)) found.push_back(patient.get());
    return found;
}

std::uint64_t highest_head(const std::vector<Patient*>& patients) {
    std::uint64_t highest = 0;
    for (const Patient* patient : patients) highest = std::max(highest, patient->head->ref.number);
    return highest;
}

void judge_head(Patient& patient, const config::Chain& chain, std::uint64_t highest, bool alone, std::int64_t wall) {
    const model::BlockRef& head = patient.head->ref;
    const std::uint64_t lag = highest - head.number;
    const std::int64_t age = wall - head.time;
    const std::int64_t limit = late_limit_s(chain.block_time.count());
    const bool late = !chain.quiet_chain && age > limit;
    const bool early = age < -limit;
    std::string says = fmt::format("block {}, {} s old", head.number, age);
    if (late) says += fmt::format(" (at most {} s on this chain)", limit);
    if (early) says += ": ahead of the clock of this machine";
    patient.find("head", late || early ? Condition::unusable : Condition::good, static_cast<std::int64_t>(head.number), says);
    if (alone) return;
    patient.find("lag", lag > allowed_lag ? Condition::warning : Condition::good, static_cast<std::int64_t>(lag),
                 lag == 0 ? std::string("level with the others") : fmt::format("{} blocks behind the highest", lag));
}

asio::awaitable<void> take_common(Patient& patient, std::uint64_t number) {
    const auto block = co_await rpc::block_by_number(patient.client, *patient.subject.chain, number);
    if (block) patient.common = block->ref;
    else patient.find("agreement", Condition::warning, {}, fmt::format("block {} cannot be compared: {}", number, patient.words(block.error())));
}

using Votes = std::vector<std::pair<std::string, model::Bytes32>>;

/// What more than half of the operators say; empty where that is nothing, or two things of one operator's endpoints.
std::optional<model::Bytes32> majority(const Votes& votes) {
    std::set<std::string> operators;
    std::map<model::Bytes32, std::set<std::string>> said;
    for (const auto& [name, what] : votes) {
        operators.insert(name);
        said[what].insert(name);
    }
    std::optional<model::Bytes32> accepted;
    for (const auto& [what, names] : said) {
        if (names.size() * 2 <= operators.size()) continue;
        if (accepted) return std::nullopt;
        accepted = what;
    }
    return accepted;
}

asio::awaitable<void> compare_hashes(std::vector<Patient*> patients, std::uint64_t highest) {
    std::uint64_t number = highest;
    for (const Patient* patient : patients)
        if (highest - patient->head->ref.number <= comparable_lag) number = std::min(number, patient->head->ref.number);
    std::vector<asio::awaitable<void>> tasks;
    for (Patient* patient : patients)
        if (highest - patient->head->ref.number <= comparable_lag) tasks.push_back(take_common(*patient, number));
    co_await rpc::join_all(std::move(tasks));
    if (patients.size() < 2) co_return;
    Votes votes;
    for (const Patient* patient : patients)
        if (patient->common) votes.emplace_back(patient->named.operator_name, patient->common->hash);
    const auto accepted = majority(votes);
    for (Patient* patient : patients) {
        if (highest - patient->head->ref.number > comparable_lag) {
            patient->find("agreement", Condition::warning, {}, "too far behind to be compared");
        } else if (patient->common) {
            const std::string hash = patient->common->hash.to_string();
            if (accepted == patient->common->hash) patient->find("agreement", Condition::good, true, fmt::format("the same block {} as most", number));
            else patient->find("agreement", Condition::unusable, false, accepted ? fmt::format("another block {} than most: {}", number, hash)
                                                                             : fmt::format("no two agree on block {}: here {}", number, hash));
            if (accepted && accepted != patient->common->hash) patient->common.reset();
        }
    }
}

/// The named facts in which two readings of one venue differ.
std::string differences(const model::Facts& a, const model::Facts& b) {
    std::string names;
    std::size_t count = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        const model::FactValue* other = b.find(a.name(i));
        if (other != nullptr && *other == a.value(i)) continue;
        if (++count <= named_differences) names += (names.empty() ? "" : ", ") + a.name(i);
    }
    if (count == 0) return "more facts";
    return count > named_differences ? fmt::format("{} and {} more", names, count - named_differences) : names;
}

struct VenueReading {
    Result<FactsPtr> config = model::fail(model::ErrorCode::missing, "was not read");
    Result<FactsPtr> facts = model::fail(model::ErrorCode::missing, "was not read");
};

asio::awaitable<void> read_venue(Patient& patient, const adapters::Adapter& adapter, VenueReading& out) {
    const model::BlockRef block = *patient.common;
    auto config_reading = adapter.read_config();
    out.config = co_await patient.rounds->read(std::move(config_reading), block);
    if (!out.config) co_return;
    const FactsPtr config = *out.config;
    auto venue_reading = adapter.read_venue(config, block);
    out.facts = co_await patient.rounds->read(std::move(venue_reading), block);
}

void judge_venue(Examined& subject, const adapters::Adapter& adapter, const VenueReading& reading) {
    const auto find = [&subject](const char* check, const auto& result, const char* good) {
        subject.findings.push_back({check, result ? Condition::good : Condition::unusable, result.has_value(), result ? std::string(good) : result.error().message});
    };
    find("configuration", reading.config, "the contracts are there and are this protocol's");
    if (!reading.config) return;
    find("facts", reading.facts, "prices, indices and parameters can be read");
    if (!reading.facts) return;
    const bool carried = adapter.watch(**reading.facts).has_value();
    subject.findings.push_back({"carried_forward", Condition::good, carried,
                                carried ? "accounts are read when a log names them" : "accounts are read at every block"});
}

void judge_facts(Patient& patient, const std::string& venue, const VenueReading& own, const model::Facts& spoken, bool accepted, bool alone) {
    const std::string check = "facts_of_" + venue;
    const Result<FactsPtr>& last = own.config ? own.facts : own.config;
    if (!last) {
        patient.find(check, Condition::warning, {}, fmt::format("{} cannot be read here: {}", venue, patient.words(last.error())));
    } else if (!alone) {
        if (**own.facts == spoken) patient.find(check, Condition::good, true, fmt::format("the same facts of {}{}", venue, accepted ? " as most" : ""));
        else patient.find(check, Condition::unusable, false, fmt::format("other facts of {} than {}: {}", venue, accepted ? "most" : "another endpoint", differences(**own.facts, spoken)));
    }
}

asio::awaitable<void> examine_venue(std::vector<Patient*> patients, const adapters::Adapter& adapter, Examined& subject) {
    std::vector<VenueReading> readings(patients.size());
    std::vector<asio::awaitable<void>> tasks;
    for (std::size_t i = 0; i < patients.size(); ++i) tasks.push_back(read_venue(*patients[i], adapter, readings[i]));
    co_await rpc::join_all(std::move(tasks));
    // Most operators speak for the venue; else the first endpoint that could read it; where none could, the first.
    Votes votes;
    for (std::size_t i = 0; i < patients.size(); ++i)
        if (readings[i].facts) votes.emplace_back(patients[i]->named.operator_name, (*readings[i].facts)->content_hash());
    const auto accepted = majority(votes);
    const auto read = std::find_if(readings.begin(), readings.end(), [&](const VenueReading& one) {
        return one.facts && (!accepted || (*one.facts)->content_hash() == *accepted);
    });
    const VenueReading& spoken = read == readings.end() ? readings.front() : *read;
    judge_venue(subject, adapter, spoken);
    if (!spoken.facts) co_return;
    for (std::size_t i = 0; i < patients.size(); ++i) judge_facts(*patients[i], subject.name, readings[i], **spoken.facts, accepted.has_value(), patients.size() == 1);
}

Condition verdict_of(model::PriceGrade grade) {
    switch (grade) {
        case model::PriceGrade::fresh: return Condition::good;
        case model::PriceGrade::disputed:
        case model::PriceGrade::sequencer_grace:
        case model::PriceGrade::late:
        case model::PriceGrade::stale: return Condition::warning;
        case model::PriceGrade::refused: return Condition::unusable;
    }
    return Condition::unusable;
}

struct FeedReading {
    config::Feed feed;
    Result<std::string> description = model::fail(model::ErrorCode::missing, "not asked");
    Result<oracles::Observation> observed = model::fail(model::ErrorCode::missing, "not asked");
};

void judge_sequencer(Examined& subject, const FeedReading& reading, const model::BlockRef& block) {
    if (!reading.observed) {
        subject.findings.push_back({"uptime", Condition::unusable, {}, reading.observed.error().message});
        return;
    }
    const model::ReferencePrice& status = reading.observed->price;
    const std::int64_t since = block.time - status.updated_at;
    subject.findings.push_back({"uptime", verdict_of(status.grade), since,
                                status.grade == model::PriceGrade::fresh ? fmt::format("the sequencer is up for {} s", since) : status.reason});
}

void judge_feed(Examined& subject, const FeedReading& reading, const model::ReferencePrice* price, const model::BlockRef& block) {
    const auto find = [&subject](const char* check, Condition verdict, decltype(Finding::value) value, std::string says) {
        subject.findings.push_back({check, verdict, std::move(value), std::move(says)});
    };
    if (reading.description) find("description", Condition::good, *reading.description, *reading.description);
    else find("description", Condition::unusable, {}, reading.description.error().message);
    if (price == nullptr) {
        find("price", Condition::unusable, {}, reading.observed.error().message);
        return;
    }
    find("decimals", Condition::good, static_cast<std::int64_t>(price->decimals), fmt::format("{} decimals", price->decimals));
    const std::int64_t age = block.time - price->updated_at;
    find("age_s", verdict_of(price->grade), age,
         price->grade == model::PriceGrade::fresh ? fmt::format("{} s old, heartbeat {} s", age, price->heartbeat_s)
                                                  : fmt::format("{}: {}", model::to_string(price->grade), price->reason));
}

asio::awaitable<void> read_feed(rpc::HttpClient& http, Patient& patient, FeedReading& reading) {
    const model::BlockRef block = *patient.common;
    auto describe = oracles::read_description(reading.feed);
    reading.description = co_await patient.rounds->read(std::move(describe), block);
    oracles::Before before;
    if (const auto* packages = std::get_if<config::RedstoneFeed>(&reading.feed.source)) {
        config::RedstoneFeed source = *packages;
        auto delivery = co_await fetch_packages(http, std::move(source));
        before.delivery = std::make_shared<const oracles::Delivery>(std::move(delivery));
    }
    auto read = oracles::read_price(reading.feed, std::move(before), block);
    reading.observed = co_await patient.rounds->read(std::move(read), block);
}

// Each by itself, and then against the others of its asset.
void judge_feeds(const std::vector<FeedReading>& readings, const model::BlockRef& block, Diagnosis& diagnosis) {
    std::vector<oracles::Seen> seen;
    for (const FeedReading& reading : readings)
        seen.push_back({reading.feed, reading.observed ? reading.observed->price : oracles::refused_price(reading.feed, reading.observed.error().message), ""});
    const std::vector<model::ReferencePrice> prices = oracles::settle(std::move(seen), block.time);
    std::size_t place = 0;
    for (const FeedReading& reading : readings) {
        const bool packages = std::holds_alternative<config::RedstoneFeed>(reading.feed.source);
        Examined subject{reading.feed.asset.symbol, packages ? oracles::source_of(reading.feed) : reading.feed.address.to_string(), block.chain, {}};
        if (std::holds_alternative<config::SequencerFeed>(reading.feed.source)) {
            judge_sequencer(subject, reading, block);
        } else {
            const model::ReferencePrice& price = prices[place++];
            judge_feed(subject, reading, reading.observed ? &price : nullptr, block);
        }
        diagnosis.feeds.push_back(std::move(subject));
    }
}

asio::awaitable<void> examine_feeds(rpc::HttpClient& http, Patient& patient, std::vector<config::Feed> feeds, Diagnosis& diagnosis) {
    std::vector<FeedReading> readings(feeds.size());
    for (std::size_t i = 0; i < feeds.size(); ++i) {
        readings[i].feed = std::move(feeds[i]);
        co_await read_feed(http, patient, readings[i]);
    }
    judge_feeds(readings, *patient.common, diagnosis);
}

/// Through the endpoints that have the block of most.
asio::awaitable<void> examine_chain(rpc::HttpClient& http, std::vector<Patient*> patients, const config::Settings& settings, model::ChainId chain, Diagnosis& diagnosis) {
    std::erase_if(patients, [](const Patient* patient) { return !patient->common; });
    if (patients.empty()) co_return;
    const auto adapters = make_adapters(settings, chain);
    if (!adapters) {
        Examined subject{fmt::format("venues of chain {}", chain.value), "", chain, {}};
        subject.findings.push_back({"configuration", Condition::unusable, false, adapters.error().message});
        diagnosis.venues.push_back(std::move(subject));
    } else {
        for (const auto& [id, adapter] : *adapters) {
            Examined subject{id.to_string(), "", chain, {}};
            co_await examine_venue(patients, *adapter, subject);
            diagnosis.venues.push_back(std::move(subject));
        }
    }
    std::vector<config::Feed> feeds = config::feeds_of(settings, chain);
    co_await examine_feeds(http, *patients.front(), std::move(feeds), diagnosis);
}

asio::awaitable<void> examine_last(Patient& patient, const config::Chain& chain) {
    co_await examine_pushes(patient, chain);
    co_await examine_limits(patient);
}

Condition worst(const std::vector<Examined>& subjects) {
    Condition out = Condition::good;
    for (const Examined& subject : subjects) out = std::max(out, subject.verdict());
    return out;
}

}  // namespace

const char* to_string(Condition verdict) {
    switch (verdict) {
        case Condition::good: return "good";
        case Condition::warning: return "warning";
        case Condition::unusable: return "unusable";
    }
    return "unusable";
}

Condition Examined::verdict() const {
    Condition out = Condition::good;
    for (const Finding& finding : findings) out = std::max(out, finding.verdict);
    return out;
}

Condition Diagnosis::verdict() const { return std::max({worst(endpoints), worst(venues), worst(feeds)}); }

asio::awaitable<void> diagnose(rpc::HttpClient& http, const config::Settings& settings, std::vector<NamedEndpoint> endpoints, std::int64_t wall,
                               Diagnosis& diagnosis) {
    Patients patients;
    for (NamedEndpoint& endpoint : endpoints) patients.push_back(std::make_unique<Patient>(http, std::move(endpoint)));
    std::vector<asio::awaitable<void>> first;
    for (const auto& patient : patients) first.push_back(identify(*patient, settings));
    co_await rpc::join_all(std::move(first));

    std::set<model::ChainId> chains;
    for (const auto& patient : patients)
        if (patient->head) chains.insert(*patient->subject.chain);
    std::vector<asio::awaitable<void>> second;
    for (const model::ChainId id : chains) {
        const config::Chain& chain = settings.chains.at(id);
        const std::vector<Patient*> own = of_chain(patients, id);
        for (Patient* patient : own) {
            judge_head(*patient, chain, highest_head(own), own.size() == 1, wall);
            second.push_back(examine(*patient, chain));
        }
    }
    co_await rpc::join_all(std::move(second));
    std::vector<asio::awaitable<void>> third;
    for (const model::ChainId id : chains) {
        std::vector<Patient*> own = of_chain(patients, id);
        const std::uint64_t highest = highest_head(own);
        third.push_back(compare_hashes(std::move(own), highest));
    }
    co_await rpc::join_all(std::move(third));
    for (const model::ChainId id : chains) {
        std::vector<Patient*> own = of_chain(patients, id);
        co_await examine_chain(http, std::move(own), settings, id, diagnosis);
    }
    std::vector<asio::awaitable<void>> last;
    for (const auto& patient : patients)
        if (patient->head) last.push_back(examine_last(*patient, settings.chains.at(*patient->subject.chain)));
    co_await rpc::join_all(std::move(last));
    for (const auto& patient : patients) {
        const auto& findings = patient->subject.findings;
        diagnosis.answered = diagnosis.answered || std::any_of(findings.begin(), findings.end(), [](const Finding& one) {
                                 return one.check == "chain_id" && !std::holds_alternative<std::monostate>(one.value);
                             });
        diagnosis.endpoints.push_back(std::move(patient->subject));
        patient->client.close();
    }
}

}  // namespace margind::daemon
