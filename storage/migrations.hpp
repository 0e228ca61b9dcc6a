// The schema of the database and how older files come to it.
#pragma once

#include "storage/sqlite.hpp"

#include <cstdint>
#include <string>

namespace margind::storage {

/// `user_version` of a file that this program writes.
std::int64_t schema_version();

/// Refuses a file that is no database, another program's, or of a newer version. Changes nothing.
model::Result<void> check_owner(sqlite::Connection& connection, const std::string& file);

/// Brings an empty or older database to schema_version(), each step in a transaction of its own.
model::Result<void> migrate(sqlite::Connection& connection);

}  // namespace margind::storage
