// The endpoints of the configuration and of the command line.
#pragma once

#include "adapters/rpc/operator.hpp"
#include "config/settings.hpp"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace margind::daemon {

/// A way to a chain and who runs it. Without a chain (the command line) the node says which one it serves.
struct NamedEndpoint {
    std::optional<model::ChainId> chain;
    std::string operator_name;
    adapters::rpc::EndpointOptions options;
};

/// What a command line says about endpoints; empty: MARGIND_RPC, then the configuration.
struct EndpointChoice {
    std::vector<std::string> rpc;
    std::string rpc_file;
};

/// Errors name `what` ("web-hook 'pager'") and where the URL comes from, never the URL's secret parts.
model::Result<adapters::rpc::Endpoint> endpoint_of(const config::Secret& url, const std::string& what);
model::Result<adapters::rpc::Endpoint> endpoint_of(const config::WebHook& hook);
model::Result<NamedEndpoint> endpoint_of(const config::Endpoint& endpoint);

/// All of the configuration, in its order.
model::Result<std::vector<NamedEndpoint>> endpoints_of(const config::Settings& settings);
/// `rpc`, else `rpc_file`, else MARGIND_RPC, with the operators "rpc-1", "rpc-2", …; else those of the configuration. At least one.
model::Result<std::vector<NamedEndpoint>> chosen_endpoints(const EndpointChoice& choice, const config::Settings& settings);
/// Those of one chain by operator, in their order; those without a chain do not count.
std::vector<adapters::rpc::OperatorOptions> operators_of(std::span<const NamedEndpoint> endpoints, model::ChainId chain);

}  // namespace margind::daemon
