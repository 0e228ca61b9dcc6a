// Keys of GMX's DataStore.
#include "adapters/protocols/gmx_v2/keys.hpp"

#include "adapters/evm/abi_writer.hpp"
#include "risk/model/keccak.hpp"

namespace margind::adapters::protocols::gmx_v2 {

using evm::AbiWriter;
using model::Address;
using model::Bytes32;

namespace {

Bytes32 hash_of(const AbiWriter& words) {
    const model::Bytes encoded = words.encoded();
    return model::keccak256(encoded);
}

}  // namespace

Bytes32 base_key(std::string_view name) { return hash_of(AbiWriter().string(name)); }
Bytes32 key_of(std::string_view name, const Address& a) { return hash_of(AbiWriter().bytes32(base_key(name)).address(a)); }
Bytes32 key_of(std::string_view name, const Address& a, bool is_long) { return hash_of(AbiWriter().bytes32(base_key(name)).address(a).boolean(is_long)); }
Bytes32 key_of(std::string_view name, const Address& a, const Address& b) { return hash_of(AbiWriter().bytes32(base_key(name)).address(a).address(b)); }
Bytes32 key_of(std::string_view name, const Address& a, const Address& b, bool is_long) {
    return hash_of(AbiWriter().bytes32(base_key(name)).address(a).address(b).boolean(is_long));
}
Bytes32 max_pnl_factor_key(std::string_view type, const Address& market, bool is_long) {
    return hash_of(AbiWriter().bytes32(base_key("MAX_PNL_FACTOR")).bytes32(base_key(type)).address(market).boolean(is_long));
}
Bytes32 position_key(const Address& account, const Address& market, const Address& collateral, bool is_long) {
    return hash_of(AbiWriter().address(account).address(market).address(collateral).boolean(is_long));
}

}  // namespace margind::adapters::protocols::gmx_v2
