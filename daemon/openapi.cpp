// The OpenAPI 3.1 document of the REST endpoint.
#include "daemon/openapi.hpp"

#include "daemon/version.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace margind::daemon {
namespace {

using nlohmann::json;

// `type`: "string", "number", "integer", "boolean", "object", "array", or "#Name" for a schema of this document, each
// with "?" behind it where null is possible; "[…]" around it for a list.
struct Field {
    const char* name;
    const char* type;
    const char* description;
};

json type_schema(std::string type) {
    auto schema = json::object();
    bool nullable = false;
    if (type.back() == '?') {
        nullable = true;
        type.pop_back();
    }
    if (type.front() == '[') {
        schema["type"] = nullable ? json::array({"array", "null"}) : json("array");
        schema["items"] = type_schema(type.substr(1, type.size() - 2));
    } else if (type.front() == '#') {
        auto reference = json::object();
        reference["$ref"] = "#/components/schemas/" + type.substr(1);
        if (!nullable) return reference;
        auto none = json::object();
        none["type"] = "null";
        schema["oneOf"] = json::array();
        schema["oneOf"].push_back(std::move(reference));
        schema["oneOf"].push_back(std::move(none));
        return schema;
    } else if (nullable) {
        schema["type"] = json::array();
        schema["type"].push_back(type);
        schema["type"].push_back("null");
        return schema;
    } else {
        schema["type"] = type;
    }
    return schema;
}

json object_schema(const std::vector<Field>& fields) {
    auto schema = json::object();
    schema["type"] = "object";
    schema["properties"] = json::object();
    schema["required"] = json::array();
    for (const Field& field : fields) {
        auto property = type_schema(field.type);
        property["description"] = field.description;
        schema["properties"][field.name] = std::move(property);
        schema["required"].push_back(field.name);
    }
    return schema;
}

json schemas() {
    auto all = json::object();
    all["Problem"] = object_schema({{"type", "string", "about:blank"},
                                    {"title", "string", "Name of the status."},
                                    {"status", "integer", "The HTTP status."},
                                    {"detail", "string", "One sentence that names the offending value."},
                                    {"instance", "string", "The path that was asked."}});
    all["AsOf"] = object_schema({{"chain_id", "integer", "Chain."},
                                 {"name", "string", "Its name in the configuration."},
                                 {"number", "integer?", "Block that the state stands on; null before the first evaluation."},
                                 {"hash", "string?", "Its hash."},
                                 {"time", "integer?", "Its time, unix seconds."},
                                 {"skew_s", "integer?", "How much older than the latest block of the chains that the report is made of."},
                                 {"age_s", "integer?", "Wall clock minus that time."},
                                 {"confirmed_age_s", "number?", "Since an endpoint last named that block its head."},
                                 {"error", "string?", "Why the last poll or reading failed."},
                                 {"troubles", "[#Trouble]", "What is wrong with the chain's sources at this moment."}});
    all["Trouble"] = object_schema({{"kind", "string", "stale (nothing confirmed for too long, the figures are the last ones), single_source or disputed."},
                                    {"reason", "string", "What stopped, since when, and how old the figures are."}});
    all["Headline"] = object_schema({{"level", "string", "liquidatable, critical, call, warn, unknown, watch or ok."},
                                     {"reason", "string", "Why."},
                                     {"binding", "string?", "Key of the binding account."},
                                     {"room", "number?", "Share that the price may move before liquidation."},
                                     {"z", "number?", "The same in sigmas of 24 h."},
                                     {"doubtful_price", "boolean", "It stands on a stale or disputed price."}});
    all["PortfolioRow"] = object_schema({{"name", "string", "Portfolio."},
                                         {"headline", "#Headline?", "With memory; null before the first evaluation."},
                                         {"headline_reason", "string?", "Why the headline is null."}});
    all["Portfolios"] = object_schema({{"portfolios", "[#PortfolioRow]", "All configured portfolios."}, {"as_of", "[#AsOf]", "Blocks and ages."}});
    all["Portfolio"] = object_schema({{"name", "string", "Portfolio."},
                                      {"headline", "#Headline", "Worst over the material accounts and the cover bands, with memory."},
                                      {"first_liquidation", "object?", "Account, candidate, loss and smallest actions of what would be liquidated first."},
                                      {"first_liquidation_reason", "string?", "Why it is null."},
                                      {"unified", "object?", "Figures as if money could move at once: economic, not usable as collateral anywhere."},
                                      {"unified_reason", "string?", "Why they are null."},
                                      {"last_unified", "object?", "Last good unified figures with their block time and age."},
                                      {"partial", "boolean", "Sums are over the known accounts only."},
                                      {"known_equity_usd", "number", "Equity of the known accounts."},
                                      {"wallets", "array", "What the wallets that the portfolio lists hold; they count in the next two figures alone."},
                                      {"wallets_usd", "number?", "Their value; null without wallets, and when one has no value."},
                                      {"unified_with_wallets", "object?", "The unified figures with their value and delta."},
                                      {"time", "integer", "Block time of the evaluation."},
                                      {"snapshot_hash", "string", "What was evaluated."},
                                      {"market_hash", "string", "Calibration used."},
                                      {"policy_hash", "string", "Policy used."},
                                      {"prices", "array", "Reference prices with their grades."},
                                      {"as_of", "[#AsOf]", "Blocks and ages."}});
    all["Accounts"] = object_schema({{"name", "string", "Portfolio."},
                                     {"time", "integer", "Block time of the evaluation."},
                                     {"accounts", "[#Account]", "Each account by itself: grade, level, standing, native figures, positions, candidates, actions."},
                                     {"as_of", "[#AsOf]", "Blocks and ages."}});
    all["Money"] = object_schema({{"amount", "string", "Exact decimal."}, {"raw", "string", "amount x 10^decimals."}, {"decimals", "integer", "Of raw."},
                                  {"unit", "string", "What it is an amount of."}});
    all["Option"] = object_schema({{"kind", "string", "call or put; European, one unit of the underlying."},
                                   {"strike", "#Money", "In the venue's numeraire."},
                                   {"expiry", "integer", "Unix seconds."},
                                   {"vol", "#Money?", "Annualised, 1 is 100 %; null where the mark does not rest on one."},
                                   {"vol_source", "string", "Where it comes from, in the venue's words."},
                                   {"delta", "#Money", "Of one unit held long, in units of the underlying."},
                                   {"settlement_price", "#Money?", "The price that it pays on, once the venue has fixed it."}});
    all["Position"] = object_schema({{"instrument", "string", "spot, perp, option, debt or vault_share."},
                                     {"underlying", "string", "Asset."},
                                     {"label", "string", "The venue's name."},
                                     {"quantity", "#Money", "Signed; options count options."},
                                     {"mark", "#Money", "Per unit, in the venue's numeraire."},
                                     {"notional", "#Money", "quantity x mark."},
                                     {"entry", "#Money?", "Price of entry, where the venue stores it."},
                                     {"accrued", "#Money", "Funding and fees, + to the owner."},
                                     {"carry_per_day", "#Money", "Interest or funding of one day."},
                                     {"collateral", "boolean", "The venue counts it towards margin."},
                                     {"option", "#Option?", "Terms of an option."}});
    all["Account"] = object_schema({{"key", "string", "Venue, owner and, where one owner has many, which."},
                                    {"level", "string", "As a headline's."},
                                    {"reason", "string", "Why."},
                                    {"candidates", "[#Candidate]", "Ways into liquidation, the nearest first; empty where there is none or it is unknown."},
                                    {"positions", "[#Position]", "What it holds; empty where it is unknown."}});
    all["Candidate"] = object_schema({{"asset", "string", "What moves: an asset alone, or market."},
                                      {"direction", "string", "down or up."},
                                      {"price_text", "string", "The followed price, in the venue's unit."},
                                      {"liquidation_price_text", "string", "The first price at which the venue may liquidate."},
                                      {"room", "number", "Share that the price may move before."},
                                      {"z", "number", "The same in sigmas of 24 h."},
                                      {"feed_deviation", "number?", "Relative deviation threshold of the asset's feed."},
                                      {"band", "#Band?", "Where the venue liquidates on prices that are not on chain; null elsewhere."}});
    all["Band"] = object_schema({{"half_width", "number", "How far such a price may be off the one that is on chain, relative."},
                                 {"near_room", "number", "Room to the near edge of the band, which the level goes by."},
                                 {"near_z", "number", "The same in sigmas of 24 h."}});
    all["Scenarios"] = object_schema({{"name", "string", "Portfolio."},
                                      {"time", "integer", "Block time of the evaluation."},
                                      {"scenarios", "array?", "Each scenario of the grid: moves of prices (shocks) and of vols (up, down), the share that counts (weight), and the book's profit or loss as it counts."},
                                      {"worst_scenario", "string?", "The one that the margin rests on."},
                                      {"stress", "[#Stress]?", "The stress library: losses with penalties, at most what each account is worth."},
                                      {"reason", "string?", "Why they are null."},
                                      {"as_of", "[#AsOf]", "Blocks and ages."}});
    all["Stress"] = object_schema({{"name", "string", "The state of the world."},
                                   {"kind", "string", "day, peg, freeze, overshoot, pause, deleverage or correlation."},
                                   {"shocks", "object", "Relative moves of prices by asset."},
                                   {"pnl_usd", "number?", "Profit or loss of the book, as the venues would have it."},
                                   {"liquidated", "array", "Accounts that are liquidated there."},
                                   {"reason", "string", "Why it is null."}});
    all["Shares"] = object_schema({{"es_usd", "number", "Of the filtered expected shortfall."},
                                   {"grid_usd", "number", "Of the grid margin."},
                                   {"mm_usd", "number", "Of MM_u, add-ons included."},
                                   {"incremental_es_usd", "number?", "By how much the filtered expected shortfall is less without it."}});
    all["PositionShare"] = object_schema({{"account", "string", "Key."}, {"label", "string", "The venue's name; 'rule' is what the venue's own rule makes beyond its positions, 'worth in' what the account is worth in its money."},
                                          {"underlying", "string", "Asset."}, {"shares", "#Shares", "They add up to the total."}});
    all["PartShare"] = object_schema({{"of", "string", "Venue, asset or factor."}, {"shares", "#Shares", "They add up to the total."}});
    all["AddOn"] = object_schema({{"name", "string", "liquidity, concentration, short_options, peg, funding, basis, tenor, oracle or gas."},
                                  {"usd", "number?", "Null: not known in part, and left out of the margin, which is then a lower bound."},
                                  {"reason", "string", "Why it is null."},
                                  {"in_mm", "boolean", "In MM_u too; else in IM_u alone."},
                                  {"inputs", "array", "What it charges, with every figure and its source."}});
    all["Attribution"] = object_schema({{"total", "#Shares", "What the shares add up to."},
                                        {"positions", "[#PositionShare]", "By position."},
                                        {"venues", "[#PartShare]", "By venue."},
                                        {"underlyings", "[#PartShare]", "By underlying."},
                                        {"factors", "[#PartShare]", "By spot, vol, time and add-on."}});
    all["Attributions"] = object_schema({{"name", "string", "Portfolio."},
                                         {"time", "integer", "Block time of the evaluation."},
                                         {"attribution", "#Attribution?", "Who brings how much."},
                                         {"mm_rests_on", "string?", "grid, es or floor."},
                                         {"add_ons", "[#AddOn]?", "Each by itself."},
                                         {"tail", "object?", "VaR and expected shortfall with the paths behind them."},
                                         {"tail_reason", "string?", "Why it is null."},
                                         {"cross_checks", "object?", "Second opinions, never the headline: parametric VaR with a shrunk covariance, a SIMM-style margin, the likeliest breach, and alarms where they disagree."},
                                         {"cross_checks_reason", "string?", "Why they are null."},
                                         {"policy", "array", "Every number of the policy: name, value, default, source."},
                                         {"market_version", "string", "Calibration used."},
                                         {"reason", "string?", "Why they are null."},
                                         {"as_of", "[#AsOf]", "Blocks and ages."}});
    all["History"] = object_schema({{"name", "string", "Portfolio."}, {"points", "array", "By block time; missing figures are null."}});
    all["Snapshot"] = object_schema({{"snapshot", "object", "Blocks, facts, accounts, prices."},
                                     {"market", "object", "Calibration."},
                                     {"policy", "object", "Thresholds."},
                                     {"memory", "object?", "What was remembered before the evaluation."}});
    all["Incidents"] = object_schema({{"events", "array", "Events above `after`, by number; those not committed yet have number null and come last."},
                                      {"open", "array", "The last event of each incident that has not ended."},
                                      {"next_after", "integer", "Ask again with this."}});
    all["OnDemand"] = object_schema({{"address", "string", "Owner."},
                                     {"headline", "#Headline", "Without memory."},
                                     {"accounts", "[#Account]", "As in …/accounts."},
                                     {"unified", "object?", "As in the portfolio."},
                                     {"unified_reason", "string?", "Why they are null."},
                                     {"blocks", "array", "What was read."},
                                    {"troubles", "[#Trouble]", "What is wrong with the chain's sources."}});
    all["Health"] = object_schema({{"status", "string", "alive"}, {"version", "string", "Version of this build."}});
    all["Ready"] = object_schema({{"ready", "boolean", "Whether the state may be relied on."},
                                  {"reasons", "array", "Why not."},
                                  {"warnings", "array", "What an operator should act on though the state is good."},
                                  {"as_of", "[#AsOf]", "Blocks and ages."}});
    return all;
}

json content(const std::string& type, json schema) {
    auto body = json::object();
    body["content"][type]["schema"] = std::move(schema);
    return body;
}

struct Path {
    const char* path;
    const char* summary;
    const char* schema;
    std::vector<Field> parameters;
};

const std::vector<Path>& paths() {
    static const Field name{"name", "string", "Name of a portfolio."};
    static const std::vector<Path> all{
        {"/v1/portfolios", "Every portfolio with its headline", "Portfolios", {}},
        {"/v1/portfolios/{name}", "Headline, first liquidation, unified figures", "Portfolio", {name}},
        {"/v1/portfolios/{name}/accounts", "Each account by itself", "Accounts", {name}},
        {"/v1/portfolios/{name}/scenarios", "The scenarios of the unified margin, and the stress library", "Scenarios", {name}},
        {"/v1/portfolios/{name}/attribution", "Who brings how much of the risk, and what the margin stands on", "Attributions", {name}},
        {"/v1/portfolios/{name}/history",
         "Headline and unified figures over block time",
         "History",
         {name,
          {"from", "integer", "Unix seconds; a day before `to` when absent."},
          {"to", "integer", "Unix seconds; the last evaluation when absent."},
          {"step", "integer", "Seconds per point, 60 when absent; at most 10,000 points."}}},
        {"/v1/portfolios/{name}/snapshot", "The evaluation file: margind evaluate reproduces the report from it",
         "Snapshot",
         {name,
          {"at", "integer", "Unix seconds: the last snapshot at or before, without memory, with the market and policy in force; 404 when it is "
                            "older than keep_full_days. The last evaluation when absent."}}},
        {"/v1/incidents",
         "Events of incidents",
         "Incidents",
         {{"after", "integer", "Number of the last event that is known already."}, {"limit", "integer", "At most so many, 1,000 when absent."}}},
        {"/v1/accounts/{chain}/{address}",
         "An address that no portfolio holds, read now; rate-limited",
         "OnDemand",
         {{"chain", "integer", "A watched chain."}, {"address", "string", "Owner, 0x and 40 hex digits."}}},
        {"/v1/openapi.json", "This document", "", {}},
        {"/healthz", "Whether the process answers", "Health", {}},
        {"/readyz", "Whether the state may be relied on: 200 or 503", "Ready", {}},
        {"/metrics", "Prometheus text format", "", {}},
    };
    return all;
}

json operation(const Path& path) {
    auto get = json::object();
    get["summary"] = path.summary;
    const std::string text = path.path;
    for (const Field& field : path.parameters) {
        const bool in_path = text.find("{" + std::string(field.name) + "}") != std::string::npos;
        auto parameter = json::object();
        parameter["name"] = field.name;
        parameter["in"] = in_path ? "path" : "query";
        parameter["required"] = in_path;
        parameter["description"] = field.description;
        parameter["schema"] = type_schema(field.type);
        get["parameters"].push_back(std::move(parameter));
    }
    const std::string schema = path.schema;
    auto good = schema.empty() ? (text == "/metrics" ? content("text/plain", type_schema("string")) : content("application/json", type_schema("object")))
                               : content("application/json", type_schema("#" + schema));
    if (text == "/readyz") {
        get["responses"]["503"] = good;
        get["responses"]["503"]["description"] = "Not to be relied on; reasons say why";
    }
    good["description"] = path.summary;
    get["responses"]["200"] = std::move(good);
    auto bad = content("application/problem+json", type_schema("#Problem"));
    bad["description"] = "The request or the daemon is at fault; the body says how";
    get["responses"]["default"] = std::move(bad);
    return get;
}

}  // namespace

json openapi_document() {
    auto document = json::object();
    document["openapi"] = "3.1.0";
    document["info"]["title"] = "margind";
    document["info"]["version"] = version();
    document["info"]["description"] =
        "How close positions on several DeFi protocols are to liquidation. Each account's own distance decides; unified figures stand beside it.";
    for (const Path& path : paths()) document["paths"][path.path]["get"] = operation(path);
    document["components"]["schemas"] = schemas();
    return document;
}

}  // namespace margind::daemon
