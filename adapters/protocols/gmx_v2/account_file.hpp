// A position of GMX V2 written down, and each step from it to its liquidation test.
#pragma once

#include "adapters/adapter.hpp"

namespace margind::adapters::protocols::gmx_v2 {

inline constexpr const char* account_file_format = "gmx_v2.account-file/1";

model::Result<AccountFileAnswer> evaluate_account_file(std::string_view text);

}  // namespace margind::adapters::protocols::gmx_v2
