// Words and addresses of the hyperliquid facts.
#include "adapters/protocols/hyperliquid/facts.hpp"

#include <array>

namespace margind::adapters::protocols::hyperliquid {

namespace {

constexpr std::array all_modes{Mode::unknown, Mode::standard, Mode::unified, Mode::portfolio};

model::Address numbered(std::uint64_t number) {
    model::Address address;
    for (std::size_t i = 0; i < 8; ++i) address.bytes[19 - i] = static_cast<std::byte>(number >> (8 * i) & 0xff);
    return address;
}

}  // namespace

const char* to_string(Mode mode) {
    switch (mode) {
        case Mode::unknown: return "unknown";
        case Mode::standard: return "standard";
        case Mode::unified: return "unified";
        case Mode::portfolio: return "portfolio";
    }
    return "";
}

std::optional<Mode> mode_of(std::string_view text) {
    for (const Mode mode : all_modes)
        if (text == to_string(mode)) return mode;
    return std::nullopt;
}

model::Address perp_address(std::uint64_t perp) {
    model::Address address = numbered(perp);
    constexpr std::string_view marker = "PERP";
    for (std::size_t i = 0; i < marker.size(); ++i) address.bytes[i] = static_cast<std::byte>(marker[i]);
    return address;
}

model::Address token_address(std::uint64_t token) {
    model::Address address = numbered(token);
    address.bytes[0] = std::byte{0x20};
    return address;
}

}  // namespace margind::adapters::protocols::hyperliquid
