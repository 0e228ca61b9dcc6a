// The rows of searches over a chain.
#pragma once

#include "storage/history.hpp"
#include "storage/sqlite.hpp"

#include <cstdint>
#include <optional>

namespace margind::storage {

/// As History::search(), on one commit.
Result<std::optional<SearchText>> read_search(sqlite::Connection& connection, const model::Bytes32& id);
/// As History::keep_search(), in a transaction of its own.
Result<void> write_search(sqlite::Connection& connection, const SearchText& search, std::uint64_t from);

}  // namespace margind::storage
