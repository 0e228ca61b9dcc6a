// The routes of the REST endpoint over one published state.
#pragma once

#include "daemon/metrics.hpp"
#include "daemon/published.hpp"
#include "daemon/token_bucket.hpp"
#include "risk/model/market.hpp"
#include "risk/model/policy.hpp"
#include "storage/history.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace httplib {
class Server;
struct Request;
struct Response;
}  // namespace httplib

namespace margind::daemon {

/// Reads and evaluates one address at a chain's head, blocking up to its own deadline. Any thread may call it.
using ReadAddress = std::function<model::Result<std::shared_ptr<const Evaluation>>(model::ChainId, const model::Address&)>;

/// What routes stand on; references must outlive the server. `history` null: none is kept.
struct RouteContext {
    const PublishedState& state;
    storage::History* history = nullptr;
    Metrics& metrics;
    Clocks clocks;
    const model::Market& market;
    const model::Policy& policy;
    std::vector<model::Portfolio> portfolios;
    ReadAddress read_address;
};

class Routes {
public:
    explicit Routes(RouteContext context);

    /// The routes' handlers refer to this object.
    void add_to(httplib::Server& server);

    /// Paths as the OpenAPI document writes them.
    static std::vector<std::string> paths();

private:
    using Handler = void (Routes::*)(const httplib::Request&, httplib::Response&);
    struct Row {
        const char* path;
        const char* pattern;
        std::vector<std::string> query;
        Handler handler;
    };
    static const std::vector<Row>& table();

    void portfolios(const httplib::Request& request, httplib::Response& response);
    void portfolio(const httplib::Request& request, httplib::Response& response);
    void accounts(const httplib::Request& request, httplib::Response& response);
    void scenarios(const httplib::Request& request, httplib::Response& response);
    void attribution(const httplib::Request& request, httplib::Response& response);
    void history(const httplib::Request& request, httplib::Response& response);
    void snapshot(const httplib::Request& request, httplib::Response& response);
    /// What it stands on; the configured one where it does not say.
    const model::Market& market_of(const Evaluation& evaluation) const;
    void stored_snapshot(const httplib::Request& request, httplib::Response& response, const std::string& portfolio);
    void incidents(const httplib::Request& request, httplib::Response& response);
    void account(const httplib::Request& request, httplib::Response& response);
    void openapi(const httplib::Request& request, httplib::Response& response);
    void healthz(const httplib::Request& request, httplib::Response& response);
    void readyz(const httplib::Request& request, httplib::Response& response);
    void metrics(const httplib::Request& request, httplib::Response& response);

    /// The evaluation with the portfolio that the path names; otherwise null, and the response is a problem.
    std::shared_ptr<const Published> find(const httplib::Request& request, httplib::Response& response, const model::PortfolioReport*& found);

    RouteContext context_;
    TokenBucket on_demand_;
    /// Each holds a thread of the server until its node answers.
    std::atomic<int> on_demand_running_ = 0;
};

}  // namespace margind::daemon
