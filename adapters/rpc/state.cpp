// Requests for the state at one block as JSON-RPC, and the bytes in their answers. Pure.
#include "adapters/rpc/state.hpp"

#include "adapters/evm/multicall.hpp"
#include "adapters/rpc/logs.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <utility>

namespace margind::adapters::rpc {

namespace {

using model::ErrorCode;
using model::Retry;

Ask message(const Call& call, const Pin& pin) {
    std::string params = R"([{"to":")" + model::to_hex(call.to.bytes) + R"(","data":")";
    params += model::to_hex(call.data);
    params += '"';
    if (call.from) params += R"(,"from":")" + model::to_hex(call.from->bytes) + '"';
    if (call.gas) params += R"(,"gas":")" + model::U256(*call.gas).to_hex() + '"';
    params += "}," + (call.latest ? std::string(R"("latest")") : pin.text()) + "]";
    return {"eth_call", std::move(params)};
}

Ask message(const StorageAt& where, const Pin& pin) {
    return {"eth_getStorageAt", R"([")" + model::to_hex(where.address.bytes) + R"(",")" + where.slot.to_hex() + R"(",)" + pin.text() + "]"};
}

Ask message(const Code& code, const Pin& pin) { return {"eth_getCode", R"([")" + model::to_hex(code.address.bytes) + R"(",)" + pin.text() + "]"}; }

Ask message(const Logs& filter, const Pin&) { return {"eth_getLogs", logs_params(filter, filter.from_block, filter.to_block)}; }

}  // namespace

std::string Pin::text() const {
    switch (by_) {
        case PinBy::hash: break;
        case PinBy::number: return '"' + model::U256(block_.number).to_hex() + '"';
    }
    return R"({"blockHash":")" + block_.hash.to_string() + R"("})";
}

Ask message_of(const Request& request, const Pin& pin) {
    return std::visit([&](const auto& one) { return message(one, pin); }, request);
}

model::Error of_pinned(const model::BlockRef& block, const std::string& shown, model::Error error) {
    if (error.code != ErrorCode::missing) return error;
    return {ErrorCode::reorged, fmt::format("{}: block {} is no longer known ({})", shown, block.hash.to_string(), error.message), Retry::later};
}

model::Result<model::Bytes> state_bytes(const Request& request, const Pin& pin, const std::string& shown, model::Result<model::Bytes> reply) {
    if (reply) {
        if (std::holds_alternative<StorageAt>(request) && reply->size() != 32)
            return model::fail(ErrorCode::upstream, fmt::format("{}: eth_getStorageAt: {} bytes instead of 32", shown, reply->size()),
                               Retry::other_endpoint);
        return reply;
    }
    model::Error error = of_pinned(pin.block(), shown, std::move(reply).error());
    const Call* call = std::get_if<Call>(&request);
    if (call != nullptr && error.code != ErrorCode::reorged && error.code != ErrorCode::unreachable)
        error.message = fmt::format("{}: {}", evm::call_name(*call), error.message);
    return model::fail(std::move(error));
}

model::Result<model::Bytes> state_bytes(const Request& request, const Pin& pin, const std::string& shown,
                                       const model::Result<nlohmann::json>& reply) {
    if (!reply) return state_bytes(request, pin, shown, model::Result<model::Bytes>(model::fail(reply.error())));
    const std::string* text = reply->is_string() ? reply->get_ptr<const std::string*>() : nullptr;
    auto bytes = text == nullptr ? std::nullopt : model::bytes_from_hex(*text, text->size());
    if (!bytes) return model::fail(ErrorCode::upstream, fmt::format("{}: the result is not bytes in hex", shown), Retry::other_endpoint);
    return state_bytes(request, pin, shown, model::Result<model::Bytes>(std::move(*bytes)));
}

}  // namespace margind::adapters::rpc
