// Messages on a connection that carries many: where one ends, and whom it is for. Pure.
#pragma once

#include "adapters/rpc/json_bounds.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace margind::adapters::rpc {

/// Cuts a stream of bytes into JSON objects and arrays, each within its bounds while it arrives (geth's IPC has no other frame).
class JsonTexts {
public:
    explicit JsonTexts(const model::JsonLimits& limits = reply_limits) : limits_(limits), bounds_(limits) {}

    /// Whole texts are appended to `out`. After a breach nothing more is taken.
    JsonBreach take(std::string_view piece, std::vector<std::string>& out);
    /// What has arrived of the text under way.
    const std::string& partial() const { return text_; }

private:
    model::JsonLimits limits_;
    JsonBounds bounds_;
    JsonBreach breach_ = JsonBreach::none;
    std::string text_;
};

/// The request that a message answers: its `id`, in a batch the first one there; empty for notifications, for ids that are not
/// ours, and for what is no JSON. Reads no further than the id, so it may serve for the beginning of a message too.
std::optional<std::uint64_t> answered_id(std::string_view message);

/// "eth_subscription": what is pushed, with `result` as JSON text.
struct Notification {
    std::string subscription;
    std::string result;
};
std::optional<Notification> parse_notification(std::string_view message);
/// An object with a method and without an id, whatever it tells: it answers nothing.
bool is_pushed(std::string_view message);

}  // namespace margind::adapters::rpc
