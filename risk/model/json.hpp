// Snapshots and facts as JSON, without loss. See json_reader.hpp and json_writer.hpp for the generic part.
#pragma once

#include "risk/model/json_reader.hpp"
#include "risk/model/json_writer.hpp"
#include "risk/model/snapshot.hpp"

namespace margind::model {

/// {"schema", "values": {name: "u256:1", "i256:-1", "address:0x…", "bytes32:0x…", "bool:true" or "bytes:0x…"}}.
void write_json(const JsonWriter& out, const Facts& facts);
void read_json(const JsonReader& in, FactsPtr& out);

/// Facts stand once under "facts", by content hash, which reading recomputes; venues and accounts refer to them. Rows
/// come out sorted. Refused: a row given twice, facts that nothing refers to.
void write_json(const JsonWriter& out, const Snapshot& snapshot);
void read_json(const JsonReader& in, Snapshot& out);

}  // namespace margind::model
