// A bounded SAX handler that builds the document.
#include "risk/model/json_text.hpp"

#include "risk/model/in_quotes.hpp"

#include <nlohmann/json.hpp>

#include <optional>
#include <vector>

namespace margind::model {
namespace {

using nlohmann::json;

class Builder {
public:
    Builder(json& root, const JsonLimits& limits) : root_(root), limits_(limits) {}

    bool null() { return put(json(nullptr)) != nullptr; }
    bool boolean(bool value) { return put(json(value)) != nullptr; }
    bool number_integer(json::number_integer_t value) { return put(json(value)) != nullptr; }
    bool number_unsigned(json::number_unsigned_t value) { return put(json(value)) != nullptr; }
    bool number_float(json::number_float_t value, const std::string& text) {
        if (text.size() > limits_.number_chars)
            return stop(ErrorCode::limit, "a number of " + std::to_string(text.size()) + " characters, more than " +
                                              std::to_string(limits_.number_chars) + ": " + in_quotes(text));
        if (text.find_first_of(".eE") == std::string::npos)
            return stop(ErrorCode::out_of_range, "the integer " + in_quotes(text) + " does not fit 64 bits; write it as a string");
        return put(json(value)) != nullptr;
    }
    bool string(std::string& value) { return put(json(std::move(value))) != nullptr; }
    bool binary(json::binary_t&) { return stop(ErrorCode::bad_input, "a binary value"); }
    bool start_object(std::size_t) { return enter(json::object()); }
    bool end_object() { return leave(); }
    bool start_array(std::size_t) { return enter(json::array()); }
    bool end_array() { return leave(); }
    bool key(std::string& name) {
        Frame& frame = open_.back();
        if (frame.container->contains(name)) return stop(ErrorCode::bad_input, "key " + in_quotes(name) + " is given twice");
        frame.key = std::move(name);
        return true;
    }
    bool parse_error(std::size_t position, const std::string& token, const nlohmann::detail::exception& cause) {
        constexpr int number_out_of_range = 406;
        if (cause.id == number_out_of_range) return stop(ErrorCode::out_of_range, "the number " + in_quotes(token) + " does not fit a double");
        return stop(ErrorCode::bad_input, "malformed JSON at byte " + std::to_string(position) + " near " + in_quotes(token));
    }

    Error error() const { return error_.value_or(Error{ErrorCode::bad_input, "malformed JSON", Retry::never}); }

private:
    struct Frame {
        json* container;
        std::string key;
    };

    bool stop(ErrorCode code, std::string what) {
        if (!error_) error_ = Error{code, path() + ": " + std::move(what), Retry::never};
        return false;
    }

    std::string path() const {
        std::string out = "$";
        for (const Frame& frame : open_) {
            // An open container is in its array already; a value that was refused is not.
            const std::size_t index = frame.container->size() - (&frame == &open_.back() ? 0 : 1);
            if (frame.container->is_array()) out += "[" + std::to_string(index) + "]";
            else if (!frame.key.empty()) out += "." + frame.key.substr(0, 60);
        }
        return out.size() <= 400 ? out : out.substr(0, 400) + "…";
    }

    json* put(json value) {
        if (++values_ > limits_.values) {
            stop(ErrorCode::limit, "more than " + std::to_string(limits_.values) + " values");
            return nullptr;
        }
        if (open_.empty()) {
            root_ = std::move(value);
            return &root_;
        }
        const Frame& frame = open_.back();
        if (frame.container->is_array()) {
            frame.container->push_back(std::move(value));
            return &frame.container->back();
        }
        json& member = (*frame.container)[frame.key];
        member = std::move(value);
        return &member;
    }

    bool enter(json empty) {
        if (open_.size() >= limits_.depth) return stop(ErrorCode::limit, "nested deeper than " + std::to_string(limits_.depth));
        json* const container = put(std::move(empty));
        if (container == nullptr) return false;
        open_.push_back({container, {}});
        return true;
    }

    bool leave() {
        open_.pop_back();
        return true;
    }

    json& root_;
    const JsonLimits& limits_;
    std::vector<Frame> open_;
    std::size_t values_ = 0;
    std::optional<Error> error_;
};

}  // namespace

Result<json> parse_json(std::string_view text, const JsonLimits& limits) {
    if (text.size() > limits.bytes)
        return fail(ErrorCode::limit, "JSON text of " + std::to_string(text.size()) + " bytes, more than " + std::to_string(limits.bytes));
    // The library takes a NUL byte for the end of the text.
    if (const std::size_t nul = text.find('\0'); nul != std::string_view::npos)
        return fail(ErrorCode::bad_input, "malformed JSON: a NUL byte at " + std::to_string(nul));
    json document;
    Builder builder(document, limits);
    if (!json::sax_parse(text, &builder)) return fail(builder.error());
    return document;
}

std::string print_json(const json& document, int indent) {
    return document.dump(indent, ' ', false, json::error_handler_t::replace);
}

}  // namespace margind::model
