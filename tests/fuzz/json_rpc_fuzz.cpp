// Fuzz entry of the JSON-RPC replies: the fast reading of bytes agrees with the full parser.
#include "adapters/rpc/json_rpc_reply.hpp"

#include <nlohmann/json.hpp>

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
    return 0;
}
