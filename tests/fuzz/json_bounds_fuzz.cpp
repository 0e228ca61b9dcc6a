// Fuzz entry of the JSON bounds: any split gives one verdict, and that agrees with the parser which builds the text.
#include "adapters/rpc/json_bounds.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <cstdlib>

namespace {

using namespace margind;
using adapters::rpc::JsonBounds;
using adapters::rpc::JsonBreach;

struct Verdict {
    JsonBreach breach;
    bool complete;
    std::size_t taken;
    friend bool operator==(const Verdict&, const Verdict&) = default;
};

/// Pieces of 1 to 16 bytes, as `seed` says; 0: in one.
Verdict judge(std::string_view text, const model::JsonLimits& limits, std::uint64_t seed) {
    JsonBounds bounds(limits);
    std::size_t taken = 0;
    while (taken < text.size()) {
        seed = seed * 6364136223846793005U + 1442695040888963407U * (seed != 0);
        const std::string_view piece = text.substr(taken, seed == 0 ? text.size() : 1 + (seed >> 60));
        const std::size_t now = bounds.take(piece);
        taken += now;
        if (now < piece.size()) break;
    }
    return {bounds.breach(), bounds.complete(), taken};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const model::JsonLimits limits{.bytes = 4096, .depth = 5, .values = 12, .number_chars = 24};
    const Verdict whole = judge(text, limits, 0);
    for (const std::uint64_t seed : {size * 2 + 1, size * 31 + 7})
        if (judge(text, limits, seed) != whole) std::abort();
    const auto parsed = model::parse_json(text, limits);
    if (parsed) {
        if (whole.breach != JsonBreach::none) std::abort();
        if (whole.complete != (parsed->is_structured() || parsed->is_string())) std::abort();
    } else if (parsed.error().code == model::ErrorCode::limit && whole.breach == JsonBreach::none) {
        // What stands behind the end of the text is not counted: it is refused for being there.
        if (!whole.complete || size <= limits.bytes) std::abort();
    }
    return 0;
}
