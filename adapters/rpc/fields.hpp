// Members of a node's answer, each checked for its form; empty when absent or of another form. Pure.
#pragma once

#include "risk/model/ids.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace margind::adapters::rpc {

/// Null for empty.
const std::string* text_of(const nlohmann::json& object, const char* name);
std::optional<std::uint64_t> quantity_of(const nlohmann::json& object, const char* name);
std::optional<model::Bytes32> hash_of(const nlohmann::json& object, const char* name);

}  // namespace margind::adapters::rpc
