// The configured venues as adapters of this build, and the rules by protocol.
#include "daemon/venues.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

namespace margind::daemon {
namespace {

using model::ErrorCode;

const adapters::Protocol* find_protocol(const std::string& name) {
    const auto all = adapters::all_protocols();
    const auto found = std::find_if(all.begin(), all.end(), [&](const adapters::Protocol& protocol) { return protocol.name == name; });
    return found == all.end() ? nullptr : &*found;
}

// "", or a sentence on which of the names are missing or too many.
template <class Given>
std::string names_problem(const Given& given, const std::vector<std::string>& required, const char* kind) {
    for (const std::string& name : required)
        if (!given.contains(name)) return fmt::format("needs {} '{}'", kind, name);
    for (const auto& [name, value] : given)
        if (std::find(required.begin(), required.end(), name) == required.end())
            return fmt::format("takes no {} '{}' (it takes: {})", kind, name, fmt::join(required, ", "));
    return {};
}

// The configured venues, and where something of the asset table is to be read the one that reads it.
std::map<model::VenueId, config::Venue> venues_of(const config::Settings& settings, model::ChainId chain) {
    std::map<model::VenueId, config::Venue> venues = settings.venues;
    std::map<std::string, std::vector<model::Address>> lists{{"tokens", {}}, {"erc4626", {}}, {"wsteth", {}}, {"rate_feed", {}}, {"feeds", {}}};
    const bool wallets =
        std::any_of(settings.portfolios.begin(), settings.portfolios.end(), [](const auto& portfolio) { return !portfolio.wallets.empty(); });
    bool any = false;
    for (const auto& [place, mapping] : settings.assets.rows()) {
        if (mapping.chain != chain || (!wallets && !mapping.ratio)) continue;
        any = true;
        if (wallets) lists["tokens"].push_back(mapping.token);
        if (!mapping.ratio) continue;
        lists[to_string(mapping.ratio->source)].push_back(mapping.token);
        if (mapping.ratio->source == model::RatioSource::rate_feed) lists["feeds"].push_back(mapping.ratio->rate_feed);
    }
    for (const adapters::Protocol& protocol : adapters::all_protocols())
        if (any && protocol.reads_assets) venues.try_emplace({protocol.name, chain, ""}, config::Venue{{protocol.name, chain, ""}, {}, lists, {}});
    return venues;
}

}  // namespace

model::Result<Adapters> make_adapters(const config::Settings& settings, model::ChainId chain) {
    Adapters all;
    std::vector<std::string> problems;
    for (const auto& [id, venue] : venues_of(settings, chain)) {
        if (id.chain != chain) continue;
        const std::string text = id.to_string();
        const adapters::Protocol* protocol = find_protocol(id.protocol);
        if (!protocol) {
            problems.push_back(fmt::format("venue {}: this build has no protocol '{}'; margind adapters lists those it has", text, id.protocol));
            continue;
        }
        std::string problem = names_problem(venue.addresses, protocol->required_addresses, "address");
        if (problem.empty()) problem = names_problem(venue.lists, protocol->required_lists, "list");
        if (const auto& rules = protocol->rules;
            problem.empty() && !venue.rule.empty() && std::find(rules.begin(), rules.end(), venue.rule) == rules.end())
            problem = fmt::format("has no rule '{}' (it has: {})", venue.rule, fmt::join(rules, ", "));
        if (problem.empty()) problem = names_problem(venue.ids, protocol->required_ids, "list of ids");
        if (!problem.empty()) {
            problems.push_back(fmt::format("venue {}: {} {}", text, protocol->name, problem));
            continue;
        }
        auto adapter = protocol->make(venue);
        if (adapter) all.emplace(id, std::move(*adapter));
        else problems.push_back(fmt::format("venue {}: {}", text, adapter.error().message));
    }
    if (!problems.empty()) return model::fail(ErrorCode::bad_input, fmt::format("{}", fmt::join(problems, "\n")));
    return all;
}

risk::Rules rules() {
    return [](const std::string& protocol) -> const model::VenueRule* {
        const adapters::Protocol* found = find_protocol(protocol);
        return found ? &found->rule() : nullptr;
    };
}

}  // namespace margind::daemon
