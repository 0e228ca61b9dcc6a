// The ABI codec against vectors made by ethers.js and solc, round trips and hostile input.
#include "adapters/evm/abi_reader.hpp"
#include "adapters/evm/abi_writer.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <rapidcheck/gtest.h>

#include <charconv>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace margind::adapters::evm {
namespace {

using model::Bytes;
using model::ErrorCode;
using model::I256;
using model::U256;
using nlohmann::json;

/// A type as its canonical text says: `base` for a value, else members of a tuple or the element of an array.
struct Type {
    std::string base;
    std::vector<Type> members;
    std::unique_ptr<Type> element;
    std::size_t length = 0;  // 0: T[]

    bool dynamic() const {
        if (element) return length == 0 || element->dynamic();
        if (base == "tuple") {
            for (const Type& member : members)
                if (member.dynamic()) return true;
            return false;
        }
        return base == "bytes" || base == "string";
    }
};

unsigned number(std::string_view text) {
    unsigned out = 0;
    std::from_chars(text.data(), text.data() + text.size(), out);
    return out;
}

Type parse_type(std::string_view& text) {
    Type type;
    if (text.starts_with('(')) {
        type.base = "tuple";
        do {
            text.remove_prefix(1);
            type.members.push_back(parse_type(text));
        } while (text.starts_with(','));
        text.remove_prefix(1);
    } else {
        const std::size_t end = std::min(text.find_first_of(",)["), text.size());
        type.base = text.substr(0, end);
        if (type.base == "uint" || type.base == "int") type.base += "256";
        text.remove_prefix(end);
    }
    while (text.starts_with('[')) {
        const std::size_t close = text.find(']');
        Type array;
        array.length = number(text.substr(1, close - 1));
        array.element = std::make_unique<Type>(std::move(type));
        type = std::move(array);
        text.remove_prefix(close + 1);
    }
    return type;
}

void write(AbiWriter& out, const Type& type, const json& value) {
    const std::string& base = type.base;
    if (type.element) {
        AbiWriter elements;
        for (const json& item : value) write(elements, *type.element, item);
        if (type.length == 0)
            out.array(value.size(), elements);
        else
            out.tuple(elements);
    } else if (base == "tuple") {
        AbiWriter fields;
        for (std::size_t i = 0; i < type.members.size(); ++i) write(fields, type.members[i], value[i]);
        out.tuple(fields);
    } else if (base == "bool") {
        out.boolean(value.get<bool>());
    } else if (base == "address") {
        out.address(model::Address::parse(value.get<std::string>()).value());
    } else if (base == "string") {
        out.string(value.get<std::string>());
    } else if (base == "bytes") {
        out.bytes(model::bytes_from_hex(value.get<std::string>()).value());
    } else if (base.starts_with("bytes")) {
        out.fixed_bytes(model::bytes_from_hex(value.get<std::string>()).value());
    } else if (base.starts_with("uint")) {
        out.u256(U256::from_decimal(value.get<std::string>()).value());
    } else {
        out.i256(I256::from_decimal(value.get<std::string>()).value());
    }
}

json read(AbiReader& in, const Type& type);

json read_members(AbiReader& in, const Type& type) {
    json out = json::array();
    if (type.element)
        for (std::size_t i = 0; i < type.length; ++i) out.push_back(read(in, *type.element));
    for (const Type& member : type.members) out.push_back(read(in, member));
    return out;
}

json read(AbiReader& in, const Type& type) {
    const std::string& base = type.base;
    if (type.element && type.length == 0) {
        json out = json::array();
        for (json& item : in.array(1000, [&](AbiReader& e) { return read(e, *type.element); })) out.push_back(std::move(item));
        return out;
    }
    if (type.element || base == "tuple") {
        if (!type.dynamic()) return read_members(in, type);
        AbiReader inner = in.tuple();
        return read_members(inner, type);
    }
    if (base == "bool") return in.boolean();
    if (base == "address") return in.address().to_string();
    if (base == "string") return std::string(in.string());
    if (base == "bytes") return model::to_hex(in.bytes());
    if (base.starts_with("bytes")) return model::to_hex(in.fixed_bytes(number(base.substr(5))));
    if (base.starts_with("uint")) return in.uint(number(base.substr(4))).to_decimal();
    return in.sint(number(base.substr(3))).to_decimal();
}

struct Vector {
    std::string text;
    Type type;
    json value;
    Bytes encoded;
};

std::vector<Vector> vectors() {
    std::ifstream file(std::string(MARGIND_SOURCE_DIR) + "/tests/unit/data/abi_vectors.json");
    const json document = json::parse(file);
    std::vector<Vector> out;
    for (const json& row : document.at("rows")) {
        Vector vector;
        vector.text = row[0].get<std::string>();
        // ethers encodes each value as the one member of an argument list; "args(…)" is such a list itself.
        const bool list = vector.text.starts_with("args");
        std::string_view text = vector.text;
        if (list) text.remove_prefix(4);
        vector.type = parse_type(text);
        vector.value = row[1];
        vector.encoded = model::bytes_from_hex(row[2].get<std::string>()).value();
        if (!list) {
            Type arguments;
            arguments.base = "tuple";
            arguments.members.push_back(std::move(vector.type));
            vector.type = std::move(arguments);
            json wrapped = json::array();
            wrapped.push_back(std::move(vector.value));
            vector.value = std::move(wrapped);
        }
        out.push_back(std::move(vector));
    }
    return out;
}

model::Result<json> decode(const Vector& vector, std::span<const std::byte> data) {
    AbiReader reader(data, vector.text);
    json value = read_members(reader, vector.type);
    return reader.finish(std::move(value));
}

Bytes encode(const Vector& vector) {
    AbiWriter fields;
    for (std::size_t i = 0; i < vector.type.members.size(); ++i) write(fields, vector.type.members[i], vector.value[i]);
    return fields.encoded();
}

Bytes hex(std::string_view words) { return model::bytes_from_hex("0x" + std::string(words)).value(); }

std::string word(std::uint64_t value) { return fmt::format("{:064x}", value); }

TEST(Abi, encodes_what_ethers_and_solc_encode) {
    const auto all = vectors();
    ASSERT_GT(all.size(), 250U);
    for (const Vector& vector : all) ASSERT_EQ(model::to_hex(encode(vector)), model::to_hex(vector.encoded)) << vector.text;
}

TEST(Abi, decodes_what_ethers_and_solc_encode) {
    for (const Vector& vector : vectors()) {
        const auto value = decode(vector, vector.encoded);
        ASSERT_TRUE(value) << vector.text << ": " << value.error().message;
        ASSERT_EQ(*value, vector.value) << vector.text;
    }
}

TEST(Abi, refuses_each_vector_cut_at_each_byte) {
    std::size_t cuts = 0;
    for (const Vector& vector : vectors()) {
        if (vector.encoded.size() > 2048) continue;
        for (std::size_t size = 0; size < vector.encoded.size(); ++size) {
            const Bytes cut(vector.encoded.begin(), vector.encoded.begin() + static_cast<std::ptrdiff_t>(size));
            const auto value = decode(vector, cut);
            ++cuts;
            // What may be missing is the padding of the last tail alone.
            if (value)
                ASSERT_EQ(*value, vector.value) << vector.text << " cut at " << size;
            else
                ASSERT_EQ(value.error().code, ErrorCode::decode);
        }
    }
    EXPECT_GT(cuts, 10'000U);
}

TEST(Abi, survives_each_byte_of_each_vector_set_to_ff) {
    for (const Vector& vector : vectors()) {
        if (vector.encoded.size() > 2048) continue;
        for (std::size_t i = 0; i < vector.encoded.size(); ++i) {
            Bytes changed = vector.encoded;
            changed[i] ^= std::byte{0xff};
            const auto value = decode(vector, changed);
            if (!value) {
                ASSERT_EQ(value.error().code, ErrorCode::decode);
            }
        }
    }
}

TEST(Abi, names_what_is_wrong_and_where) {
    struct Case {
        const char* name;
        std::string input;
        void (*read)(AbiReader&);
        std::string message;
    };
    const std::vector<Case> cases{
        {"empty", "", [](AbiReader& r) { r.u256(); },
         "f: uint at byte 0: the reply is empty (no such function, or no contract)"},
        {"short", word(1), [](AbiReader& r) { r.skip(1), r.u256(); }, "f: uint at byte 32: the input ends at byte 32"},
        {"wide uint8", word(256), [](AbiReader& r) { r.u64(8); }, "f: uint at byte 0: 0x100 does not fit 8 bits"},
        {"wide int8", word(128), [](AbiReader& r) { r.sint(8); }, "f: int at byte 0: 0x80 does not fit 8 bits"},
        {"bool 2", word(2), [](AbiReader& r) { r.boolean(); }, "f: bool at byte 0: 0x" + word(2) + " is neither 0 nor 1"},
        {"long address", std::string(64, '1'), [](AbiReader& r) { r.address(); },
         "f: address at byte 0: 0x" + std::string(64, '1') + " is longer than 20 bytes"},
        {"long bytes4", std::string(64, '1'), [](AbiReader& r) { r.fixed_bytes(4); },
         "f: bytesN at byte 0: 0x" + std::string(64, '1') + " is longer than 4 bytes"},
        {"offset beyond", word(33), [](AbiReader& r) { r.bytes(); }, "f: bytes at byte 0: offset 0x21 is beyond the end, byte 32"},
        {"offset huge", std::string(64, 'f'), [](AbiReader& r) { r.tuple(); },
         "f: tuple at byte 0: offset 0x" + std::string(64, 'f') + " is beyond the end, byte 32"},
        {"offset to itself", word(0), [](AbiReader& r) { r.bytes(); },
         "f: uint at byte 0: tails overlap: more is to be read than the input holds"},
        {"length huge", word(32) + std::string(64, 'f'), [](AbiReader& r) { r.bytes(); },
         "f: bytes at byte 32: length 115792089237316195423570985008687907853269984665640564039457584007913129639935 but 0 "
         "bytes follow"},
        {"count huge", word(32) + word(1ULL << 60), [](AbiReader& r) { r.array(10, [](AbiReader& e) { return e.u256(); }); },
         "f: array at byte 32: 1152921504606846976 elements but 0 words follow"},
        {"count not allowed", word(32) + word(3) + word(0) + word(0) + word(0),
         [](AbiReader& r) { r.array(2, [](AbiReader& e) { return e.u256(); }); },
         "f: array at byte 32: 3 elements, more than the 2 allowed"},
        {"found by the caller", word(7), [](AbiReader& r) { r.u256(), r.reject("7 is not a kind of order"); },
         "f at byte 0: 7 is not a kind of order"},
    };
    for (const Case& c : cases) {
        const Bytes input = hex(c.input);
        AbiReader reader(input, "f");
        c.read(reader);
        ASSERT_NE(reader.error(), nullptr) << c.name;
        EXPECT_EQ(reader.error()->message, c.message) << c.name;
        EXPECT_EQ(reader.error()->code, ErrorCode::decode) << c.name;
    }
}

TEST(Abi, gives_nothing_after_the_first_error_and_keeps_that_error) {
    const Bytes input = hex(word(2) + word(5) + word(9));
    AbiReader reader(input);
    EXPECT_FALSE(reader.boolean());
    const std::string first = reader.error()->message;
    EXPECT_TRUE(reader.u256().is_zero());
    EXPECT_TRUE(reader.bytes().empty());
    AbiReader inner = reader.tuple();
    EXPECT_TRUE(inner.address().is_zero());
    EXPECT_EQ(reader.error()->message, first);
    EXPECT_FALSE(reader.finish(1));
}

// 2,000 elements that all point at one tail of 2,000 words would be 4,000,000 words of output from 128 KB of input.
TEST(Abi, refuses_tails_that_overlap_to_multiply_output) {
    const std::size_t count = 2000;
    std::string text = word(32) + word(count);
    for (std::size_t i = 0; i < count; ++i) text += word(32 * count);
    text += word(count);
    for (std::size_t i = 0; i < count; ++i) text += word(i);
    const Bytes input = hex(text);
    AbiReader reader(input);
    std::size_t words = 0;
    reader.array(count, [&](AbiReader& e) {
        words += e.array(count, [](AbiReader& w) { return w.u256(); }).size();
        return 0;
    });
    const model::Error* error = reader.error();
    ASSERT_NE(error, nullptr);
    EXPECT_NE(error->message.find("tails overlap"), std::string::npos) << error->message;
    EXPECT_LE(words, 2 * count);
}

TEST(Abi, takes_the_limits_of_narrow_integers) {
    for (unsigned bits = 8; bits <= 256; bits += 8) {
        const U256 half = U256::pow2(bits - 1);
        const U256 top = model::checked_add(half, model::checked_sub(half, 1).value()).value();
        const I256 least = I256::make(true, half).value();
        const I256 most = I256::make(false, model::checked_sub(half, 1).value()).value();
        const Bytes input = AbiWriter().u256(top).i256(least).i256(most).encoded();
        AbiReader reader(input);
        EXPECT_EQ(reader.uint(bits), top);
        EXPECT_EQ(reader.sint(bits), least);
        EXPECT_EQ(reader.sint(bits), most);
        EXPECT_EQ(reader.error(), nullptr) << bits;
        if (bits == 256) continue;
        for (const I256& outside : {model::checked_add(most, I256(1)).value(), model::checked_sub(least, I256(1)).value()}) {
            const Bytes bad = AbiWriter().i256(outside).encoded();
            AbiReader refusing(bad);
            refusing.sint(bits);
            EXPECT_NE(refusing.error(), nullptr) << outside.to_decimal() << " as int" << bits;
        }
        const Bytes above = AbiWriter().u256(U256::pow2(bits)).encoded();
        AbiReader refusing(above);
        refusing.uint(bits);
        EXPECT_NE(refusing.error(), nullptr) << bits;
    }
}

RC_GTEST_PROP(Abi, reads_back_what_was_written, (const std::vector<std::pair<std::uint64_t, std::string>>& rows, bool flag,
                                                  std::int64_t number, const std::vector<std::uint8_t>& raw)) {
    AbiWriter items;
    for (const auto& [key, text] : rows) items.tuple(AbiWriter().u256(key).string(text));
    const auto data = std::as_bytes(std::span(raw));
    const Bytes encoded =
        AbiWriter().boolean(flag).array(rows.size(), items).i256(I256(number)).tuple(AbiWriter().bytes(data).u256(1)).encoded();
    AbiReader reader(encoded);
    RC_ASSERT(reader.boolean() == flag);
    const auto back = reader.array(rows.size(), [](AbiReader& e) {
        AbiReader row = e.tuple();
        const std::uint64_t key = row.u64();
        return std::pair(key, std::string(row.string()));
    });
    RC_ASSERT(back == rows);
    RC_ASSERT(reader.i256() == I256(number));
    AbiReader last = reader.tuple();
    RC_ASSERT(std::ranges::equal(last.bytes(), data));
    RC_ASSERT(last.u64() == 1U);
    RC_ASSERT(reader.error() == nullptr);
    RC_ASSERT(encoded.size() % 32 == 0U);
}

TEST(Function, has_the_published_selectors) {
    const std::vector<std::pair<const char*, const char*>> cases{{"balanceOf(address)", "0x70a08231"},
                                                                 {"decimals()", "0x313ce567"},
                                                                 {"latestRoundData()", "0xfeaf968c"},
                                                                 {"aggregate3((address,bool,bytes)[])", "0x82ad56cb"}};
    for (const auto& [signature, selector] : cases) EXPECT_EQ(model::to_hex(Function(signature).selector()), selector);
}

}  // namespace
}  // namespace margind::adapters::evm
