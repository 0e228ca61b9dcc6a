// Names and schemas of the aave_v3 facts.
#include "adapters/protocols/aave_v3/facts.hpp"

#include <array>

namespace margind::adapters::protocols::aave_v3 {

namespace {

std::string numbered(std::string_view kind, unsigned id, std::string_view field) {
    std::string name;
    name.reserve(kind.size() + field.size() + 5);
    name.append(kind).push_back('.');
    for (const unsigned place : {100U, 10U, 1U}) name.push_back(static_cast<char>('0' + id / place % 10));
    name.append(1, '.').append(field);
    return name;
}

}  // namespace

std::string reserve_fact(unsigned id, std::string_view field) { return numbered("reserve", id, field); }
std::string emode_fact(unsigned category, std::string_view field) { return numbered("emode", category, field); }

std::uint64_t bit_field(const model::U256& word, unsigned first, unsigned width) {
    return model::shift_right(word, first).limbs()[0] & ((std::uint64_t{1} << width) - 1);
}

model::U256 with_bit(const model::U256& set, unsigned id) {
    std::array<std::uint64_t, 4> limbs = set.limbs();
    limbs[id / 64] |= std::uint64_t{1} << (id % 64);
    return model::U256(limbs);
}

}  // namespace margind::adapters::protocols::aave_v3
