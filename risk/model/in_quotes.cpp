// Quoting for error messages.
#include "risk/model/in_quotes.hpp"

namespace margind::model {

std::string in_quotes(std::string_view text) {
    constexpr std::size_t most = 100;
    constexpr std::string_view hex = "0123456789abcdef";
    std::string out = "\"";
    for (const char c : text.substr(0, most)) {
        if (c >= ' ' && c <= '~') {
            out += c;
        } else {
            const auto byte = static_cast<unsigned char>(c);
            out += {'\\', 'x', hex[byte >> 4U], hex[byte & 0xfU]};
        }
    }
    return out + (text.size() > most ? "\"…" : "\"");
}

}  // namespace margind::model
