// Configured URLs as endpoints.
#pragma once

#include "adapters/rpc/endpoint.hpp"
#include "config/settings.hpp"

#include <string>

namespace margind::daemon {

/// Errors name `what` ("chain 1 rpc") and where the URL comes from, never the URL's secret parts.
model::Result<adapters::rpc::Endpoint> endpoint_of(const config::Secret& url, const std::string& what);
/// \pre the chain has an rpc.
model::Result<adapters::rpc::Endpoint> endpoint_of(const config::Chain& chain);
model::Result<adapters::rpc::Endpoint> endpoint_of(const config::WebHook& hook);

}  // namespace margind::daemon
