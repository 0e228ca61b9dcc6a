// An account of HyperCore written down, and each step from it to its margin.
#pragma once

#include "adapters/adapter.hpp"

namespace margind::adapters::protocols::hyperliquid {

inline constexpr const char* account_file_format = "hyperliquid.account-file/1";

model::Result<AccountFileAnswer> evaluate_account_file(std::string_view text);

}  // namespace margind::adapters::protocols::hyperliquid
