// The endpoints of the configuration and of the command line.
#include "daemon/endpoints.hpp"

#include "daemon/text_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace margind::daemon {
namespace {

using adapters::rpc::Endpoint;
using model::ErrorCode;
using model::Result;

constexpr std::size_t largest_rpc_file = 65'536;
constexpr std::string_view blanks = " \t\r\n";

/// The texts between any of `separators`, without blanks around them and without empty ones.
std::vector<std::string> parts_of(std::string_view text, std::string_view separators) {
    std::vector<std::string> parts;
    while (!text.empty()) {
        const auto end = std::min(text.find_first_of(separators), text.size());
        std::string_view part = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        part.remove_prefix(std::min(part.find_first_not_of(blanks), part.size()));
        while (!part.empty() && blanks.find(part.back()) != std::string_view::npos) part.remove_suffix(1);
        if (!part.empty()) parts.emplace_back(part);
    }
    return parts;
}

Result<std::vector<NamedEndpoint>> numbered(const std::vector<std::string>& urls, const std::string& origin) {
    std::vector<NamedEndpoint> found;
    for (const std::string& url : urls) {
        if (const auto first = std::find(urls.begin(), urls.end(), url); &*first != &url)
            return model::fail(ErrorCode::bad_input, fmt::format("{}: the endpoints {} and {} are the same URL: one node cannot confirm what it said itself; give it once",
                                                                 origin, first - urls.begin() + 1, found.size() + 1));
        auto endpoint = Endpoint::parse(url);
        if (!endpoint) return model::fail(endpoint.error().code, fmt::format("{}: {}", origin, endpoint.error().message));
        NamedEndpoint named;
        named.operator_name = fmt::format("rpc-{}", found.size() + 1);
        named.options.endpoint = std::move(*endpoint);
        found.push_back(std::move(named));
    }
    return found;
}

}  // namespace

Result<Endpoint> endpoint_of(const config::Secret& url, const std::string& what) {
    auto endpoint = Endpoint::parse(url.reveal());
    if (!endpoint) return model::fail(endpoint.error().code, fmt::format("{} ({}): {}", what, url.origin(), endpoint.error().message));
    return endpoint;
}

Result<Endpoint> endpoint_of(const config::WebHook& hook) { return endpoint_of(hook.url, fmt::format("web-hook '{}'", hook.name)); }

Result<NamedEndpoint> endpoint_of(const config::Endpoint& endpoint) {
    auto parsed = endpoint_of(endpoint.url, fmt::format("chain {} endpoint of {}", endpoint.chain.value, endpoint.operator_name));
    if (!parsed) return model::fail(parsed.error());
    NamedEndpoint named;
    named.chain = endpoint.chain;
    named.operator_name = endpoint.operator_name;
    named.options.endpoint = std::move(*parsed);
    named.options.budget.requests_per_second = endpoint.requests_per_second;
    named.options.budget.compute_units_per_second = endpoint.compute_units_per_second;
    return named;
}

Result<std::vector<NamedEndpoint>> endpoints_of(const config::Settings& settings) {
    std::vector<NamedEndpoint> found;
    for (const config::Endpoint& endpoint : settings.endpoints) {
        auto named = endpoint_of(endpoint);
        if (!named) return model::fail(named.error());
        found.push_back(std::move(*named));
    }
    return found;
}

Result<std::vector<NamedEndpoint>> chosen_endpoints(const EndpointChoice& choice, const config::Settings& settings) {
    if (!choice.rpc.empty()) return numbered(choice.rpc, "--rpc");
    if (!choice.rpc_file.empty()) {
        const auto text = read_text_file(choice.rpc_file, largest_rpc_file);
        if (!text) return model::fail(text.error());
        const auto urls = parts_of(*text, "\r\n");
        if (urls.empty()) return model::fail(ErrorCode::bad_input, fmt::format("--rpc-file {}: holds no URL; write one a line", choice.rpc_file));
        return numbered(urls, "--rpc-file " + choice.rpc_file);
    }
    const auto urls = parts_of(config::process_environment("MARGIND_RPC").value_or(""), blanks);
    if (!urls.empty()) return numbered(urls, "MARGIND_RPC");
    auto configured = endpoints_of(settings);
    if (configured && configured->empty())
        return model::fail(ErrorCode::bad_input, "no endpoint: give --rpc URL, --rpc-file FILE, MARGIND_RPC, or an [[endpoint]] in the file of --config");
    return configured;
}

std::vector<adapters::rpc::OperatorOptions> operators_of(std::span<const NamedEndpoint> endpoints, model::ChainId chain) {
    std::vector<adapters::rpc::OperatorOptions> operators;
    for (const NamedEndpoint& endpoint : endpoints) {
        if (endpoint.chain != chain) continue;
        auto known = std::find_if(operators.begin(), operators.end(), [&](const auto& one) { return one.name == endpoint.operator_name; });
        if (known == operators.end()) {
            known = operators.emplace(operators.end());
            known->name = endpoint.operator_name;
            known->chain = chain;
        }
        known->endpoints.push_back(endpoint.options);
    }
    return operators;
}

}  // namespace margind::daemon
