// Fuzz entry of the JSON-RPC replies: the fast reading of bytes agrees with the full parser, and a part of a batch with a reply alone.
#include "adapters/rpc/json_rpc_reply.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace margind;
    const std::string_view body(reinterpret_cast<const char*>(data), size);
    const adapters::rpc::Asked asked{7, "http://node", "eth_call"};
    const auto result = adapters::rpc::parse_reply(body, asked);
    const auto bytes = adapters::rpc::parse_bytes_reply(body, asked);
    if (bytes) {
        if (!result || !result->is_string()) std::abort();
        if (model::bytes_from_hex(result->get<std::string>()) != *bytes) std::abort();
    } else if (result && result->is_string() && model::bytes_from_hex(result->get<std::string>())) {
        std::abort();
    }

    const std::array<adapters::rpc::Asked, 3> batch{{asked, {8, "http://node", "a"}, {9, "http://node", "b"}}};
    const auto replies = adapters::rpc::parse_batch_reply(body, batch);
    if (replies && replies->size() != batch.size()) std::abort();
    if (replies && result) std::abort();
    // The reply alone, made a batch: the same word for id 7, and nothing for the others.
    const auto wrapped = adapters::rpc::parse_batch_reply("[" + std::string(body) + "]", batch);
    // One deeper and one value more may be too much.
    const bool too_much = !wrapped && (wrapped.error().message.find("nested deeper") != std::string::npos ||
                                       wrapped.error().message.find("more than") != std::string::npos);
    if (result && !too_much && (!wrapped || !(*wrapped)[0] || *(*wrapped)[0] != *result || (*wrapped)[1] || (*wrapped)[2])) std::abort();
    return 0;
}
