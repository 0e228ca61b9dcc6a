// From venue and account facts to a book.
#pragma once

#include "adapters/protocols/derive/book.hpp"
#include "risk/model/asset.hpp"
#include "risk/model/facts.hpp"

#include <string>

namespace margind::adapters::protocols::derive {

struct HeldBook {
    Book book;
    /// Prices that the venue itself refuses as too old, by what they are of; empty: none.
    std::string stale;
};

/// Fails where a price is missing, with the venue's reason, and where an asset is not mapped.
model::Result<HeldBook> book_of(const model::Facts& venue, const model::Facts& account, const model::AssetMap& assets);

}  // namespace margind::adapters::protocols::derive
