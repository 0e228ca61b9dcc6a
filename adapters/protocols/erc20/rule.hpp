// What a wallet holds: nothing that could be liquidated.
#pragma once

#include "risk/model/venue_rule.hpp"

namespace margind::adapters::protocols::erc20 {

/// A balance as the venue's own view gives it, named by the token.
model::NativeFigure balance_figure(const model::Address& token, const model::U256& balance, std::uint8_t decimals);

/// Lives as long as the program.
const model::VenueRule& rule();

}  // namespace margind::adapters::protocols::erc20
