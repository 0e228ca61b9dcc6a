// Unpacking gzip within a bound, and the hash of what was packed.
#include "daemon/data_folder.hpp"

#include "daemon/text_file.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <zlib.h>

#include <array>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <stdexcept>

namespace margind::daemon {
namespace {

constexpr std::size_t largest_packed = std::size_t{64} << 20;
constexpr std::size_t largest_text = std::size_t{512} << 20;

std::string sha256_hex(std::string_view bytes) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1) throw std::runtime_error("OpenSSL has no SHA-256");
    std::string text;
    for (unsigned int i = 0; i < size; ++i) text += fmt::format("{:02x}", digest[i]);
    return text;
}

model::Result<std::string> unpacked(const std::string& packed, const std::string& file) {
    z_stream stream{};
    // 16: a gzip header is expected.
    if (inflateInit2(&stream, 15 + 16) != Z_OK) throw std::bad_alloc();
    const std::unique_ptr<z_stream, int (*)(z_stream*)> ends(&stream, &inflateEnd);
    std::string input = packed;
    std::string text;
    std::array<char, 1 << 16> part{};
    stream.next_in = reinterpret_cast<Bytef*>(input.data());
    stream.avail_in = static_cast<uInt>(input.size());
    for (;;) {
        stream.next_out = reinterpret_cast<Bytef*>(part.data());
        stream.avail_out = static_cast<uInt>(part.size());
        const int code = inflate(&stream, Z_NO_FLUSH);
        text.append(part.data(), part.size() - stream.avail_out);
        if (text.size() > largest_text)
            return model::fail(model::ErrorCode::limit, fmt::format("{}: unpacks to more than {} bytes", file, largest_text));
        if (code == Z_STREAM_END) return text;
        if (code != Z_OK || (stream.avail_in == 0 && stream.avail_out != 0))
            return model::fail(model::ErrorCode::bad_input,
                               fmt::format("{}: no whole gzip file: it breaks off or is damaged after {} bytes of text", file, text.size()));
    }
}

}  // namespace

model::Result<risk::calibration::DataFiles> read_data_folder(const std::string& folder, const std::vector<std::string>& names) {
    risk::calibration::DataFiles files;
    for (const std::string& name : names) {
        const std::string file = (std::filesystem::path(folder) / (name + ".csv.gz")).string();
        const auto packed = read_text_file(file, largest_packed);
        if (!packed) return model::fail(packed.error());
        auto text = unpacked(*packed, file);
        if (!text) return model::fail(text.error());
        files[name] = {*std::move(text), sha256_hex(*packed)};
    }
    return files;
}

}  // namespace margind::daemon
