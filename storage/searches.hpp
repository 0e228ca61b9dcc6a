// The rows of searches over a chain.
#pragma once

#include "storage/history.hpp"
#include "storage/sqlite.hpp"

#include <optional>
#include <span>

namespace margind::storage {

/// As History::search(), on one commit.
Result<std::optional<SearchText>> read_search(sqlite::Connection& connection, const model::Bytes32& id);
/// As History::keep_searches(), in a transaction of its own.
Result<void> write_searches(sqlite::Connection& connection, std::span<const SearchText> searches);

}  // namespace margind::storage
