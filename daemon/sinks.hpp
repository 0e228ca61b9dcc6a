// Where events of incidents go: the log, standard output, web-hooks.
#pragma once

#include "adapters/rpc/http.hpp"
#include "config/settings.hpp"
#include "risk/model/result.hpp"

#include <boost/asio/awaitable.hpp>

#include <memory>
#include <string>
#include <vector>

namespace margind::daemon {

namespace asio = boost::asio;

/// Delivers bodies of version 1. Used on the io thread.
class Sink {
public:
    virtual ~Sink() = default;
    /// Bounded and stable: outbox rows and metrics are kept under it.
    virtual const std::string& name() const = 0;
    /// Errors: `unreachable` when nobody answered (nothing else will get through either), else this body was refused.
    virtual asio::awaitable<model::Result<void>> deliver(std::string body) = 0;
};

inline const std::string log_sink_name = "log";
inline const std::string json_lines_sink_name = "json_lines";

/// Those of the configuration, the log first. `client` must outlive them. Fails on a web-hook's URL.
model::Result<std::vector<std::unique_ptr<Sink>>> make_sinks(const config::Sinks& settings, adapters::rpc::HttpClient& client);

}  // namespace margind::daemon
