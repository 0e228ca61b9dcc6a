// Evaluations as the texts that the history keeps, and back.
#pragma once

#include "risk/model/incident.hpp"
#include "risk/model/report.hpp"
#include "risk/model/snapshot.hpp"
#include "storage/history.hpp"

#include <string>
#include <vector>

namespace margind::daemon {

/// The rows of assets and portfolios, which hardly ever change, are kept once per content among the facts; the document
/// names them by the hash of their text.
storage::SnapshotText snapshot_text(const model::Snapshot& snapshot, const model::Bytes32& hash);
/// The inverse. Also reads texts that hold the rows themselves.
model::Result<model::Snapshot> snapshot_of(const storage::SnapshotText& text);
/// `headline` is the remembered one.
storage::ReportText report_text(const model::PortfolioReport& report, const model::Headline& headline, std::int64_t time);
storage::MemoryText memory_text(const model::Memory& memory);
model::Result<model::Memory> memory_of(const storage::MemoryText& text);
storage::EventText event_text(const model::IncidentEvent& event, std::int64_t time, std::vector<std::string> sinks);

}  // namespace margind::daemon
