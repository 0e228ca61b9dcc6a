// A text from outside as one value of a key=value log line.
#include "daemon/log_value.hpp"

#include <fmt/format.h>

namespace margind::daemon {

std::string log_value(std::string_view text) {
    constexpr std::size_t longest = 2'000;
    std::string out = "\"";
    for (const char c : text.substr(0, longest)) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') out += {'\\', c};
        else if (byte < 0x20 || byte == 0x7f) out += fmt::format("\\x{:02x}", byte);
        else out += c;
    }
    if (text.size() > longest) out += "…";
    return out + "\"";
}

}  // namespace margind::daemon
