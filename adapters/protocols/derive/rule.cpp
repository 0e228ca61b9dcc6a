// Facts to a book, a book to an account.
#include "adapters/protocols/derive/rule.hpp"

#include "adapters/protocols/derive/account.hpp"
#include "adapters/protocols/derive/facts_book.hpp"
#include "adapters/protocols/derive/schema.hpp"
#include "adapters/protocols/derive/views.hpp"

#include <algorithm>

namespace margind::adapters::protocols::derive {

using model::ErrorCode;
using model::Result;

Result<std::unique_ptr<model::PreparedAccount>> Rule::prepare(const model::Facts& venue, const model::Facts& account,
                                                              const model::AssetMap& assets) const {
    if (venue.schema() != venue_schema)
        return model::fail(ErrorCode::unknown_schema, "venue facts of schema " + venue.schema() + ", not " + venue_schema);
    if (account.schema() != account_schema)
        return model::fail(ErrorCode::unknown_schema, "account facts of schema " + account.schema() + ", not " + account_schema);
    Result<HeldBook> held = book_of(venue, account, assets);
    if (!held) return model::fail(held.error());
    return std::unique_ptr<model::PreparedAccount>(std::make_unique<Account>(std::move(held->book), std::move(held->stale)));
}

std::optional<bool> Rule::liquidatable_by_views(std::span<const model::NativeFigure> views) const {
    const auto margin = std::find_if(views.begin(), views.end(), [](const model::NativeFigure& view) { return view.name == view_maintenance; });
    if (margin == views.end()) return std::nullopt;
    return margin->value.is_negative();
}

}  // namespace margind::adapters::protocols::derive
