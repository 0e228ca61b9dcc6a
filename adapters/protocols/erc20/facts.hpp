// Names and schemas of the facts that the wallet readings write and its rule reads.
#pragma once

#include <string>
#include <string_view>

namespace margind::adapters::protocols::erc20 {

inline constexpr std::string_view config_schema = "erc20.config/1";
inline constexpr std::string_view venue_schema = "erc20.venue/1";
inline constexpr std::string_view account_schema = "erc20.account/1";

inline constexpr unsigned max_tokens = 1'000;

/// "token.007.balance"
std::string token_fact(unsigned number, std::string_view field);

}  // namespace margind::adapters::protocols::erc20
