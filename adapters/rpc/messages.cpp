// Messages on a connection that carries many: where one ends, and whom it is for. Pure.
#include "adapters/rpc/messages.hpp"

#include "risk/model/json_text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <utility>

namespace margind::adapters::rpc {

namespace {

constexpr std::string_view blanks = " \t\r\n";

/// Steps over JSON without building it; any function is empty or false at the first thing that is not as it must be.
class Walk {
public:
    explicit Walk(std::string_view text) : text_(text) {}

    bool take(char c) {
        at_ = std::min(text_.find_first_not_of(blanks, at_), text_.size());
        if (at_ >= text_.size() || text_[at_] != c) return false;
        ++at_;
        return true;
    }
    /// The text between the quotes, escapes as they are.
    std::optional<std::string_view> quoted() {
        if (!take('"')) return std::nullopt;
        const std::size_t start = at_;
        for (; at_ < text_.size(); ++at_) {
            if (text_[at_] == '"') return text_.substr(start, at_++ - start);
            if (text_[at_] == '\\') ++at_;
        }
        return std::nullopt;
    }
    std::optional<std::uint64_t> number() {
        at_ = std::min(text_.find_first_not_of(blanks, at_), text_.size());
        std::uint64_t out = 0;
        const auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), out);
        const std::size_t stop = static_cast<std::size_t>(end - text_.data());
        // A number that goes on is another number.
        if (error != std::errc() || stop >= text_.size() || (blanks.find(text_[stop]) == std::string_view::npos && text_[stop] != ',' && text_[stop] != '}'))
            return std::nullopt;
        at_ = stop;
        return out;
    }
    bool skip_value() {
        JsonBounds bounds({.bytes = text_.size() + 1, .depth = 64, .values = text_.size() + 1, .number_chars = text_.size() + 1});
        at_ = std::min(text_.find_first_not_of(blanks, at_), text_.size());
        if (at_ >= text_.size()) return false;
        const char first = text_[at_];
        if (first == '{' || first == '[' || first == '"') {
            at_ += bounds.take(text_.substr(at_));
            return bounds.complete();
        }
        at_ = std::min(text_.find_first_of(",}] \t\r\n", at_), text_.size());
        return at_ < text_.size();
    }

private:
    std::string_view text_;
    std::size_t at_ = 0;
};

std::optional<std::uint64_t> id_of_object(Walk& walk, bool& whole) {
    whole = false;
    if (walk.take('}')) {
        whole = true;
        return std::nullopt;
    }
    for (;;) {
        const auto key = walk.quoted();
        if (!key || !walk.take(':')) return std::nullopt;
        if (*key == "id") {
            if (const auto id = walk.number()) return id;
        }
        if (!walk.skip_value()) return std::nullopt;
        if (walk.take(',')) continue;
        whole = walk.take('}');
        return std::nullopt;
    }
}

}  // namespace

JsonBreach JsonTexts::take(std::string_view piece, std::vector<std::string>& out) {
    while (!piece.empty() && breach_ == JsonBreach::none) {
        if (bounds_.empty()) {
            piece.remove_prefix(std::min(piece.find_first_not_of(blanks), piece.size()));
            if (piece.empty()) break;
            if (piece.front() != '{' && piece.front() != '[') {
                breach_ = JsonBreach::shape;
                break;
            }
        }
        const std::size_t taken = bounds_.take(piece);
        breach_ = bounds_.breach();
        text_.append(piece.substr(0, taken));
        piece.remove_prefix(taken);
        if (!bounds_.complete()) continue;
        out.push_back(std::exchange(text_, std::string()));
        bounds_ = JsonBounds(limits_);
    }
    return breach_;
}

std::optional<std::uint64_t> answered_id(std::string_view message) {
    Walk walk(message);
    bool whole = false;
    if (walk.take('{')) return id_of_object(walk, whole);
    if (!walk.take('[')) return std::nullopt;
    do {
        if (!walk.take('{')) return std::nullopt;
        if (const auto id = id_of_object(walk, whole)) return id;
    } while (whole && walk.take(','));
    return std::nullopt;
}

bool is_pushed(std::string_view message) {
    const auto document = model::parse_json(message, reply_limits);
    return document && document->is_object() && document->contains("method") && !document->contains("id");
}

std::optional<Notification> parse_notification(std::string_view message) {
    const auto document = model::parse_json(message, reply_limits);
    if (!document || !document->is_object() || document->contains("id")) return std::nullopt;
    const auto method = document->find("method");
    const auto params = document->find("params");
    if (method == document->end() || *method != "eth_subscription" || params == document->end() || !params->is_object()) return std::nullopt;
    const auto subscription = params->find("subscription");
    const auto result = params->find("result");
    if (subscription == params->end() || !subscription->is_string() || result == params->end()) return std::nullopt;
    return Notification{subscription->get<std::string>(), model::print_json(*result)};
}

}  // namespace margind::adapters::rpc
