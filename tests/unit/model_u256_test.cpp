// 256-bit arithmetic against Boost.Multiprecision's unbounded integers.
#include "risk/model/u256_inline.hpp"

#include <boost/multiprecision/cpp_int.hpp>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <limits>

namespace margind::model {
namespace {

using Big = boost::multiprecision::cpp_int;

const Big two_256 = Big(1) << 256;
const Big two_255 = Big(1) << 255;

Big big(const U256& value) {
    Big out = 0;
    for (std::size_t i = 4; i-- > 0;) out = (out << 64) + value.limbs()[i];
    return out;
}

Big big(const I256& value) { return value.is_negative() ? Big(-big(value.magnitude())) : big(value.magnitude()); }

/// What `expected` is when it is in range, else empty.
template <class T>
void expect_same(const std::optional<T>& got, const Big& expected, const Big& lowest, const Big& end) {
    RC_ASSERT(got.has_value() == (expected >= lowest && expected < end));
    if (got) RC_ASSERT(big(*got) == expected);
}
void expect_same(const std::optional<U256>& got, const Big& expected) { expect_same(got, expected, 0, two_256); }
void expect_same(const std::optional<I256>& got, const Big& expected) { expect_same(got, expected, -two_255, two_255); }

/// Limbs that reach the carries, borrows and corrected digits of long division far more often than uniform ones do.
rc::Gen<std::uint64_t> edge_limb() {
    return rc::gen::weightedOneOf<std::uint64_t>(
        {{5, rc::gen::element<std::uint64_t>(0, 1, 2, ~0ULL, ~0ULL - 1, 1ULL << 63, (1ULL << 63) - 1, (1ULL << 63) + 1, 1ULL << 32)},
         {4, rc::gen::resize(100, rc::gen::arbitrary<std::uint64_t>())},
         {1, rc::gen::inRange<std::uint64_t>(0, 1000)}});
}

rc::Gen<U256> any_u256() {
    return rc::gen::map(rc::gen::tuple(rc::gen::container<std::array<std::uint64_t, 4>>(edge_limb()), rc::gen::inRange<std::size_t>(0, 5)),
                        [](const std::tuple<std::array<std::uint64_t, 4>, std::size_t>& parts) {
                            auto limbs = std::get<0>(parts);
                            for (std::size_t i = std::get<1>(parts); i < 4; ++i) limbs[i] = 0;
                            return U256(limbs);
                        });
}

rc::Gen<I256> any_i256() { return rc::gen::map(any_u256(), [](const U256& word) { return I256::from_word(word); }); }

Big rounded(const Big& a, const Big& b, Rounding rounding) {
    const Big quotient = a / b;
    const Big rest = a % b;
    if (rounding == Rounding::up && rest != 0) return quotient + 1;
    if (rounding == Rounding::half_up && 2 * rest >= b) return quotient + 1;
    return quotient;
}

Big floored(const Big& a, const Big& b) {
    const Big quotient = a / b;
    return (a % b != 0 && (a < 0) != (b < 0)) ? Big(quotient - 1) : quotient;
}

constexpr Rounding roundings[] = {Rounding::down, Rounding::up, Rounding::half_up};

RC_GTEST_PROP(U256, adds_subtracts_multiplies_and_compares_as_unbounded_integers, ()) {
    const U256 a = *any_u256();
    const U256 b = *any_u256();
    expect_same(checked_add(a, b), big(a) + big(b));
    expect_same(checked_sub(a, b), big(a) - big(b));
    expect_same(checked_mul(a, b), big(a) * big(b));
    RC_ASSERT((a < b) == (big(a) < big(b)));
    RC_ASSERT((a == b) == (big(a) == big(b)));
}

RC_GTEST_PROP(U256, divides_as_unbounded_integers, ()) {
    const U256 a = *any_u256();
    const U256 b = *any_u256();
    const U256 c = *any_u256();
    if (c.is_zero()) {
        RC_ASSERT(!checked_div(a, c) && !checked_mod(a, c) && !mul_div(a, b, c, Rounding::down));
        return;
    }
    expect_same(checked_mod(a, c), big(a) % big(c));
    for (const Rounding rounding : roundings) {
        expect_same(checked_div(a, c, rounding), rounded(big(a), big(c), rounding));
        expect_same(mul_div(a, b, c, rounding), rounded(big(a) * big(b), big(c), rounding));
    }
}

// The numerator is built around a multiple of the divisor, where estimated digits are wrong most often.
RC_GTEST_PROP(U256, computes_inline_as_unbounded_integers, ()) {
    const U256 a = *any_u256();
    const U256 b = *any_u256();
    const U256 c = *any_u256();
    const std::uint64_t limb = *edge_limb();
    expect_same(inlined::add(a, b), big(a) + big(b));
    expect_same(inlined::mul(a, limb), big(a) * limb);
    if (limb != 0) RC_ASSERT(big(inlined::div(a, limb)) == big(a) / limb);
    for (const U256& divisor : {c, U256(limb)})
        for (const U256& factor : {b, U256(c.limbs()[0])}) {
            const Big product = big(a) * big(factor);
            const auto got = inlined::product_quotient(a, factor, divisor);
            RC_ASSERT(got.has_value() == (product < two_256 && !divisor.is_zero()));
            if (got) RC_ASSERT(big(*got) == product / big(divisor));
        }
}

RC_GTEST_PROP(U256, divides_next_to_multiples_of_the_divisor, ()) {
    const U256 divisor = *any_u256();
    const U256 factor = *any_u256();
    const Big target = big(divisor) * big(factor) + *rc::gen::inRange(-2, 3);
    if (divisor.is_zero() || target < 0 || target >= two_256) return;
    const U256 numerator = U256::from_decimal(target.str()).value();
    expect_same(checked_div(numerator, divisor), target / big(divisor));
    expect_same(checked_mod(numerator, divisor), target % big(divisor));
}

RC_GTEST_PROP(U256, shifts_and_masks, ()) {
    const U256 a = *any_u256();
    const U256 b = *any_u256();
    const auto bits = *rc::gen::inRange<unsigned>(0, 257);
    RC_ASSERT(big(shift_right(a, bits)) == (big(a) >> bits));
    RC_ASSERT(big(shift_left_unchecked(a, bits)) == (big(a) << bits) % two_256);
    RC_ASSERT(big(bit_and(a, b)) == (big(a) & big(b)));
    RC_ASSERT(a.bit_width() == (a.is_zero() ? 0 : boost::multiprecision::msb(big(a)) + 1));
}

RC_GTEST_PROP(U256, prints_and_parses, ()) {
    const U256 a = *any_u256();
    RC_ASSERT(a.to_decimal() == big(a).str());
    RC_ASSERT(U256::from_decimal(a.to_decimal()) == a);
    RC_ASSERT(U256::from_decimal("000" + a.to_decimal()) == a);
    RC_ASSERT(U256::from_hex(a.to_hex()) == a);
    RC_ASSERT(a.to_hex() == "0x" + big(a).str(0, std::ios_base::hex));
    RC_ASSERT(U256::from_big_endian(a.to_big_endian()) == a);
}

RC_GTEST_PROP(U256, becomes_the_nearest_double, ()) {
    const U256 a = *any_u256();
    const double got = a.to_double();
    const Big value = big(a);
    // No neighbouring double is nearer.
    const Big distance = abs(Big(got) - value);
    for (const double neighbour : {std::nextafter(got, 0.0), std::nextafter(got, std::numeric_limits<double>::infinity())})
        RC_ASSERT(distance <= abs(Big(neighbour) - value));
}

TEST(U256, rounds_a_tie_to_the_even_double) {
    EXPECT_EQ(checked_add(U256::pow2(200), U256::pow2(147)).value().to_double(), std::ldexp(1.0, 200));
    EXPECT_EQ(checked_add(checked_add(U256::pow2(200), U256::pow2(147)).value(), 1).value().to_double(), std::ldexp(1.0, 200) + std::ldexp(1.0, 148));
}

TEST(U256, refuses_malformed_and_too_large_text) {
    const std::string max = "115792089237316195423570985008687907853269984665640564039457584007913129639935";
    EXPECT_EQ(U256::from_decimal(max), U256::max());
    EXPECT_FALSE(U256::from_decimal("115792089237316195423570985008687907853269984665640564039457584007913129639936"));
    EXPECT_FALSE(U256::from_decimal(max + "0"));
    for (const char* text : {"", " ", "-1", "+1", "1 ", " 1", "1.0", "1e3", "1_000", "0x10", "12345678901234567890x"}) EXPECT_FALSE(U256::from_decimal(text)) << text;
    for (const char* text : {"", "0x", "x1", "0X1", "1", "0x-1", "0xg", "0x 1"}) EXPECT_FALSE(U256::from_hex(text)) << text;
    EXPECT_EQ(U256::from_hex("0x" + std::string(64, 'f')), U256::max());
    EXPECT_FALSE(U256::from_hex("0x" + std::string(65, '0')));
}

TEST(U256, knows_the_powers_of_ten_that_fit) {
    Big power = 1;
    for (unsigned exponent = 0; exponent <= 77; ++exponent, power *= 10) EXPECT_EQ(big(U256::pow10(exponent)), power);
    EXPECT_THROW(U256::pow10(78), std::out_of_range);
}

// TAOCP 4.3.1, exercise 22's kind: the rare step that adds the divisor back.
TEST(U256, divides_where_the_estimated_digit_must_be_added_back) {
    const U256 numerator({0, 0, (1ULL << 63), (1ULL << 63) - 1});
    const U256 divisor({1, 0, 1ULL << 63, 0});
    EXPECT_EQ(big(checked_div(numerator, divisor).value()), big(numerator) / big(divisor));
    EXPECT_EQ(big(checked_mod(numerator, divisor).value()), big(numerator) % big(divisor));
}

RC_GTEST_PROP(I256, computes_as_unbounded_integers, ()) {
    const I256 a = *any_i256();
    const I256 b = *any_i256();
    const I256 c = *any_i256();
    expect_same(checked_add(a, b), big(a) + big(b));
    expect_same(checked_sub(a, b), big(a) - big(b));
    expect_same(checked_mul(a, b), big(a) * big(b));
    expect_same(negate(a), -big(a));
    RC_ASSERT((a < b) == (big(a) < big(b)));
    if (c.is_zero()) {
        RC_ASSERT(!checked_div(a, c) && !mul_div(a, b, c));
        return;
    }
    expect_same(checked_div(a, c), big(a) / big(c));
    expect_same(checked_div(a, c, SignedRounding::floor), floored(big(a), big(c)));
    expect_same(mul_div(a, b, c), big(a) * big(b) / big(c));
    expect_same(mul_div(a, b, c, SignedRounding::floor), floored(big(a) * big(b), big(c)));
}

RC_GTEST_PROP(I256, round_trips_as_word_and_text, ()) {
    const I256 a = *any_i256();
    RC_ASSERT(I256::from_word(a.to_word()) == a);
    RC_ASSERT(big(a.to_word()) == (big(a) + two_256) % two_256);
    RC_ASSERT(a.to_decimal() == big(a).str());
    RC_ASSERT(I256::from_decimal(a.to_decimal()) == a);
}

TEST(I256, keeps_to_the_range_of_int256) {
    const I256 lowest = I256::from_word(U256::pow2(255));
    EXPECT_EQ(big(lowest), -two_255);
    EXPECT_FALSE(negate(lowest));
    EXPECT_FALSE(checked_div(lowest, I256(-1)));
    EXPECT_FALSE(checked_sub(lowest, I256(1)));
    EXPECT_FALSE(I256::from(U256::pow2(255)));
    EXPECT_EQ(I256::make(true, U256::pow2(255)), lowest);
    EXPECT_FALSE(I256::make(true, checked_add(U256::pow2(255), 1).value()));
    EXPECT_EQ(I256::from_decimal("-57896044618658097711785492504343953926634992332820282019728792003956564819968"), lowest);
    EXPECT_FALSE(I256::from_decimal("57896044618658097711785492504343953926634992332820282019728792003956564819968"));
    EXPECT_EQ(big(I256(std::numeric_limits<std::int64_t>::min())), Big(std::numeric_limits<std::int64_t>::min()));
}

TEST(I256, has_one_zero) {
    EXPECT_EQ(I256::from_decimal("-0"), I256(0));
    EXPECT_EQ(checked_mul(I256(-1), I256(0)), I256(0));
    EXPECT_EQ(checked_div(I256(-1), I256(2)), I256(0));
    EXPECT_FALSE(checked_div(I256(-1), I256(2))->is_negative());
}

TEST(I256, refuses_malformed_text) {
    for (const char* text : {"", "-", "--1", "+1", "- 1", "1.0", "-0x1"}) EXPECT_FALSE(I256::from_decimal(text)) << text;
}

}  // namespace
}  // namespace margind::model
