// What the daemon counts, for Prometheus. Labels are chains, operators, portfolios, feeds, sinks and routes of the configuration: bounded.
#pragma once

#include "daemon/published.hpp"

#include <memory>
#include <string>

namespace margind::daemon {

/// Any thread may call any method.
class Metrics {
public:
    Metrics();
    ~Metrics();

    void block_evaluated(model::ChainId chain, double read_seconds, double evaluate_seconds);
    void published(model::ChainId chain, double seconds);
    void committed(double seconds);
    void commit_refused();
    void reorganisation(model::ChainId chain);
    void read_failed(model::ChainId chain, model::ErrorCode code);
    /// What `operator_name` said was contradicted.
    void disputed(model::ChainId chain, const std::string& operator_name);
    void event(model::IncidentType type);
    void delivery(const std::string& sink, bool delivered);
    void http_request(const std::string& route, int status);
    /// Prometheus text format 0.0.4. Ages and levels are those of `state` at this moment.
    std::string text(const Published& state, const Clocks& clocks);

private:
    struct Families;
    std::unique_ptr<Families> families_;
};

}  // namespace margind::daemon
