// Names of the kinds, and what a book says of time.
#include "adapters/protocols/derive/book.hpp"

namespace margind::adapters::protocols::derive {

const char* to_string(ManagerKind kind) {
    switch (kind) {
        case ManagerKind::standard: return "standard";
        case ManagerKind::pmrm: return "pmrm";
        case ManagerKind::pmrm_2: return "pmrm_2";
    }
    return "";
}

std::optional<ManagerKind> manager_kind(std::string_view text) {
    for (const ManagerKind kind : {ManagerKind::standard, ManagerKind::pmrm, ManagerKind::pmrm_2})
        if (text == to_string(kind)) return kind;
    return std::nullopt;
}

const char* to_string(VolShock shock) {
    switch (shock) {
        case VolShock::none: return "none";
        case VolShock::up: return "up";
        case VolShock::down: return "down";
        case VolShock::linear: return "linear";
        case VolShock::absolute: return "abs";
    }
    return "";
}

std::uint64_t seconds_left(const Book& book, const Expiry& expiry) {
    const std::uint64_t now = book.time < 0 ? 0 : static_cast<std::uint64_t>(book.time);
    return expiry.time > now ? expiry.time - now : 0;
}

}  // namespace margind::adapters::protocols::derive
