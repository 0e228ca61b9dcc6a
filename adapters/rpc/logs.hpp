// What eth_getLogs is asked and what it answered: only what was asked for is believed. Pure.
#pragma once

#include "adapters/request.hpp"
#include "risk/model/result.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace margind::adapters::rpc {

/// The parameters, as text.
std::string logs_params(const Logs& filter, std::uint64_t from, std::uint64_t to);
std::string logs_params(const Logs& filter, const model::Bytes32& block);

/// Fails with `upstream` unless the result is an array of logs that `filter` asks for, of blocks `from` to `to`. Logs that are marked
/// as removed by a reorganisation are left out. `shown` names the endpoint in messages.
model::Result<std::vector<Log>> parse_logs(const nlohmann::json& result, const Logs& filter, std::uint64_t from, std::uint64_t to,
                                           const std::string& shown);
/// The same of one block.
model::Result<std::vector<Log>> parse_logs(const nlohmann::json& result, const Logs& filter, const model::Bytes32& block, const std::string& shown);

}  // namespace margind::adapters::rpc
