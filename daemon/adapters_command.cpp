// margind adapters: the protocols of this build.
#include "adapters/adapter.hpp"
#include "daemon/commands.hpp"

#include <fmt/format.h>

namespace margind::daemon {

ExitCode list_adapters() {
    for (const adapters::Protocol& protocol : adapters::all_protocols()) {
        fmt::print("{}\n  required addresses: {}\n", protocol.name, fmt::join(protocol.required_addresses, ", "));
        if (!protocol.required_lists.empty()) fmt::print("  required lists: {}\n", fmt::join(protocol.required_lists, ", "));
        if (!protocol.rules.empty()) fmt::print("  rules that a venue may name: {}\n", fmt::join(protocol.rules, ", "));
        if (!protocol.required_ids.empty()) fmt::print("  required lists of ids: {}\n", fmt::join(protocol.required_ids, ", "));
        config::Venue settings;
        settings.id.protocol = protocol.name;
        for (const std::string& name : protocol.required_addresses) settings.addresses[name] = model::Address{};
        for (const std::string& name : protocol.required_lists) settings.lists[name] = {};
        for (const std::string& name : protocol.required_ids) settings.ids[name] = {};
        const auto adapter = protocol.make(settings);
        if (!adapter) {
            fmt::print(stderr, "margind: protocol {}: {}\n", protocol.name, adapter.error().message);
            return ExitCode::internal;
        }
        for (const std::string& limit : (*adapter)->limits()) fmt::print("  - {}\n", limit);
    }
    return ExitCode::ok;
}

}  // namespace margind::daemon
