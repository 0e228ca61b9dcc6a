// Members of a node's answer, each checked for its form; empty when absent or of another form. Pure.
#include "adapters/rpc/fields.hpp"

#include "risk/model/u256.hpp"

#include <nlohmann/json.hpp>

namespace margind::adapters::rpc {

using nlohmann::json;

const std::string* text_of(const json& object, const char* name) {
    const auto found = object.find(name);
    return found != object.end() && found->is_string() ? found->get_ptr<const std::string*>() : nullptr;
}

std::optional<std::uint64_t> quantity_of(const json& object, const char* name) {
    const std::string* text = text_of(object, name);
    const auto value = text == nullptr ? std::nullopt : model::U256::from_hex(*text);
    return value ? value->to_u64() : std::nullopt;
}

std::optional<model::Bytes32> hash_of(const json& object, const char* name) {
    const std::string* text = text_of(object, name);
    return text == nullptr ? std::nullopt : model::Bytes32::parse(*text);
}

}  // namespace margind::adapters::rpc
