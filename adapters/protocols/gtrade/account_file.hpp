// A trade at gTrade written down, and each step from it to its liquidation test.
#pragma once

#include "adapters/adapter.hpp"

namespace margind::adapters::protocols::gtrade {

inline constexpr const char* account_file_format = "gtrade.account-file/1";

model::Result<AccountFileAnswer> evaluate_account_file(std::string_view text);

}  // namespace margind::adapters::protocols::gtrade
