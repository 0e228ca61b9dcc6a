// What is printed at once is what the document would print, to the last byte.
#include "risk/model/json_print.hpp"

#include "risk/model/json_text.hpp"
#include "risk/model/json_writer.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <bit>
#include <cmath>
#include <limits>
#include <random>

namespace margind::model {
namespace {

struct Inner {
    std::string zeta;
    std::optional<double> alpha;
};
constexpr auto describe(const Inner*) { return std::tuple(field("zeta", &Inner::zeta), field("alpha", &Inner::alpha)); }

struct Outer {
    std::vector<Inner> rows;
    std::map<std::string, Inner> by_name;
    Money money;
    Address owner;
    std::uint64_t count = 0;
    std::uint8_t small = 0;
    bool flag = false;
    std::optional<Inner> none;
};
constexpr auto describe(const Outer*) {
    return std::tuple(field("rows", &Outer::rows), field("by_name", &Outer::by_name), field("money", &Outer::money),
                      field("owner", &Outer::owner), field("count", &Outer::count), field("small", &Outer::small), field("flag", &Outer::flag),
                      field("none", &Outer::none));
}

template <class T>
std::string through_the_document(const T& value) {
    nlohmann::json document;
    write_json(JsonWriter(document), value);
    return print_json(document);
}

TEST(JsonPrint, gives_the_bytes_of_the_document) {
    Outer outer;
    for (const char* text : {"", "plain", "a \"quoted\" \\ slash", "line\nend\t\x01", "\xe2\x82\xac", "\xff\xfe cut", "\x7f"}) {
        outer.rows.push_back({text, std::nullopt});
        outer.by_name[text].zeta = text;
    }
    outer.rows.push_back({"", 0.1});
    outer.money = {I256(-1'234'567), 6, "USD"};
    outer.owner.bytes.fill(std::byte{0xab});
    for (const std::uint64_t count : {std::uint64_t{0}, (std::uint64_t{1} << 53), (std::uint64_t{1} << 53) + 1, ~std::uint64_t{0}}) {
        outer.count = count;
        outer.small = static_cast<std::uint8_t>(count);
        outer.flag = !outer.flag;
        EXPECT_EQ(json_text_of(outer), through_the_document(outer));
    }
    EXPECT_EQ(json_text_of(std::vector<int>{}), "[]");
    EXPECT_EQ(json_text_of(std::map<std::string, int>{}), "{}");
    EXPECT_EQ(json_text_of(Inner{"x", 1.0}), R"({"alpha":1.0,"zeta":"x"})");
}

TEST(JsonPrint, gives_the_documents_form_of_every_double_and_integer) {
    std::mt19937_64 random(5);
    std::vector<double> doubles{0.0, -0.0, 1.0, 1e-5, 1e21, 0.1, 100.0, 1.0 / 3, std::numeric_limits<double>::denorm_min(), std::numeric_limits<double>::max(),
                                std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity(), std::nan("")};
    std::vector<std::int64_t> integers{0, -1, std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()};
    for (int i = 0; i < 20'000; ++i) {
        doubles.push_back(std::bit_cast<double>(random()));
        integers.push_back(static_cast<std::int64_t>(random()) >> (i % 64));
    }
    EXPECT_EQ(json_text_of(doubles), through_the_document(doubles));
    EXPECT_EQ(json_text_of(integers), through_the_document(integers));
}

}  // namespace
}  // namespace margind::model
