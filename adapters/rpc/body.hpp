// The body of an HTTP reply while it arrives: inflated, bounded and collected piece by piece.
#pragma once

#include "adapters/rpc/json_bounds.hpp"
#include "risk/model/result.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace margind::adapters::rpc {

class Inflater;

class Body {
public:
    /// At most `max` bytes after inflating. With `json` the text must keep to these bounds while it arrives.
    Body(std::size_t max, std::optional<model::JsonLimits> json);
    ~Body();

    /// Content-Encoding, before the first piece: gzip, deflate or none; false for any other.
    bool set_encoding(std::string_view name);
    /// Nothing beyond a bound is kept. Errors as in json_bounds.hpp, without the endpoint's name; `upstream` for what cannot be inflated.
    model::Result<void> take(std::string_view piece);
    /// After the last piece: an encoded body must have ended.
    model::Result<void> finish() const;
    /// JSON is wanted and this is something else: its first bytes are all that is kept, the rest need not be read.
    bool hopeless() const { return foreign_ && text_.size() >= max_foreign; }
    std::string text() && { return std::move(text_); }

private:
    static constexpr std::size_t max_foreign = 4096;
    model::Result<void> collect(std::string_view piece);
    model::Result<void> check(std::string_view piece);

    std::size_t max_;
    std::optional<model::JsonLimits> json_;
    JsonBounds bounds_;
    std::unique_ptr<Inflater> inflater_;
    std::string text_;
    bool foreign_ = false;
};

}  // namespace margind::adapters::rpc
