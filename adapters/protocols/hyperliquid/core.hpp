// HyperCore through its read precompiles: call data, replies, and many calls at one state.
#pragma once

#include "adapters/evm/abi_writer.hpp"
#include "adapters/evm/multicall.hpp"
#include "adapters/request.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace margind::adapters::protocols::hyperliquid {

/// Last two bytes of a precompile's address.
enum class Precompile : std::uint16_t {
    position = 0x0800,
    spot_balance = 0x0801,
    withdrawable = 0x0803,
    mark_px = 0x0806,
    oracle_px = 0x0807,
    spot_px = 0x0808,
    l1_block_number = 0x0809,
    perp_asset_info = 0x080a,
    spot_info = 0x080b,
    token_info = 0x080c,
    account_margin_summary = 0x080f,
    core_user_exists = 0x0810,
    position2 = 0x0813,
};
model::Address address_of(Precompile precompile);
/// Arguments without a selector, at the node's latest block, alone and with a bound on its gas: a bad index burns all it gets.
Call core_call(Precompile precompile, const evm::AbiWriter& arguments);
/// Of a perp index: 0x0800 for the main dex, 0x0813 for builders', whose indices pass its 16 bits.
Call position_call(const model::Address& user, std::uint64_t perp);

/// 10^szDecimals of szi, 10^6 USD of the others; `leverage` is the user's setting.
struct CorePosition {
    model::I256 szi;
    model::U256 entry_ntl;
    model::I256 isolated_raw_usd;
    std::uint64_t leverage = 0;
    bool is_isolated = false;
};
struct PerpInfo {
    std::string coin;
    std::uint64_t margin_table = 0;
    std::uint64_t sz_decimals = 0;
    std::uint64_t max_leverage = 0;
    bool only_isolated = false;
};
struct MarginSummary {
    model::I256 account_value;
    model::U256 margin_used;
    model::U256 ntl_pos;
    model::I256 raw_usd;
};
struct SpotBalance {
    model::U256 total;
    model::U256 hold;
    model::U256 entry_ntl;
};
/// A spot pair: what is priced, and in what.
struct SpotInfo {
    std::string name;
    std::uint64_t base = 0;
    std::uint64_t quote = 0;
};
struct TokenInfo {
    std::string name;
    std::uint64_t sz_decimals = 0;
    std::uint64_t wei_decimals = 0;
};

using Bytes = std::span<const std::byte>;
/// Each refuses a reply of another width, and words outside of their types.
model::Result<CorePosition> decode_position(Bytes reply);
model::Result<PerpInfo> decode_perp_info(Bytes reply);
model::Result<MarginSummary> decode_summary(Bytes reply);
model::Result<SpotBalance> decode_spot_balance(Bytes reply);
model::Result<SpotInfo> decode_spot_info(Bytes reply);
model::Result<TokenInfo> decode_token_info(Bytes reply);
model::Result<std::uint64_t> decode_u64(Bytes reply, const char* what);
model::Result<bool> decode_boolean(Bytes reply, const char* what);

/// What a batch was answered with; `results` are those of the calls that were added, views into `reply`.
struct CoreAnswers {
    model::Bytes reply;
    std::vector<evm::CallResult> results;
    std::uint64_t l1_block = 0;
    std::uint64_t evm_block = 0;
};

/// Calls in one eth_call through Multicall3, so that all are of one state: HyperCore's block number first and last proves it.
class CoreBatch {
public:
    explicit CoreBatch(const model::Address& multicall);
    void add(Call call) { calls_.push_back(std::move(call)); }
    Request request() const;
    /// Refuses answers whose first and last block numbers differ, and those of an EVM block more than two below `asked`.
    model::Result<CoreAnswers> take(const Reply& reply, std::uint64_t asked) const;

private:
    model::Address multicall_;
    std::vector<Call> calls_;
};

/// Blocks of the EVM that readings may be apart, and still be compared.
inline constexpr std::uint64_t blocks_apart = 2;

}  // namespace margind::adapters::protocols::hyperliquid
