// The body of an HTTP reply while it arrives: inflated, bounded and collected piece by piece.
#include "adapters/rpc/body.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <functional>
#include <stdexcept>
#include <utility>

namespace margind::adapters::rpc {

using model::ErrorCode;
using model::Retry;

namespace {

constexpr std::string_view blanks = " \t\r\n";

std::string lowered(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return out;
}

model::Result<void> upstream(std::string what) { return model::fail(ErrorCode::upstream, std::move(what), Retry::other_endpoint); }

}  // namespace

/// zlib in a stream: never holds more than one piece of output.
class Inflater {
public:
    enum class Format : std::uint8_t { gzip, deflate };
    explicit Inflater(Format format) : format_(format) {}
    ~Inflater() {
        if (open_) inflateEnd(&stream_);
    }
    Inflater(const Inflater&) = delete;
    Inflater& operator=(const Inflater&) = delete;

    model::Result<void> take(std::string_view piece, const std::function<model::Result<void>(std::string_view)>& put) {
        if (piece.empty()) return {};
        if (!open_) open(piece.front());
        stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(piece.data()));
        stream_.avail_in = static_cast<uInt>(piece.size());
        std::array<char, 32'768> out;
        // Output may be left inside zlib when the input is used up.
        for (bool full = false; stream_.avail_in > 0 || full;) {
            // A gzip body may hold several members.
            if (ended_ && inflateReset(&stream_) != Z_OK) return upstream("the body cannot be inflated");
            ended_ = false;
            stream_.next_out = reinterpret_cast<Bytef*>(out.data());
            stream_.avail_out = static_cast<uInt>(out.size());
            const int state = inflate(&stream_, Z_NO_FLUSH);
            if (state != Z_OK && state != Z_STREAM_END && state != Z_BUF_ERROR) return upstream("the body cannot be inflated");
            const std::size_t size = out.size() - stream_.avail_out;
            if (auto put_all = put(std::string_view(out.data(), size)); !put_all) return put_all;
            ended_ = state == Z_STREAM_END;
            full = !ended_ && stream_.avail_out == 0;
            if (state == Z_BUF_ERROR && size == 0) break;
        }
        return {};
    }
    bool ended() const { return ended_ || !open_; }

private:
    void open(char first) {
        // "deflate" is zlib's format by RFC 9110 and raw deflate by habit; zlib's begins with the method 8 in its low half.
        constexpr int raw = -15, zlib = 15, gzip = 15 + 16;
        const int deflate = (static_cast<unsigned char>(first) & 0x0f) == 8 ? zlib : raw;
        if (inflateInit2(&stream_, format_ == Format::gzip ? gzip : deflate) != Z_OK) throw std::runtime_error("zlib cannot be set up");
        open_ = true;
    }

    Format format_;
    z_stream stream_{};
    bool open_ = false;
    bool ended_ = false;
};

Body::Body(std::size_t max, std::optional<model::JsonLimits> json)
    : max_(max), json_(json), bounds_(json.value_or(model::JsonLimits{})) {}

Body::~Body() = default;

bool Body::set_encoding(std::string_view name) {
    const std::string encoding = lowered(name);
    if (encoding == "gzip" || encoding == "x-gzip") inflater_ = std::make_unique<Inflater>(Inflater::Format::gzip);
    else if (encoding == "deflate") inflater_ = std::make_unique<Inflater>(Inflater::Format::deflate);
    else return encoding.empty() || encoding == "identity";
    return true;
}

model::Result<void> Body::take(std::string_view piece) {
    if (!inflater_) return collect(piece);
    return inflater_->take(piece, [this](std::string_view part) { return collect(part); });
}

model::Result<void> Body::finish() const {
    if (inflater_ && !inflater_->ended()) return upstream("the compressed body ends too early");
    return {};
}

model::Result<void> Body::collect(std::string_view piece) {
    if (hopeless()) return {};
    if (piece.size() > max_ - text_.size())
        return model::fail(ErrorCode::limit, "the reply is longer than " + std::to_string(max_) + " bytes", Retry::never);
    if (json_ && !foreign_) {
        if (auto checked = check(piece); !checked) return checked;
    }
    if (foreign_) piece = piece.substr(0, max_foreign - std::min(max_foreign, text_.size()));
    text_.append(piece);
    return {};
}

model::Result<void> Body::check(std::string_view piece) {
    if (bounds_.empty()) {
        const std::size_t first = piece.find_first_not_of(blanks);
        if (first == std::string_view::npos) return {};
        foreign_ = piece[first] != '{' && piece[first] != '[';
        if (foreign_) return {};
    }
    if (!bounds_.complete()) piece.remove_prefix(bounds_.take(piece));
    if (bounds_.breach() != JsonBreach::none) return model::fail(to_error(bounds_.breach(), *json_));
    if (bounds_.complete() && piece.find_first_not_of(blanks) != std::string_view::npos)
        return upstream("the reply is refused: bytes behind the JSON text");
    return {};
}

}  // namespace margind::adapters::rpc
