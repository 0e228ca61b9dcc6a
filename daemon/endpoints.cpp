// Configured URLs as endpoints.
#include "daemon/endpoints.hpp"

#include <fmt/format.h>

namespace margind::daemon {

using adapters::rpc::Endpoint;

model::Result<Endpoint> endpoint_of(const config::Secret& url, const std::string& what) {
    auto endpoint = Endpoint::parse(url.reveal());
    if (!endpoint) return model::fail(endpoint.error().code, fmt::format("{} ({}): {}", what, url.origin(), endpoint.error().message));
    return endpoint;
}

model::Result<Endpoint> endpoint_of(const config::Chain& chain) { return endpoint_of(*chain.rpc, fmt::format("chain {} rpc", chain.id.value)); }

model::Result<Endpoint> endpoint_of(const config::WebHook& hook) { return endpoint_of(hook.url, fmt::format("web-hook '{}'", hook.name)); }

}  // namespace margind::daemon
