// The routes of the REST endpoint over one published state.
#include "daemon/routes.hpp"

#include "daemon/answers.hpp"
#include "daemon/evaluation_file.hpp"
#include "daemon/openapi.hpp"
#include "daemon/problem.hpp"
#include "daemon/stored.hpp"
#include "daemon/version.hpp"

#include <fmt/format.h>
#include <httplib.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <exception>

namespace margind::daemon {
namespace {

using nlohmann::json;

constexpr std::int64_t most_points = 10'000;
constexpr std::int64_t most_events = 1'000;
constexpr std::size_t longest_path = 512;
constexpr std::int64_t latest_time = std::int64_t{1} << 40;
// Who has seen a state finds it in the database, unless that takes longer.
constexpr std::chrono::milliseconds commit_patience{1'000};
constexpr const char* no_history = "no history is kept; set [storage] path in the configuration";
// On demand: bursts of five, then one address every two seconds.
constexpr double on_demand_burst = 5;
constexpr double on_demand_per_second = 0.5;
constexpr int most_on_demand = 3;

class Running {
public:
    explicit Running(std::atomic<int>& all) : all_(all), count_(++all) {}
    ~Running() { --all_; }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;
    int count() const { return count_; }

private:
    std::atomic<int>& all_;
    int count_;
};

void answer(httplib::Response& response, const json& body, int status = 200) {
    response.status = status;
    response.set_content(body.dump(-1, ' ', false, json::error_handler_t::replace), "application/json");
}

std::optional<std::int64_t> integer(const std::string& text) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

// The query parameter as an integer in [low, high], `fallback` when absent; empty: the response is a problem.
std::optional<std::int64_t> parameter(const httplib::Request& request, httplib::Response& response, const char* name, std::int64_t fallback,
                                      std::int64_t low, std::int64_t high) {
    if (!request.has_param(name)) return fallback;
    const std::string text = request.get_param_value(name);
    const auto value = integer(text);
    if (!value || *value < low || *value > high) {
        set_problem(request, response, 400, fmt::format("{}='{}' is not an integer from {} to {}", name, text, low, high));
        return std::nullopt;
    }
    return value;
}

}  // namespace

Routes::Routes(RouteContext context) : context_(std::move(context)), on_demand_(on_demand_burst, on_demand_per_second) {}

const std::vector<Routes::Row>& Routes::table() {
    static const std::vector<Row> rows{
        {"/v1/portfolios", "/v1/portfolios", {}, &Routes::portfolios},
        {"/v1/portfolios/{name}", "/v1/portfolios/([^/]{1,64})", {}, &Routes::portfolio},
        {"/v1/portfolios/{name}/accounts", "/v1/portfolios/([^/]{1,64})/accounts", {}, &Routes::accounts},
        {"/v1/portfolios/{name}/scenarios", "/v1/portfolios/([^/]{1,64})/scenarios", {}, &Routes::scenarios},
        {"/v1/portfolios/{name}/attribution", "/v1/portfolios/([^/]{1,64})/attribution", {}, &Routes::attribution},
        {"/v1/portfolios/{name}/history", "/v1/portfolios/([^/]{1,64})/history", {"from", "to", "step"}, &Routes::history},
        {"/v1/portfolios/{name}/snapshot", "/v1/portfolios/([^/]{1,64})/snapshot", {"at"}, &Routes::snapshot},
        {"/v1/incidents", "/v1/incidents", {"after", "limit"}, &Routes::incidents},
        {"/v1/accounts/{chain}/{address}", "/v1/accounts/([^/]{1,32})/([^/]{1,64})", {}, &Routes::account},
        {"/v1/openapi.json", "/v1/openapi\\.json", {}, &Routes::openapi},
        {"/healthz", "/healthz", {}, &Routes::healthz},
        {"/readyz", "/readyz", {}, &Routes::readyz},
        {"/metrics", "/metrics", {}, &Routes::metrics},
    };
    return rows;
}

std::vector<std::string> Routes::paths() {
    std::vector<std::string> paths;
    for (const Row& row : table()) paths.emplace_back(row.path);
    return paths;
}

void Routes::add_to(httplib::Server& server) {
    for (const Row& row : table()) {
        server.Get(row.pattern, [this, &row](const httplib::Request& request, httplib::Response& response) {
            try {
                const auto unknown = std::find_if(request.params.begin(), request.params.end(), [&](const auto& given) {
                    return std::find(row.query.begin(), row.query.end(), given.first) == row.query.end();
                });
                if (request.path.size() > longest_path)
                    set_problem(request, response, 414, fmt::format("a path has at most {} characters", longest_path));
                else if (unknown != request.params.end())
                    set_problem(request, response, 400, fmt::format("unknown query parameter '{}'; {} takes {}", unknown->first, row.path,
                                                                    row.query.empty() ? "none" : fmt::format("{}", fmt::join(row.query, ", "))));
                else
                    (this->*row.handler)(request, response);
            } catch (const std::exception&) {
                context_.metrics.http_request(row.path, 500);
                throw;
            }
            context_.metrics.http_request(row.path, response.status);
        });
    }
}

std::shared_ptr<const Published> Routes::find(const httplib::Request& request, httplib::Response& response, const model::PortfolioReport*& found) {
    const std::string name = request.matches[1].str();
    const bool known = std::any_of(context_.portfolios.begin(), context_.portfolios.end(), [&](const model::Portfolio& p) { return p.name == name; });
    if (!known) {
        set_problem(request, response, 404, fmt::format("no portfolio is named '{}'; /v1/portfolios lists them", name));
        return nullptr;
    }
    auto state = context_.state.get();
    if (state->evaluation)
        for (const model::PortfolioReport& portfolio : state->evaluation->report->portfolios)
            if (portfolio.name == name) {
                found = &portfolio;
                return state;
            }
    set_problem(request, response, 503, fmt::format("portfolio '{}' has not been evaluated yet; /readyz says why", name));
    return nullptr;
}

void Routes::portfolios(const httplib::Request&, httplib::Response& response) {
    const auto state = context_.state.get();
    auto body = json::object();
    body["portfolios"] = json::array();
    for (const model::Portfolio& configured : context_.portfolios) {
        auto row = json::object();
        row["name"] = configured.name;
        row["headline"] = nullptr;
        row["headline_reason"] = "not evaluated yet";
        if (state->evaluation)
            for (const model::PortfolioReport& report : state->evaluation->report->portfolios)
                if (report.name == configured.name) row = portfolio_row(*state->evaluation, report);
        body["portfolios"].push_back(std::move(row));
    }
    body["as_of"] = as_of(*state, context_.clocks);
    answer(response, body);
}

void Routes::portfolio(const httplib::Request& request, httplib::Response& response) {
    const model::PortfolioReport* report = nullptr;
    if (const auto state = find(request, response, report)) answer(response, portfolio_answer(*state, context_.clocks, *report));
}

void Routes::accounts(const httplib::Request& request, httplib::Response& response) {
    const model::PortfolioReport* report = nullptr;
    if (const auto state = find(request, response, report)) answer(response, accounts_answer(*state, context_.clocks, *report));
}

void Routes::scenarios(const httplib::Request& request, httplib::Response& response) {
    const model::PortfolioReport* report = nullptr;
    if (const auto state = find(request, response, report)) answer(response, scenarios_answer(*state, context_.clocks, *report));
}

void Routes::attribution(const httplib::Request& request, httplib::Response& response) {
    const model::PortfolioReport* report = nullptr;
    if (const auto state = find(request, response, report)) answer(response, attribution_answer(*state, context_.clocks, *report));
}

void Routes::history(const httplib::Request& request, httplib::Response& response) {
    const model::PortfolioReport* report = nullptr;
    const auto state = find(request, response, report);
    if (!state) return;
    const auto to = parameter(request, response, "to", state->evaluation->report->time, 0, latest_time);
    if (!to) return;
    const auto from = parameter(request, response, "from", std::max<std::int64_t>(0, *to - 86'400), 0, latest_time);
    if (!from) return;
    const auto step = parameter(request, response, "step", 60, 1, latest_time);
    if (!step) return;
    if (*from > *to) return set_problem(request, response, 400, fmt::format("from={} is after to={}", *from, *to));
    if ((*to - *from) / *step > most_points)
        return set_problem(request, response, 400,
                           fmt::format("from={} to={} step={} asks for more than {} points; take a larger step", *from, *to, *step, most_points));
    if (!context_.history) return set_problem(request, response, 503, no_history);
    context_.state.get_settled(commit_patience);
    const auto points = context_.history->points(report->name, *from, *to, *step);
    if (!points) return set_problem(request, response, status_of(points.error()), points.error().message);
    answer(response, history_answer(report->name, *points));
}

const model::Market& Routes::market_of(const Evaluation& evaluation) const { return evaluation.market ? *evaluation.market : context_.market; }

void Routes::snapshot(const httplib::Request& request, httplib::Response& response) {
    const model::PortfolioReport* report = nullptr;
    const auto state = find(request, response, report);
    if (!state) return;
    if (request.has_param("at")) return stored_snapshot(request, response, report->name);
    const Evaluation& evaluation = *state->evaluation;
    response.set_content(evaluation_file_text(*evaluation.snapshot, market_of(evaluation), context_.policy, evaluation.before.get()), "application/json");
    response.status = 200;
}

// Memories are kept for the last commits only, so such a file has none: what is remembered is null.
void Routes::stored_snapshot(const httplib::Request& request, httplib::Response& response, const std::string& portfolio) {
    const auto at = parameter(request, response, "at", 0, 0, latest_time);
    if (!at) return;
    if (!context_.history) return set_problem(request, response, 503, no_history);
    const auto state = context_.state.get_settled(commit_patience);
    const model::Market* const market = state->evaluation ? &market_of(*state->evaluation) : &context_.market;
    const auto text = context_.history->snapshot_at(portfolio, *at);
    if (!text) return set_problem(request, response, status_of(text.error()), text.error().message);
    if (!*text) return set_problem(request, response, 404, fmt::format("portfolio '{}' has no snapshot at or before {}", portfolio, *at));
    const auto snapshot = snapshot_of(**text);
    if (!snapshot) return set_problem(request, response, 503, snapshot.error().message);
    response.set_content(evaluation_file_text(*snapshot, *market, context_.policy, nullptr), "application/json");
    response.status = 200;
}

void Routes::incidents(const httplib::Request& request, httplib::Response& response) {
    const auto after = parameter(request, response, "after", 0, 0, std::numeric_limits<std::int64_t>::max());
    if (!after) return;
    const auto limit = parameter(request, response, "limit", most_events, 1, most_events);
    if (!limit) return;
    const auto state = context_.state.get_settled(commit_patience);
    if (!context_.history) return answer(response, incidents_answer({}, {}, state->uncommitted_events, 0));
    const auto events = context_.history->events(static_cast<std::uint64_t>(*after), static_cast<std::size_t>(*limit));
    if (!events) return set_problem(request, response, status_of(events.error()), events.error().message);
    const auto open = context_.history->open_incidents();
    if (!open) return set_problem(request, response, status_of(open.error()), open.error().message);
    answer(response, incidents_answer(*events, *open, state->uncommitted_events, static_cast<std::uint64_t>(*after)));
}

void Routes::account(const httplib::Request& request, httplib::Response& response) {
    const std::string chain_text = request.matches[1].str();
    const auto chain = integer(chain_text);
    const auto state = context_.state.get();
    const bool watched = chain && std::any_of(state->chains.begin(), state->chains.end(), [&](const ChainStatus& status) {
                             return std::cmp_equal(status.id.value, *chain);
                         });
    if (!watched) return set_problem(request, response, 404, fmt::format("chain '{}' is not watched; as_of of /v1/portfolios lists those that are", chain_text));
    const auto address = model::Address::parse(request.matches[2].str());
    if (!address) return set_problem(request, response, 400, address.error().message);
    for (const model::Portfolio& portfolio : context_.portfolios)
        if (std::find(portfolio.owners.begin(), portfolio.owners.end(), *address) != portfolio.owners.end())
            return set_problem(request, response, 409, fmt::format("{} belongs to portfolio '{}'; ask /v1/portfolios/{}/accounts",
                                                                   address->to_string(), portfolio.name, portfolio.name));
    // The other threads are left to those who ask for what is known already.
    const Running running(on_demand_running_);
    if (running.count() > most_on_demand) {
        response.set_header("Retry-After", "2");
        return set_problem(request, response, 429, fmt::format("{} addresses are being read; ask again", most_on_demand));
    }
    if (!on_demand_.take(context_.clocks.steady())) {
        response.set_header("Retry-After", "2");
        return set_problem(request, response, 429, fmt::format("at most one address every {:.0f} s, {:.0f} at once; ask again", 1 / on_demand_per_second, on_demand_burst));
    }
    const auto evaluation = context_.read_address(model::ChainId{static_cast<std::uint64_t>(*chain)}, *address);
    if (!evaluation) return set_problem(request, response, status_of(evaluation.error()), evaluation.error().message);
    answer(response, on_demand_answer(**evaluation));
}

void Routes::openapi(const httplib::Request&, httplib::Response& response) { answer(response, openapi_document()); }

void Routes::healthz(const httplib::Request&, httplib::Response& response) {
    auto body = json::object();
    body["status"] = "alive";
    body["version"] = version();
    answer(response, body);
}

void Routes::readyz(const httplib::Request&, httplib::Response& response) {
    const auto state = context_.state.get();
    const auto reasons = not_ready_reasons(*state, context_.clocks);
    auto body = json::object();
    body["ready"] = reasons.empty();
    body["reasons"] = reasons;
    body["warnings"] = json::array();
    if (!state->storage_error.empty()) body["warnings"].push_back("the history is not written: " + state->storage_error);
    for (const ChainStatus& chain : state->chains)
        for (const model::SourceTrouble& trouble : chain.troubles)
            if (trouble.kind == model::TroubleKind::single_source) body["warnings"].push_back("single source: " + trouble.reason);
    body["as_of"] = as_of(*state, context_.clocks);
    answer(response, body, reasons.empty() ? 200 : 503);
}

void Routes::metrics(const httplib::Request&, httplib::Response& response) {
    response.set_content(context_.metrics.text(*context_.state.get(), context_.clocks), "text/plain; version=0.0.4; charset=utf-8");
    response.status = 200;
}

}  // namespace margind::daemon
