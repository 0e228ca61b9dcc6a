// The local chain as a test's own process, and a second way to ask it: none of this uses our client or codec.
#pragma once

#include "risk/model/ids.hpp"
#include "risk/model/u256.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace margind::tests {

/// `node tests/chain/chain.mjs serve` on free ports, from construction to destruction. Everything here blocks, and throws
/// std::runtime_error with what went wrong.
class ChainProcess {
public:
    /// `options` are further ones of `serve`, such as {"--head", "now"}.
    explicit ChainProcess(const std::vector<std::string>& options = {});
    ~ChainProcess();
    ChainProcess(const ChainProcess&) = delete;
    ChainProcess& operator=(const ChainProcess&) = delete;

    /// The line that `serve` prints when it is ready: rpc_url, control_url, block, addresses, roles, accounts, …
    const nlohmann::json& ready() const { return ready_; }
    std::string rpc_url() const { return ready_.at("rpc_url").get<std::string>(); }
    /// By its place below `addresses`: "/aave/pool", "/tokens/WETH/address".
    model::Address address(const std::string& place) const;

    /// A verb of the chain: verb("set_price", {{"asset", "WETH"}, {"price", "2500"}}).
    nlohmann::json verb(const std::string& name, const nlohmann::json& arguments = nlohmann::json::object()) const;
    /// The result of one JSON-RPC request.
    nlohmann::json rpc(const std::string& method, const nlohmann::json& params = nlohmann::json::array()) const;
    /// eth_call at "latest", at a block number in hex, or at a block hash (64 digits).
    model::Bytes call(const model::Address& to, const model::Bytes& data, const std::string& block = "latest") const;
    model::BlockRef head() const;

private:
    pid_t process_ = -1;
    int stdin_ = -1;
    nlohmann::json ready_;
};

/// Call data: the selector of `signature`, then the words.
model::Bytes call_data(std::string_view signature, const std::vector<model::U256>& words = {});
model::U256 word_of(const model::Address& address);
/// The 32-byte words of a reply; throws when its length is no multiple of 32.
std::vector<model::U256> words_of(const model::Bytes& reply);

}  // namespace margind::tests
