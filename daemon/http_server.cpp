// The HTTP listener: loopback only, bounded in every direction, and closed to foreign web pages.
#include "daemon/http_server.hpp"

#include "daemon/log_value.hpp"
#include "daemon/problem.hpp"
#include "daemon/task_queue.hpp"

#include <fmt/format.h>
#include <httplib.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <exception>
#include <mutex>

namespace margind::daemon {
namespace {

// Longer than a silent client may hold a thread.
constexpr std::chrono::seconds destructor_patience{15};

// "localhost:8080" -> "localhost", "[::1]:8080" -> "[::1]".
std::string_view without_port(std::string_view host) {
    if (!host.empty() && host.front() == '[') {
        const auto end = host.find(']');
        return end == std::string_view::npos ? std::string_view{} : host.substr(0, end + 1);
    }
    return host.substr(0, host.find(':'));
}

bool is_loopback_name(std::string_view name) { return name == "127.0.0.1" || name == "localhost" || name == "[::1]"; }

class TaskQueue : public httplib::TaskQueue {
public:
    explicit TaskQueue(const HttpLimits& limits) : queue_(limits.threads, limits.waiting_connections) {}
    void enqueue(std::function<void()> task) override { queue_.enqueue(std::move(task)); }
    void shutdown() override { queue_.shutdown(); }

private:
    BoundedTaskQueue queue_;
};

std::string what(const std::exception_ptr& error) {
    try {
        std::rethrow_exception(error);
    } catch (const std::exception& e) {
        return e.what();
    } catch (...) {
        return "not a std::exception";
    }
}

}  // namespace

bool AllowList::host(std::string_view header) const {
    const std::string_view name = without_port(header);
    return is_loopback_name(name) || std::any_of(hosts.begin(), hosts.end(), [&](const std::string& listed) { return listed == name || listed == header; });
}

bool AllowList::origin(std::string_view origin_header, std::string_view host_header) const {
    if (std::find(origins.begin(), origins.end(), origin_header) != origins.end()) return true;
    return origin_header == fmt::format("http://{}", host_header);
}

struct HttpServer::Running {
    std::mutex mutex;
    std::condition_variable ended;
    bool running = false;
};

HttpServer::HttpServer(HttpLimits limits, AllowList allowed)
    : server_(std::make_unique<httplib::Server>()), running_(std::make_shared<Running>()) {
    server_->set_payload_max_length(limits.payload_bytes);
    server_->set_read_timeout(limits.read);
    server_->set_write_timeout(limits.write);
    server_->set_keep_alive_timeout(limits.keep_alive.count());
    server_->set_keep_alive_max_count(limits.keep_alive_requests);
    server_->set_tcp_nodelay(true);
    // The default sets SO_REUSEPORT: a second daemon would silently take half of the connections.
    server_->set_socket_options([](socket_t socket) {
        const int yes = 1;
        if (setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0)
            spdlog::warn("event=socket_option_refused option=SO_REUSEADDR error={}", log_value(std::strerror(errno)));
    });
    server_->new_task_queue = [limits] { return new TaskQueue(limits); };

    server_->set_pre_routing_handler([allowed = std::move(allowed)](const httplib::Request& request, httplib::Response& response) {
        const std::string host = request.get_header_value("Host");
        response.set_header("X-Content-Type-Options", "nosniff");
        response.set_header("Cache-Control", "no-store");
        const auto refuse = [&](int status, const std::string& detail) {
            set_problem(request, response, status, detail);
            return httplib::Server::HandlerResponse::Handled;
        };
        if (request.get_header_value_count("Host") != 1 || !allowed.host(host))
            return refuse(403, fmt::format("Host '{}' is not served here; add it to [http] allowed_hosts", host));
        if (request.has_header("Origin")) {
            const std::string origin = request.get_header_value("Origin");
            if (!allowed.origin(origin, host))
                return refuse(403, fmt::format("Origin '{}' may not read this; add it to [http] allowed_origins", origin));
            response.set_header("Access-Control-Allow-Origin", origin);
            response.set_header("Vary", "Origin");
        }
        if (request.method != "GET" && request.method != "HEAD") {
            response.set_header("Allow", "GET, HEAD");
            return refuse(405, fmt::format("method {} is not served; use GET", request.method));
        }
        // RFC 9110 lets a server ignore ranges; cpp-httplib would copy the answer once for each of thousands.
        const_cast<httplib::Request&>(request).ranges.clear();
        return httplib::Server::HandlerResponse::Unhandled;
    });
    server_->set_error_handler([](const httplib::Request& request, httplib::Response& response) {
        if (!response.body.empty()) return;
        const int status = response.status;
        set_problem(request, response, status,
                    status == 404 ? fmt::format("nothing is served at '{}'; /v1/openapi.json lists what is", request.path)
                                  : fmt::format("{}", status_title(status)));
    });
    server_->set_exception_handler([](const httplib::Request& request, httplib::Response& response, std::exception_ptr error) {
        spdlog::error("event=route_failed path={} error={}", log_value(request.path), log_value(what(error)));
        set_problem(request, response, 500, "the request failed inside the daemon; its log says why");
    });
}

HttpServer::~HttpServer() { stop(destructor_patience); }

model::Result<int> HttpServer::listen(const std::string& host, int port) {
    if (!is_loopback_name(host) && host != "::1")
        return model::fail(model::ErrorCode::bad_input,
                           fmt::format("listen address '{}' is not a loopback address; use 127.0.0.1 and a proxy in front", host));
    errno = 0;
    const int bound = port == 0 ? server_->bind_to_any_port(host) : (server_->bind_to_port(host, port) ? port : -1);
    if (bound <= 0)
        return model::fail(model::ErrorCode::bad_input,
                           fmt::format("cannot listen on {}:{} ({}); is another margind running? set [http] port", host, port,
                                       errno == 0 ? "refused" : std::strerror(errno)));
    running_->running = true;
    thread_ = std::thread([server = server_.get(), running = running_] {
        server->listen_after_bind();
        const std::lock_guard lock(running->mutex);
        running->running = false;
        running->ended.notify_all();
    });
    // stop() has no effect on a listener that has not begun.
    while (!server_->is_running()) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
        const std::lock_guard lock(running_->mutex);
        if (!running_->running) return model::fail(model::ErrorCode::bad_input, fmt::format("the listener on {}:{} ended at once", host, bound));
    }
    return bound;
}

bool HttpServer::stop(std::chrono::milliseconds patience) {
    if (!thread_.joinable()) return true;
    server_->stop();
    {
        std::unique_lock lock(running_->mutex);
        if (!running_->ended.wait_for(lock, patience, [this] { return !running_->running; })) {
            // The thread uses the server: both are left to the end of the process.
            thread_.detach();
            static_cast<void>(server_.release());
            return false;
        }
    }
    thread_.join();
    return true;
}

}  // namespace margind::daemon
