// A subaccount written down by hand or converted from elsewhere: "derive.account-file/1", described in the README.
#pragma once

#include "adapters/protocols/derive/book.hpp"
#include "risk/model/result.hpp"

#include <string_view>

namespace margind::adapters::protocols::derive {

inline constexpr const char* raw_format = "derive.account-file/1";

/// Strict: unknown keys, numbers that are no decimal text, prices of 0 and what the manager has no place for are refused, by path and
/// value. Options of the same terms are added up, empty positions left out.
model::Result<Book> parse_raw_account(std::string_view text);

}  // namespace margind::adapters::protocols::derive
