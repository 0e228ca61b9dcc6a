// Bounds of a JSON text while it arrives, before any of it is built.
#include "adapters/rpc/json_bounds.hpp"

#include <algorithm>

namespace margind::adapters::rpc {

std::size_t JsonBounds::take(std::string_view piece) {
    const std::size_t room = limits_.bytes - bytes_;
    const std::string_view allowed = piece.substr(0, room);
    std::size_t at = 0;
    while (at < allowed.size() && breach_ == JsonBreach::none && !complete_) {
        if (in_string_) at = take_string(allowed, at);
        else take_structure(allowed[at++]);
    }
    bytes_ += at;
    if (breach_ == JsonBreach::none && !complete_ && piece.size() > room) breach_ = JsonBreach::bytes;
    return at;
}

std::size_t JsonBounds::take_string(std::string_view piece, std::size_t at) {
    const std::size_t quote = std::min(piece.find('"', at), piece.size());
    // Each escape is stepped over as a pair, so the quote above may turn out to be an escaped one.
    while (at <= quote && at < piece.size()) {
        if (escaped_) {
            escaped_ = false;
            ++at;
            continue;
        }
        const std::size_t slash = piece.substr(0, quote).find('\\', at);
        if (slash == std::string_view::npos) {
            if (quote == piece.size()) return quote;
            in_string_ = false;
            complete_ = open_.empty();
            return quote + 1;
        }
        escaped_ = true;
        at = slash + 1;
    }
    return at;
}

void JsonBounds::take_structure(char c) {
    switch (c) {
        case ' ':
        case '\t':
        case '\r':
        case '\n':
            word_ = 0;
            return;
        case '"':
            word_ = 0;
            in_string_ = true;
            if (!key_next_) count_value();
            return;
        case '{':
        case '[':
            word_ = 0;
            if (open_.size() >= limits_.depth) {
                breach_ = JsonBreach::depth;
                return;
            }
            count_value();
            open_ += c;
            key_next_ = c == '{';
            return;
        case '}':
        case ']':
            word_ = 0;
            if (open_.empty()) {
                breach_ = JsonBreach::shape;
                return;
            }
            open_.pop_back();
            key_next_ = false;
            complete_ = open_.empty();
            return;
        case ',':
            word_ = 0;
            key_next_ = !open_.empty() && open_.back() == '{';
            return;
        case ':':
            word_ = 0;
            key_next_ = false;
            return;
        default:
            if (word_ == 0) count_value();
            if (++word_ > limits_.number_chars) breach_ = JsonBreach::number;
    }
}

void JsonBounds::count_value() {
    if (++values_ > limits_.values) breach_ = JsonBreach::values;
}

std::string to_text(JsonBreach breach, const model::JsonLimits& limits) {
    switch (breach) {
        case JsonBreach::none: break;
        case JsonBreach::bytes: return "longer than " + std::to_string(limits.bytes) + " bytes";
        case JsonBreach::depth: return "nested deeper than " + std::to_string(limits.depth);
        case JsonBreach::values: return "more than " + std::to_string(limits.values) + " values";
        case JsonBreach::number: return "a number or word of more than " + std::to_string(limits.number_chars) + " characters";
        case JsonBreach::shape: return "not JSON";
    }
    return {};
}

model::Error to_error(JsonBreach breach, const model::JsonLimits& limits) {
    const bool much = breach == JsonBreach::bytes || breach == JsonBreach::values;
    return {much ? model::ErrorCode::limit : model::ErrorCode::upstream, "the reply is refused: " + to_text(breach, limits),
            much ? model::Retry::never : model::Retry::other_endpoint};
}

}  // namespace margind::adapters::rpc
