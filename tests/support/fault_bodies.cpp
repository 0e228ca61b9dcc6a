// Bodies that no node should send.
#include "tests/support/fault_bodies.hpp"

#include <zlib.h>

#include <fmt/format.h>

#include <stdexcept>

namespace margind::tests {
namespace {

constexpr std::size_t piece_bytes = std::size_t{1} << 20;
constexpr int gzip_window = 15 + 16;
constexpr int raw_window = -15;

std::string deflated(const std::string& text, int window, int flush) {
    z_stream stream{};
    if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, window, 9, Z_DEFAULT_STRATEGY) != Z_OK) throw std::runtime_error("zlib: deflateInit2");
    std::string out(deflateBound(&stream, static_cast<uLong>(text.size())) + 64, '\0');
    std::string in = text;
    stream.next_in = reinterpret_cast<Bytef*>(in.data());
    stream.avail_in = static_cast<uInt>(in.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    deflate(&stream, flush);
    out.resize(out.size() - stream.avail_out);
    deflateEnd(&stream);
    return out;
}

// Blocks behind a full flush do not look back, so one of them may be repeated. The trailer is left out: who reads that far has
// inflated everything.
std::string make_bomb() {
    std::string out = deflated(R"({"jsonrpc":"2.0","id":1,"result":"0x)", gzip_window, Z_FULL_FLUSH);
    const std::string piece = deflated(std::string(piece_bytes, '0'), raw_window, Z_FULL_FLUSH);
    for (std::size_t bytes = 0; bytes < huge_bytes; bytes += piece_bytes) out += piece;
    return out;
}

}  // namespace

const std::string& gzip_bomb_body() {
    static const std::string bomb = make_bomb();
    return bomb;
}

std::string nested_answer(const std::string& id) {
    return fmt::format(R"({{"jsonrpc":"2.0","id":{},"result":{}{}}})", id, std::string(nested_brackets, '['), std::string(nested_brackets, ']'));
}

std::string endless_answer(const std::string& id) { return fmt::format(R"({{"jsonrpc":"2.0","id":{},"result":"0x)", id); }

std::string html_page() { return "<!DOCTYPE html><html><body><h1>Please wait</h1></body></html>\n"; }

}  // namespace margind::tests
