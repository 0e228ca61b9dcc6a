// What the daemon counts, for Prometheus. Labels are chains, operators, portfolios, sinks and routes of the configuration: bounded.
#include "daemon/metrics.hpp"

#include "daemon/version.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <mutex>
#include <optional>

namespace margind::daemon {
namespace {

using prometheus::Counter;
using prometheus::Family;
using prometheus::Gauge;
using prometheus::Histogram;

const Histogram::BucketBoundaries seconds{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};

Family<Counter>& counter(prometheus::Registry& registry, const char* name, const char* help) {
    return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
}
Family<Gauge>& gauge(prometheus::Registry& registry, const char* name, const char* help) {
    return prometheus::BuildGauge().Name(name).Help(help).Register(registry);
}
Family<Histogram>& histogram(prometheus::Registry& registry, const char* name, const char* help) {
    return prometheus::BuildHistogram().Name(name).Help(help).Register(registry);
}
// What is not known is absent, not what it was.
void set_or_remove(Family<Gauge>& family, const prometheus::Labels& labels, const std::optional<double>& value) {
    Gauge& gauge = family.Add(labels);
    if (value) gauge.Set(*value);
    else family.Remove(&gauge);
}
std::string text_of(model::ChainId chain) { return std::to_string(chain.value); }

}  // namespace

struct Metrics::Families {
    prometheus::Registry registry;
    Family<Counter>& blocks = counter(registry, "margind_blocks_evaluated_total", "Blocks that a published report stood on.");
    Family<Histogram>& read = histogram(registry, "margind_read_seconds", "From an accepted head to a whole snapshot.");
    Family<Histogram>& evaluate = histogram(registry, "margind_evaluate_seconds", "Evaluation and step of one snapshot.");
    Family<Histogram>& publish = histogram(registry, "margind_publish_seconds", "From an accepted head to the state that is served.");
    Family<Histogram>& commit = histogram(registry, "margind_commit_seconds", "One transaction of the history.");
    Family<Counter>& refused = counter(registry, "margind_commits_refused_total", "Transactions that the database refused.");
    Family<Counter>& reorganisations = counter(registry, "margind_reorganisations_total", "Evaluated blocks found to be orphaned.");
    Family<Counter>& failures = counter(registry, "margind_read_failures_total", "Polls and readings that failed, by cause.");
    Family<Counter>& disputes = counter(registry, "margind_disputes_total", "Answers of an operator that others contradicted.");
    Family<Counter>& events = counter(registry, "margind_incident_events_total", "Events of incidents, by type.");
    Family<Counter>& deliveries = counter(registry, "margind_deliveries_total", "Attempts to hand an event to a sink.");
    Family<Counter>& requests = counter(registry, "margind_http_requests_total", "Answered requests by route and status.");
    Family<Gauge>& block = gauge(registry, "margind_evaluated_block", "Number of the block that the served state stands on.");
    Family<Gauge>& block_age = gauge(registry, "margind_block_age_seconds", "Wall clock minus time of that block.");
    Family<Gauge>& confirmed_age = gauge(registry, "margind_confirmed_age_seconds", "Since an endpoint last named that block its head.");
    Family<Gauge>& trouble = gauge(registry, "margind_source_trouble", "1 while the sources of a chain are stale, single_source or disputed.");
    Family<Gauge>& stale_after = gauge(registry, "margind_stale_after_seconds", "Without a confirmation for so long a chain is stale.");
    Family<Gauge>& ready = gauge(registry, "margind_ready", "1 when /readyz answers 200.");
    Family<Gauge>& uncommitted = gauge(registry, "margind_uncommitted_events", "Events sent from memory that the database has not taken yet.");
    Family<Gauge>& level = gauge(registry, "margind_headline_level", "0 liquidatable, 1 critical, 2 call, 3 warn, 4 unknown, 5 watch, 6 ok.");
    Family<Gauge>& z = gauge(registry, "margind_headline_z", "Sigmas of 24 h to the binding account's liquidation; absent when none binds.");
    Family<Gauge>& accounts = gauge(registry, "margind_accounts", "Accounts of a portfolio by level.");
    Family<Gauge>& price_grade = gauge(registry, "margind_price_grade", "0 fresh, 1 late, 2 sequencer_grace, 3 disputed, 4 stale, 5 refused.");
    Family<Gauge>& price_confidence = gauge(registry, "margind_price_confidence", "Of a reference price, from 1 down to 0.");
    /// Gauges of a state are removed and set anew; one writer at a time.
    std::mutex state_mutex;
};

Metrics::Metrics() : families_(std::make_unique<Families>()) {
    gauge(families_->registry, "margind_build_info", "Version of this build.").Add({{"version", version()}}).Set(1);
}
Metrics::~Metrics() = default;

void Metrics::block_evaluated(model::ChainId chain, double read_seconds, double evaluate_seconds) {
    families_->blocks.Add({{"chain", text_of(chain)}}).Increment();
    families_->read.Add({{"chain", text_of(chain)}}, seconds).Observe(read_seconds);
    families_->evaluate.Add({}, seconds).Observe(evaluate_seconds);
}
void Metrics::published(model::ChainId chain, double duration) { families_->publish.Add({{"chain", text_of(chain)}}, seconds).Observe(duration); }
void Metrics::committed(double duration) { families_->commit.Add({}, seconds).Observe(duration); }
void Metrics::commit_refused() { families_->refused.Add({}).Increment(); }
void Metrics::reorganisation(model::ChainId chain) { families_->reorganisations.Add({{"chain", text_of(chain)}}).Increment(); }
void Metrics::read_failed(model::ChainId chain, model::ErrorCode code) {
    families_->failures.Add({{"chain", text_of(chain)}, {"cause", model::to_string(code)}}).Increment();
}
void Metrics::disputed(model::ChainId chain, const std::string& operator_name) {
    families_->disputes.Add({{"chain", text_of(chain)}, {"operator", operator_name}}).Increment();
}
void Metrics::event(model::IncidentType type) { families_->events.Add({{"type", model::to_string(type)}}).Increment(); }
void Metrics::delivery(const std::string& sink, bool delivered) {
    families_->deliveries.Add({{"sink", sink}, {"result", delivered ? "delivered" : "failed"}}).Increment();
}
void Metrics::http_request(const std::string& route, int status) {
    families_->requests.Add({{"route", route}, {"status", std::to_string(status)}}).Increment();
}

std::string Metrics::text(const Published& state, const Clocks& clocks) {
    const std::lock_guard lock(families_->state_mutex);
    families_->ready.Add({}).Set(not_ready_reasons(state, clocks).empty() ? 1 : 0);
    families_->uncommitted.Add({}).Set(static_cast<double>(state.uncommitted_events.size()));
    for (const ChainStatus& chain : state.chains) {
        const prometheus::Labels labels{{"chain", text_of(chain.id)}};
        std::optional<double> number;
        std::optional<double> age;
        std::optional<double> confirmed_age;
        if (chain.evaluated) number = static_cast<double>(chain.evaluated->number);
        if (chain.evaluated) age = static_cast<double>(clocks.wall() - chain.evaluated->time);
        if (chain.confirmed) confirmed_age = std::chrono::duration<double>(clocks.steady() - *chain.confirmed).count();
        set_or_remove(families_->block, labels, number);
        set_or_remove(families_->block_age, labels, age);
        set_or_remove(families_->confirmed_age, labels, confirmed_age);
        families_->stale_after.Add(labels).Set(std::chrono::duration<double>(chain.stale_after).count());
        for (const model::TroubleKind kind : {model::TroubleKind::stale, model::TroubleKind::single_source, model::TroubleKind::disputed}) {
            const bool present = model::find_trouble(chain.troubles, chain.id, kind) != nullptr;
            families_->trouble.Add({{"chain", text_of(chain.id)}, {"kind", model::to_string(kind)}}).Set(present ? 1 : 0);
        }
    }
    if (state.evaluation) {
        for (const model::ReferencePrice& price : state.evaluation->report->prices) {
            const prometheus::Labels labels{{"chain", text_of(price.chain)}, {"asset", price.asset.symbol}, {"source", price.source}};
            families_->price_grade.Add(labels).Set(badness(price.grade));
            families_->price_confidence.Add(labels).Set(price.confidence_ppm / 1e6);
        }
        for (const auto& [name, portfolio] : state.evaluation->after->portfolios) {
            families_->level.Add({{"portfolio", name}}).Set(static_cast<double>(portfolio.headline.level));
            set_or_remove(families_->z, {{"portfolio", name}}, portfolio.headline.z);
        }
        for (const model::PortfolioReport& portfolio : state.evaluation->report->portfolios) {
            std::map<model::Level, int> counts;
            for (std::uint8_t level = 0; level <= static_cast<std::uint8_t>(model::Level::ok); ++level) counts[static_cast<model::Level>(level)] = 0;
            for (const model::AccountReport& account : portfolio.accounts) ++counts[account.level];
            for (const auto& [level, count] : counts)
                families_->accounts.Add({{"portfolio", portfolio.name}, {"level", model::to_string(level)}}).Set(count);
        }
    }
    return prometheus::TextSerializer().Serialize(families_->registry.Collect());
}

}  // namespace margind::daemon
