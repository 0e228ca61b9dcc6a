// Bodies of HTTP replies while they arrive: compressed by zlib's own writer, and hostile ones.
#include "adapters/rpc/body.hpp"

#include <gtest/gtest.h>
#include <zlib.h>

#include <stdexcept>
#include <string>
#include <string_view>

namespace margind::adapters::rpc {
namespace {

using model::ErrorCode;
using model::Retry;

constexpr int gzip = 15 + 16, zlib = 15, raw = -15;

std::string compressed(const std::string& text, int format) {
    z_stream stream{};
    if (deflateInit2(&stream, 9, Z_DEFLATED, format, 9, Z_DEFAULT_STRATEGY) != Z_OK) throw std::runtime_error("deflateInit2");
    std::string out(deflateBound(&stream, text.size()) + 64, '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream.avail_in = static_cast<uInt>(text.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    if (deflate(&stream, Z_FINISH) != Z_STREAM_END) throw std::runtime_error("deflate");
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return out;
}

model::Result<std::string> read(const std::string& bytes, const std::string& encoding, std::size_t step, std::size_t max = 1 << 20,
                                std::optional<model::JsonLimits> json = std::nullopt, std::size_t* taken = nullptr) {
    Body body(max, json);
    if (!body.set_encoding(encoding)) return model::fail(ErrorCode::upstream, "encoding");
    for (std::size_t at = 0; at < bytes.size(); at += step) {
        if (taken != nullptr) *taken = at;
        if (auto kept = body.take(std::string_view(bytes).substr(at, step)); !kept) return model::fail(kept.error());
        if (body.hopeless()) return std::move(body).text();
    }
    if (auto whole = body.finish(); !whole) return model::fail(whole.error());
    return std::move(body).text();
}

TEST(Body, inflates_whatever_the_cut) {
    std::string text = "[";
    for (int i = 0; i < 20'000; ++i) text += std::to_string(i * 7919) + ",";
    text += "0]";
    for (const std::size_t step : {1U, 13U, 65'536U}) {
        EXPECT_EQ(read(text, "", step).value(), text);
        EXPECT_EQ(read(compressed(text, gzip), "gzip", step).value(), text);
        EXPECT_EQ(read(compressed(text, gzip), "X-GZIP", step, 1 << 20, reply_limits).value(), text);
        EXPECT_EQ(read(compressed(text, zlib), "deflate", step).value(), text);
        EXPECT_EQ(read(compressed(text, raw), "deflate", step).value(), text);
        EXPECT_EQ(read(compressed(text, gzip) + compressed("more", gzip), "gzip", step).value(), text + "more");
    }
    EXPECT_FALSE(read(text, "br", 13));
}

TEST(Body, refuses_what_cannot_be_inflated) {
    const std::string whole = compressed(R"({"a":1})", gzip);
    std::string broken = whole;
    broken[whole.size() - 5] = static_cast<char>(broken[whole.size() - 5] ^ 1);
    for (const auto& [bytes, part] : {std::pair<std::string, std::string>{"<html>", "cannot be inflated"},
                                      {broken, "cannot be inflated"},
                                      {whole.substr(0, whole.size() - 1), "ends too early"},
                                      {whole + "x", "ends too early"}}) {
        const auto text = read(bytes, "gzip", 3);
        ASSERT_FALSE(text) << bytes.size();
        EXPECT_EQ(text.error().code, ErrorCode::upstream);
        EXPECT_EQ(text.error().retry, Retry::other_endpoint);
        EXPECT_NE(text.error().message.find(part), std::string::npos) << text.error().message;
    }
}

TEST(Body, stops_a_bomb_at_the_bound) {
    const std::string bomb = compressed("[\"" + std::string(64 << 20, 'x') + "\"]", gzip);
    ASSERT_LT(bomb.size(), 100'000U);
    std::size_t taken = 0;
    const auto text = read(bomb, "gzip", 100, 1 << 20, reply_limits, &taken);
    ASSERT_FALSE(text);
    EXPECT_EQ(text.error().code, ErrorCode::limit);
    EXPECT_EQ(text.error().message, "the reply is longer than 1048576 bytes");
    EXPECT_LT(taken, bomb.size() / 32) << "64 times the bound is in there";
}

TEST(Body, keeps_json_to_its_bounds_while_it_arrives) {
    struct Case {
        std::string text;
        ErrorCode code;
        Retry retry;
        const char* part;
        std::size_t before;
    };
    std::string many = "[0";
    for (int i = 0; i < 300'000; ++i) many += ",0";
    for (const Case& c : {Case{std::string(100'000, '['), ErrorCode::upstream, Retry::other_endpoint, "nested deeper than 64", 100},
                          Case{"[" + std::string(1'000'000, '1'), ErrorCode::upstream, Retry::other_endpoint, "more than 80 characters", 100},
                          Case{many, ErrorCode::limit, Retry::never, "more than 262144 values", 524'400},
                          Case{"{} {" + many, ErrorCode::upstream, Retry::other_endpoint, "bytes behind the JSON text", 4}}) {
        std::size_t taken = 0;
        const auto text = read(c.text, "", 1, 16 << 20, reply_limits, &taken);
        ASSERT_FALSE(text) << c.part;
        EXPECT_EQ(text.error().code, c.code) << text.error().message;
        EXPECT_EQ(text.error().retry, c.retry) << text.error().message;
        EXPECT_NE(text.error().message.find(c.part), std::string::npos) << text.error().message;
        EXPECT_LE(taken, c.before);
        EXPECT_TRUE(read(c.text, "", 4096)) << "no bounds are asked for";
    }
}

TEST(Body, keeps_the_first_bytes_of_what_is_no_json) {
    std::size_t taken = 0;
    const auto text = read("\r\n <html>" + std::string(1 << 20, 'x'), "", 1000, 1 << 20, reply_limits, &taken);
    ASSERT_TRUE(text) << text.error().message;
    EXPECT_EQ(text->size(), 4096U);
    EXPECT_LT(taken, 8192U);
    EXPECT_EQ(read("  ", "", 1, 100, reply_limits).value(), "  ");
    EXPECT_EQ(read("no", "", 1, 100, reply_limits).value(), "no");
}

}  // namespace
}  // namespace margind::adapters::rpc
