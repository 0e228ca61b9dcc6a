// Dropping what is older than is kept.
#pragma once

#include "storage/history.hpp"
#include "storage/sqlite.hpp"

#include <cstdint>

namespace margind::storage {

/// Bodies of snapshots and reports more than `keep_full_days` older than `next`, and facts that no kept snapshot names; a
/// bounded part of them. Called before `next` is written, so that its rows take the pages that are freed, on a full disk too.
Result<void> prune(sqlite::Connection& writer, const SnapshotText& next, std::uint32_t keep_full_days);

}  // namespace margind::storage
