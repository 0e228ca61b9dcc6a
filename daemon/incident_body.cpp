// The body of an incident's event, version 1, as sinks deliver it and /v1/incidents shows it.
#include "daemon/incident_body.hpp"

#include "daemon/as_json.hpp"

#include <nlohmann/json.hpp>

namespace margind::daemon {
namespace {

using nlohmann::json;

json decimal(const model::U256& raw, std::uint8_t decimals) {
    const auto value = model::I256::from(raw);
    return value ? json(model::decimal_text(*value, decimals)) : json(nullptr);
}

json block_json(const model::BlockRef& block) {
    auto body = json::object();
    body["chain_id"] = block.chain.value;
    body["number"] = block.number;
    body["hash"] = block.hash.to_string();
    body["time"] = block.time;
    return body;
}

json action_json(const model::Action& action) {
    json body = as_json(action);
    body["amount"] = decimal(action.amount_raw, action.decimals);
    return body;
}

}  // namespace

std::string incident_body(const model::IncidentEvent& event) {
    auto body = json::object();
    body["version"] = 1;
    body["id"] = event.id.to_string();
    body["sequence"] = event.sequence;
    body["type"] = model::to_string(event.type);
    body["portfolio"] = event.portfolio;
    body["rule"] = event.rule;
    body["blocks"] = json::array();
    for (const model::BlockRef& block : event.blocks) body["blocks"].push_back(block_json(block));
    body["finality"] = model::to_string(event.finality);
    body["expires_at_block"] = event.expires_at_block;
    body["venue"] = event.account ? json(event.account->venue.to_string()) : json(nullptr);
    body["account_key"] = event.account ? json(event.account->to_string()) : json(nullptr);
    body["grade"] = as_json(event.grade);
    body["operators_agreeing"] = event.operators_agreeing;
    body["level"] = model::to_string(event.level);
    body["from"] = model::to_string(event.from);
    body["reason"] = event.reason;
    body["log_only"] = event.log_only;
    body["z"] = as_json(event.z);
    body["room"] = as_json(event.room);
    body["h"] = as_json(event.h);
    body["p_liq"] = event.liquidation_price ? decimal(*event.liquidation_price, event.price_decimals) : json(nullptr);
    body["p_liq_raw"] = event.liquidation_price ? json(event.liquidation_price->to_decimal()) : json(nullptr);
    body["p_liq_decimals"] = event.price_decimals;
    body["price_source"] = event.price_source;
    body["liquidatable"] = event.liquidatable;
    body["close_factor"] = event.close_factor_bps ? json(*event.close_factor_bps / 10'000.0) : json(nullptr);
    body["penalty_bps"] = as_json(event.penalty_bps);
    body["loss_if_liquidated"] = as_json(event.loss_if_liquidated_usd);
    body["actions"] = json::array();
    for (const model::Action& action : event.actions) body["actions"].push_back(action_json(action));
    return model::print_json(body);
}

}  // namespace margind::daemon
