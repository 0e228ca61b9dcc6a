// A trade at Ostium written down, and each step from it to its liquidation test.
#pragma once

#include "adapters/adapter.hpp"

namespace margind::adapters::protocols::ostium {

inline constexpr const char* account_file_format = "ostium.account-file/1";

model::Result<AccountFileAnswer> evaluate_account_file(std::string_view text);

}  // namespace margind::adapters::protocols::ostium
