// Fuzz entry of the text forms of numbers and identifiers: what is accepted reads back from its own printed form.
#include "risk/model/money.hpp"
#include "risk/model/text_form.hpp"

#include <cstdint>
#include <cstdlib>

using namespace margind::model;

namespace {

template <class T>
void round_trip(std::string_view text) {
    T value;
    if (!from_text(text, value)) return;
    T again;
    if (!from_text(to_text(value), again) || !(again == value)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
    round_trip<U256>(text);
    round_trip<I256>(text);
    round_trip<Address>(text);
    round_trip<Bytes32>(text);
    round_trip<Bytes>(text);
    round_trip<VenueId>(text);
    round_trip<AccountKey>(text);
    if (const auto value = U256::from_hex(text); value && U256::from_hex(value->to_hex()) != value) std::abort();
    // The first byte is the number of decimals.
    if (const auto raw = parse_decimal(text, data[0]); raw && parse_decimal(decimal_text(*raw, data[0]), data[0]) != raw) std::abort();
    return 0;
}
