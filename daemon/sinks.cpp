// Where events of incidents go: the log, standard output, web-hooks.
#include "daemon/sinks.hpp"

#include "daemon/endpoints.hpp"
#include "daemon/log_value.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <climits>
#include <cstring>
#include <poll.h>
#include <unistd.h>

namespace margind::daemon {
namespace {

using model::Result;
using nlohmann::json;

constexpr std::chrono::seconds standard_output_deadline{2};

// A member as it stands in a key=value line; "-" when it is absent or null.
std::string shown(const json& body, const char* name) {
    const auto found = body.find(name);
    if (found == body.end() || found->is_null()) return "-";
    return found->is_string() ? found->get<std::string>() : found->dump(-1, ' ', false, json::error_handler_t::replace);
}

class LogSink : public Sink {
public:
    const std::string& name() const override { return log_sink_name; }
    asio::awaitable<Result<void>> deliver(std::string text) override {
        const json body = json::parse(text, nullptr, false);
        if (!body.is_object()) co_return model::fail(model::ErrorCode::bad_input, fmt::format("'{}' is no incident body", text.substr(0, 80)));
        const std::string type = shown(body, "type");
        const bool calm = type == "cleared" || type == "retracted" || type == "eased";
        spdlog::log(calm ? spdlog::level::info : spdlog::level::warn,
                    "event=incident type={} id={} sequence={} portfolio={} rule={} account={} level={} from={} z={} room={} uncommitted={} reason={}",
                    type, shown(body, "id"), shown(body, "sequence"), shown(body, "portfolio"), shown(body, "rule"), shown(body, "account_key"),
                    shown(body, "level"), shown(body, "from"), shown(body, "z"), shown(body, "room"), body.value("uncommitted", false),
                    log_value(shown(body, "reason")));
        co_return Result<void>{};
    }
};

// True also when it is broken: the write then says how.
bool standard_output_is_ready() {
    pollfd out{STDOUT_FILENO, POLLOUT, 0};
    return ::poll(&out, 1, 0) != 0;
}

// Writes no more than standard output takes at once: a pipe whose reader stands still would stop the whole daemon.
class JsonLinesSink : public Sink {
public:
    const std::string& name() const override { return json_lines_sink_name; }
    asio::awaitable<Result<void>> deliver(std::string body) override {
        const auto until = std::chrono::steady_clock::now() + standard_output_deadline;
        body.push_back('\n');
        if (begun() && body != line_) {
            // The rest of a line that was cut short, so that every line is whole.
            const auto done = co_await write_rest(until);
            if (!done) co_return model::fail(done.error());
        }
        if (!begun()) {
            line_ = std::move(body);
            written_ = 0;
        }
        auto done = co_await write_rest(until);
        co_return done;
    }

private:
    bool begun() const { return written_ > 0 && written_ < line_.size(); }

    asio::awaitable<Result<void>> write_rest(std::chrono::steady_clock::time_point until) {
        asio::steady_timer timer(co_await asio::this_coro::executor);
        while (written_ < line_.size()) {
            if (!standard_output_is_ready()) {
                if (std::chrono::steady_clock::now() >= until)
                    co_return model::fail(model::ErrorCode::unreachable, "standard output takes no more; does its reader stand still?", model::Retry::later);
                timer.expires_after(std::chrono::milliseconds(20));
                co_await timer.async_wait(asio::use_awaitable);
                continue;
            }
            // A pipe that is ready takes this many bytes without blocking.
            const ssize_t count = ::write(STDOUT_FILENO, line_.data() + written_, std::min<std::size_t>(line_.size() - written_, PIPE_BUF));
            if (count < 0 && errno != EINTR && errno != EAGAIN)
                co_return model::fail(model::ErrorCode::unreachable, fmt::format("standard output: {}; is its reader gone?", std::strerror(errno)), model::Retry::later);
            if (count > 0) written_ += static_cast<std::size_t>(count);
        }
        co_return Result<void>{};
    }

    std::string line_;
    std::size_t written_ = 0;
};

class WebHookSink : public Sink {
public:
    WebHookSink(const config::WebHook& settings, adapters::rpc::Endpoint endpoint, adapters::rpc::HttpClient& client)
        : name_("web_hook:" + settings.name), endpoint_(std::move(endpoint)), client_(client) {
        limits_.total = settings.deadline;
        limits_.connect = settings.deadline;
        // The answer's body is not read for anything.
        limits_.max_body = std::size_t{64} << 10;
        if (settings.header) header_.emplace(settings.header->first, settings.header->second.reveal());
    }
    const std::string& name() const override { return name_; }

    asio::awaitable<Result<void>> deliver(std::string text) override {
        const json body = json::parse(text, nullptr, false);
        if (!body.is_object()) co_return model::fail(model::ErrorCode::bad_input, fmt::format("'{}' is no incident body", text.substr(0, 80)));
        adapters::rpc::HttpHeaders headers;
        headers.emplace_back("Content-Type", "application/json");
        headers.emplace_back("Idempotency-Key", shown(body, "id") + "-" + shown(body, "sequence"));
        if (header_) headers.push_back(*header_);
        adapters::rpc::Endpoint endpoint = endpoint_;
        const auto response = co_await client_.post(std::move(endpoint), std::move(headers), std::move(text), limits_);
        if (!response) co_return model::fail(response.error());
        if (response->status < 200 || response->status > 299)
            co_return model::fail(model::ErrorCode::upstream, fmt::format("{} answered with status {}", endpoint_.shown(), response->status), model::Retry::later);
        co_return Result<void>{};
    }

private:
    std::string name_;
    adapters::rpc::Endpoint endpoint_;
    adapters::rpc::HttpClient& client_;
    adapters::rpc::HttpLimits limits_;
    std::optional<std::pair<std::string, std::string>> header_;
};

}  // namespace

Result<std::vector<std::unique_ptr<Sink>>> make_sinks(const config::Sinks& settings, adapters::rpc::HttpClient& client) {
    std::vector<std::unique_ptr<Sink>> sinks;
    if (settings.log) sinks.push_back(std::make_unique<LogSink>());
    if (settings.json_lines) sinks.push_back(std::make_unique<JsonLinesSink>());
    for (const config::WebHook& hook : settings.web_hooks) {
        auto endpoint = endpoint_of(hook);
        if (!endpoint) return model::fail(endpoint.error());
        sinks.push_back(std::make_unique<WebHookSink>(hook, std::move(*endpoint), client));
    }
    return sinks;
}

}  // namespace margind::daemon
