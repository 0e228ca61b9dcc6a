// The layouts of what Aave V3 replies.
#include "adapters/protocols/aave_v3/calls.hpp"

namespace margind::adapters::protocols::aave_v3 {

ReserveData read_reserve_data(evm::AbiReader& reader) {
    ReserveData data;
    data.configuration = reader.u256();
    data.liquidity_index = reader.uint(128);
    data.liquidity_rate = reader.uint(128);
    data.variable_borrow_index = reader.uint(128);
    data.variable_borrow_rate = reader.uint(128);
    // The stable rate for new loans.
    reader.skip(1);
    data.last_update = reader.u64(40);
    data.id = static_cast<unsigned>(reader.u64(16));
    data.a_token = reader.address();
    data.stable_debt_token = reader.address();
    data.variable_debt_token = reader.address();
    // The interest rate strategy.
    reader.skip(1);
    data.accrued_to_treasury = reader.uint(128);
    return data;
}

EModeData read_emode_data(evm::AbiReader& reader) {
    evm::AbiReader fields = reader.tuple();
    EModeData data;
    data.ltv = fields.u64(16);
    data.liquidation_threshold = fields.u64(16);
    data.liquidation_bonus = fields.u64(16);
    data.price_source = fields.address();
    return data;
}

EModeShares read_emode_shares(evm::AbiReader& reader) {
    EModeShares shares;
    shares.ltv = reader.u64(16);
    shares.liquidation_threshold = reader.u64(16);
    shares.liquidation_bonus = reader.u64(16);
    return shares;
}

std::array<model::U256, 6> read_account_data(evm::AbiReader& reader) {
    std::array<model::U256, 6> words;
    for (model::U256& word : words) word = reader.u256();
    return words;
}

}  // namespace margind::adapters::protocols::aave_v3
