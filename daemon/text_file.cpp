// A whole file as text, within a bound.
#include "daemon/text_file.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

namespace margind::daemon {

model::Result<std::string> read_text_file(const std::string& file, std::size_t largest) {
    const bool standard_input = file == "-";
    const auto close = [](std::FILE* stream) {
        if (stream != stdin) static_cast<void>(std::fclose(stream));
    };
    errno = 0;
    const std::unique_ptr<std::FILE, decltype(close)> stream(standard_input ? stdin : std::fopen(file.c_str(), "rb"), close);
    if (!stream) return model::fail(model::ErrorCode::bad_input, fmt::format("cannot open '{}': {}", file, std::strerror(errno)));
    std::string text;
    std::array<char, 65'536> buffer{};
    for (;;) {
        const std::size_t got = std::fread(buffer.data(), 1, buffer.size(), stream.get());
        if (text.size() + got > largest)
            return model::fail(model::ErrorCode::limit, fmt::format("'{}' is larger than {} bytes", file, largest));
        text.append(buffer.data(), got);
        if (got < buffer.size()) break;
    }
    if (std::ferror(stream.get()) != 0) return model::fail(model::ErrorCode::bad_input, fmt::format("cannot read '{}': {}", file, std::strerror(errno)));
    return text;
}

}  // namespace margind::daemon
