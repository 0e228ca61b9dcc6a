// Fuzz entry of JSON text and of snapshots: what is accepted prints, reads again as the same, and keeps its hash.
#include "risk/model/json.hpp"
#include "risk/model/json_text.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <cstdlib>

using namespace margind::model;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const Result<nlohmann::json> document = parse_json(text, {.bytes = 1 << 20, .values = 10'000});
    if (!document) return document.error().message.empty() ? (std::abort(), 1) : 0;
    const Result<nlohmann::json> again = parse_json(print_json(*document));
    if (!again || *again != *document) std::abort();

    const Result<Snapshot> snapshot = from_json<Snapshot>(*document);
    if (!snapshot) return snapshot.error().message.starts_with("$") ? 0 : (std::abort(), 1);
    nlohmann::json written;
    write_json(JsonWriter(written), *snapshot);
    const Result<Snapshot> read = from_json<Snapshot>(written);
    if (!read || snapshot_hash(*read) != snapshot_hash(*snapshot)) std::abort();
    return 0;
}
