// What readings of oracle contracts have in common.
#include "adapters/oracles/contract.hpp"

#include <utility>

namespace margind::adapters::oracles {

using model::ErrorCode;
using model::fail;
using model::Result;

namespace {

class Presence final : public Reading<std::string> {
public:
    Presence(config::Feed feed, std::string says) : feed_(std::move(feed)), says_(std::move(says)) {}

    std::vector<Request> next(std::span<const Reply> replies) override {
        if (replies.empty()) return {Code{feed_.address}};
        const Result<model::Bytes> code = bytes_of(feed_, replies.front());
        if (!code) result_ = fail(code.error());
        else if (code->empty()) result_ = fail(ErrorCode::no_code, name_of(feed_) + " holds no contract");
        else result_ = says_;
        return {};
    }

    Result<std::string> result() override { return result_; }

private:
    config::Feed feed_;
    std::string says_;
    Result<std::string> result_ = fail(ErrorCode::missing, "the feed was not read");
};

}  // namespace

std::string name_of(const config::Feed& feed) { return feed.asset.symbol + " feed " + feed.address.to_string(); }

Result<model::Bytes> bytes_of(const config::Feed& feed, const Reply& reply) {
    Result<model::Bytes> bytes = reply_bytes(reply);
    if (!bytes) return fail(bytes.error().code, name_of(feed) + ": " + bytes.error().message, bytes.error().retry);
    return bytes;
}

Result<void> check_count(const config::Feed& feed, std::span<const Reply> replies, std::size_t wanted) {
    if (replies.size() == wanted) return {};
    return fail(ErrorCode::decode, name_of(feed) + ": " + std::to_string(replies.size()) + " replies to " + std::to_string(wanted) + " requests");
}

std::unique_ptr<Reading<std::string>> read_presence(config::Feed feed, std::string says) {
    return std::make_unique<Presence>(std::move(feed), std::move(says));
}

}  // namespace margind::adapters::oracles
