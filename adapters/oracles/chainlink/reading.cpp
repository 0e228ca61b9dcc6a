// Reads one feed at one block.
#include "adapters/evm/abi_reader.hpp"
#include "adapters/evm/abi_writer.hpp"
#include "adapters/oracles/chainlink/chainlink.hpp"

#include <utility>

namespace margind::adapters::oracles::chainlink {

using model::Error;
using model::ErrorCode;
using model::fail;
using model::Result;

namespace {

const evm::Function latest_round_data("latestRoundData()");
const evm::Function decimals_of("decimals()");
const evm::Function description_of("description()");

constexpr unsigned round_id_bits = 80;

std::string name_of(const config::Feed& feed) { return feed.asset.symbol + " feed " + feed.address.to_string(); }

Result<model::Bytes> bytes_of(const config::Feed& feed, const Reply& reply) {
    Result<model::Bytes> bytes = reply_bytes(reply);
    if (!bytes) return fail(bytes.error().code, name_of(feed) + ": " + bytes.error().message, bytes.error().retry);
    return bytes;
}

Result<void> check_code(const config::Feed& feed, const Reply& reply) {
    const Result<model::Bytes> code = bytes_of(feed, reply);
    if (!code) return fail(code.error());
    if (code->empty()) return fail(ErrorCode::no_code, name_of(feed) + " holds no contract");
    return {};
}

Result<Round> decode_round(std::span<const std::byte> bytes, const std::string& what) {
    evm::AbiReader reader(bytes, what);
    Round round;
    round.id = reader.uint(round_id_bits);
    round.answer = reader.i256();
    // startedAt: not used.
    reader.skip(1);
    round.updated_at = static_cast<std::int64_t>(reader.u64(63));
    return reader.finish(std::move(round));
}

class PriceReading final : public Reading<Observation> {
public:
    PriceReading(config::Feed feed, std::optional<Round> previous, const model::BlockRef& block)
        : feed_(std::move(feed)), previous_(std::move(previous)), block_(block) {}

    std::vector<Request> next(std::span<const Reply> replies) override {
        if (!asked_) {
            asked_ = true;
            return {Call{feed_.address, latest_round_data(), {}, {}, false}, Call{feed_.address, decimals_of(), {}, {}, false}};
        }
        result_ = take(replies);
        return {};
    }

    Result<Observation> result() override { return result_; }

private:
    Result<Observation> take(std::span<const Reply> replies) const {
        if (replies.size() != 2) return fail(ErrorCode::decode, name_of(feed_) + ": " + std::to_string(replies.size()) + " replies to 2 requests");
        const Result<model::Bytes> decimals_bytes = bytes_of(feed_, replies[1]);
        if (!decimals_bytes) return fail(decimals_bytes.error());
        // A call to an address without code succeeds with nothing; a feed never answers so.
        if (decimals_bytes->empty()) return fail(ErrorCode::no_code, name_of(feed_) + " holds no contract that is a feed");
        const std::string what = name_of(feed_);
        evm::AbiReader reader(*decimals_bytes, what);
        const std::uint64_t decimals = reader.u64(8);
        if (reader.error() != nullptr) return fail(*reader.error());
        if (decimals > model::max_decimals)
            return fail(ErrorCode::decode, what + " has " + std::to_string(decimals) + " decimals");

        Round round;
        Graded graded;
        const Result<model::Bytes> answered = bytes_of(feed_, replies[0]);
        if (answered) {
            const Result<Round> decoded = decode_round(*answered, what);
            if (!decoded) return fail(decoded.error());
            round = *decoded;
            graded = grade(round, previous_, feed_.heartbeat_s, block_.time);
        } else if (answered.error().code == ErrorCode::reverted) {
            graded = {model::PriceGrade::refused, answered.error().message};
        } else {
            return fail(answered.error());
        }
        return observe(round, std::move(graded), static_cast<std::uint8_t>(decimals));
    }

    Observation observe(Round round, Graded graded, std::uint8_t decimals) const {
        Observation observation;
        if (graded.grade != model::PriceGrade::refused) {
            observation.accepted = round;
        } else if (previous_) {
            const std::string refused = graded.reason;
            round = *previous_;
            graded = grade(round, std::nullopt, feed_.heartbeat_s, block_.time);
            graded.reason = "a later round is refused: " + refused + (graded.reason.empty() ? "" : "; ") + graded.reason;
            observation.accepted = previous_;
        }
        model::ReferencePrice& price = observation.price;
        price.asset = feed_.asset;
        price.chain = feed_.chain;
        price.source = "chainlink:" + std::to_string(feed_.chain.value) + ":" + feed_.address.to_string();
        price.raw = round.answer;
        price.decimals = decimals;
        price.updated_at = round.updated_at;
        price.heartbeat_s = feed_.heartbeat_s;
        price.deviation_ppm = feed_.deviation_ppm;
        price.grade = graded.grade;
        price.reason = std::move(graded.reason);
        return observation;
    }

    config::Feed feed_;
    std::optional<Round> previous_;
    model::BlockRef block_;
    bool asked_ = false;
    Result<Observation> result_ = fail(ErrorCode::missing, "the feed was not read");
};

class DescriptionReading final : public Reading<std::string> {
public:
    explicit DescriptionReading(config::Feed feed) : feed_(std::move(feed)) {}

    std::vector<Request> next(std::span<const Reply> replies) override {
        if (!asked_) {
            asked_ = true;
            return {Code{feed_.address}, Call{feed_.address, description_of(), {}, {}, false}};
        }
        result_ = take(replies);
        return {};
    }

    Result<std::string> result() override { return result_; }

private:
    Result<std::string> take(std::span<const Reply> replies) const {
        if (replies.size() != 2) return fail(ErrorCode::decode, name_of(feed_) + ": " + std::to_string(replies.size()) + " replies to 2 requests");
        const Result<void> code = check_code(feed_, replies[0]);
        if (!code) return fail(code.error());
        const Result<model::Bytes> bytes = bytes_of(feed_, replies[1]);
        if (!bytes) return fail(bytes.error());
        const std::string what = name_of(feed_);
        evm::AbiReader reader(*bytes, what);
        Result<std::string> described = reader.finish(std::string(reader.string()));
        if (described && !feed_.description.empty() && *described != feed_.description)
            return fail(ErrorCode::bad_input, what + " describes itself as \"" + *described + "\", not \"" + feed_.description + "\"");
        return described;
    }

    config::Feed feed_;
    bool asked_ = false;
    Result<std::string> result_ = fail(ErrorCode::missing, "the feed was not read");
};

}  // namespace

std::unique_ptr<Reading<Observation>> read_price(config::Feed feed, std::optional<Round> previous, const model::BlockRef& block) {
    return std::make_unique<PriceReading>(std::move(feed), std::move(previous), block);
}

std::unique_ptr<Reading<std::string>> read_description(config::Feed feed) {
    return std::make_unique<DescriptionReading>(std::move(feed));
}

}  // namespace margind::adapters::oracles::chainlink
