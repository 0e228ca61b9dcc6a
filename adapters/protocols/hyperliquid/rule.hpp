// The margin rule of an account of HyperCore.
#pragma once

#include "adapters/protocols/hyperliquid/book.hpp"

#include <memory>

namespace margind::adapters::protocols::hyperliquid {

// Names of the native figures, as accountMarginSummary has them.
inline constexpr const char* view_account_value = "accountMarginSummary.accountValue";
inline constexpr const char* view_ntl_pos = "accountMarginSummary.ntlPos";

const model::VenueRule& rule();
std::unique_ptr<model::PreparedAccount> prepared(Book book);

/// What a set of facts holds.
model::Result<RawAccount> raw_account(const model::Facts& account);
model::Result<std::vector<TierRow>> tier_rows(const model::Facts& venue);
void add_facts(const RawAccount& raw, model::FactsBuilder& facts);

}  // namespace margind::adapters::protocols::hyperliquid
