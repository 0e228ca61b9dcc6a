// The one HTTP client: POST and GET with bounds and deadlines, over kept connections, plain or TLS.
#pragma once

#include "adapters/rpc/budget.hpp"
#include "adapters/rpc/endpoint.hpp"
#include "risk/model/result.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace margind::adapters::rpc {

namespace asio = boost::asio;

class Dialer;

struct HttpLimits {
    std::chrono::milliseconds connect{5'000};
    /// From the call to the last byte of the reply, name lookup and connecting included.
    std::chrono::milliseconds total{20'000};
    std::size_t max_body = std::size_t{16} << 20;
    std::uint32_t max_header = 16'384;
};

struct HttpResponse {
    unsigned status = 0;
    std::string body;
    std::string content_type;
    /// Retry-After, from the arrival on.
    std::optional<std::chrono::seconds> retry_after;
    /// From the first byte of the request to the last of the reply.
    std::chrono::microseconds took{0};
};

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

struct HttpOptions {
    /// Certificate authorities beside the system's own, PEM; empty for none.
    std::string ca_file;
    std::size_t max_idle_per_host = 8;
    /// Servers drop idle connections; an older one is not used again.
    std::chrono::seconds max_idle{20};
};

/// Used from the thread of its executor alone. A kept connection that the server has closed is replaced and the request
/// sent once more, so a server may see a request twice: for reads and for deliveries at least once.
class HttpClient {
public:
    /// Throws when the certificate authorities cannot be loaded.
    HttpClient(asio::any_io_executor executor, const HttpOptions& options);
    ~HttpClient();

    /// Any status is an answer; redirects are not followed. Errors: `unreachable` (no connection, TLS refused, deadline,
    /// connection lost), `limit` (header or body too long, after inflating), `upstream` (not HTTP); they name the endpoint as shown().
    asio::awaitable<model::Result<HttpResponse>> post(Endpoint endpoint, HttpHeaders headers, std::string body,
                                                      HttpLimits limits);
    /// The same without a body; the reply may come compressed.
    asio::awaitable<model::Result<HttpResponse>> get(Endpoint endpoint, HttpLimits limits);
    /// A JSON-RPC message: every time it leaves, `pacer` is asked before; the reply may come compressed and must keep to
    /// json_bounds.hpp while it arrives. One that does not begin as JSON is cut short. `pacer` must outlive the request.
    asio::awaitable<model::Result<HttpResponse>> post_json(Endpoint endpoint, std::string body, HttpLimits limits, Pacer& pacer,
                                                           Cost cost);
    const asio::any_io_executor& executor() const;
    /// What finds and trusts servers, for other connections than this client's own.
    const std::shared_ptr<Dialer>& dialer() const;
    /// Connections opened so far.
    std::uint64_t connections_opened() const;

private:
    class Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace margind::adapters::rpc
