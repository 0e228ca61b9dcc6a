// The layouts of what Aave V3 replies.
#pragma once

#include "adapters/evm/abi_reader.hpp"

#include <array>
#include <cstdint>

namespace margind::adapters::protocols::aave_v3 {

/// getReserveData: the same 15 words in all 3.x pools.
struct ReserveData {
    model::U256 configuration;
    model::U256 liquidity_index;
    model::U256 liquidity_rate;
    model::U256 variable_borrow_index;
    model::U256 variable_borrow_rate;
    std::uint64_t last_update = 0;
    unsigned id = 0;
    model::Address a_token;
    model::Address stable_debt_token;
    model::Address variable_debt_token;
    model::U256 accrued_to_treasury;
};

/// getEModeCategoryData of pools up to 3.1.
struct EModeData {
    std::uint64_t ltv = 0;
    std::uint64_t liquidation_threshold = 0;
    std::uint64_t liquidation_bonus = 0;
    model::Address price_source;
};

/// getEModeCategoryCollateralConfig of pools from 3.2 on.
struct EModeShares {
    std::uint64_t ltv = 0;
    std::uint64_t liquidation_threshold = 0;
    std::uint64_t liquidation_bonus = 0;
};

ReserveData read_reserve_data(evm::AbiReader& reader);
EModeData read_emode_data(evm::AbiReader& reader);
EModeShares read_emode_shares(evm::AbiReader& reader);
std::array<model::U256, 6> read_account_data(evm::AbiReader& reader);

}  // namespace margind::adapters::protocols::aave_v3
