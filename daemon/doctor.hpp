// What is right and wrong with the endpoints, venues and feeds of a configuration: asked once, said in plain words.
#pragma once

#include "adapters/rpc/http.hpp"
#include "config/settings.hpp"
#include "daemon/endpoints.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace margind::daemon {

enum class Condition : std::uint8_t { good, warning, unusable };
const char* to_string(Condition verdict);

/// `value` is for machines: a number of the unit that `says` names; empty where nothing was learned.
struct Finding {
    std::string check;
    Condition verdict = Condition::good;
    std::variant<std::monostate, bool, std::int64_t, std::string> value;
    std::string says;
};

/// An endpoint, a venue or a feed. `name` is the operator, the venue's id or the asset; `where` the endpoint as it may be shown or
/// the feed's address.
struct Examined {
    std::string name;
    std::string where;
    std::optional<model::ChainId> chain;
    std::vector<Finding> findings;
    Condition verdict() const;
};

struct Diagnosis {
    std::vector<Examined> endpoints;
    std::vector<Examined> venues;
    std::vector<Examined> feeds;
    /// Some endpoint said which chain it serves.
    bool answered = false;
    Condition verdict() const;
};

/// Every endpoint is asked whatever becomes of the others; venues and feeds of a chain are read where an endpoint of it is of use.
/// `wall` is the time of this machine in unix seconds.
adapters::rpc::asio::awaitable<void> diagnose(adapters::rpc::HttpClient& http, const config::Settings& settings, std::vector<NamedEndpoint> endpoints,
                                              std::int64_t wall, Diagnosis& diagnosis);

/// For a terminal.
std::string to_text(const Diagnosis& diagnosis);
std::string to_json(const Diagnosis& diagnosis);

}  // namespace margind::daemon
