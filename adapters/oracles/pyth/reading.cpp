// Reads one price id at one block.
#include "adapters/oracles/pyth/kind.hpp"

#include "adapters/evm/abi_reader.hpp"
#include "adapters/evm/abi_writer.hpp"
#include "adapters/oracles/contract.hpp"
#include "adapters/oracles/grade.hpp"

#include <limits>
#include <utility>

namespace margind::adapters::oracles::pyth {

using model::ErrorCode;
using model::fail;
using model::I256;
using model::Result;
using model::U256;

namespace {

const evm::Function get_price_unsafe("getPriceUnsafe(bytes32)");

constexpr std::int64_t lowest_exponent = -36;
constexpr std::int64_t highest_exponent = 18;

// The interval is rounded up: against the price.
std::uint32_t interval_of(const U256& confidence, const I256& price) {
    const auto share = mul_div(confidence, U256(1'000'000), price.magnitude(), model::Rounding::up);
    const auto small = share ? share->to_u64() : std::nullopt;
    constexpr std::uint64_t most = std::numeric_limits<std::uint32_t>::max();
    return static_cast<std::uint32_t>(small && *small < most ? *small : most);
}

class PriceReading final : public Reading<Observation> {
public:
    PriceReading(config::Feed feed, config::PythFeed source, std::optional<Answer> previous, const model::BlockRef& block)
        : feed_(std::move(feed)), source_(source), previous_(std::move(previous)), block_(block) {}

    std::vector<Request> next(std::span<const Reply> replies) override {
        if (!asked_) {
            asked_ = true;
            return {Call{feed_.address, get_price_unsafe(evm::AbiWriter().bytes32(source_.price_id)), {}, {}, false}};
        }
        result_ = take(replies);
        return {};
    }

    Result<Observation> result() override { return result_; }

private:
    Result<Observation> take(std::span<const Reply> replies) const {
        if (const Result<void> count = check_count(feed_, replies, 1); !count) return fail(count.error());
        const Result<model::Bytes> answered = bytes_of(feed_, replies[0]);
        Answer answer;
        if (!answered) {
            if (answered.error().code != ErrorCode::reverted) return fail(answered.error());
            return observe(feed_, answer, answered.error().message, previous_, block_.time);
        }
        if (answered->empty()) return fail(ErrorCode::no_code, name_of(feed_) + " holds no contract that is Pyth's");
        const std::string what = name_of(feed_);
        evm::AbiReader reader(*answered, what);
        answer.raw = reader.sint(64);
        const U256 confidence = reader.uint(64);
        const I256 exponent = reader.sint(32);
        answer.updated_at = static_cast<std::int64_t>(reader.u64(63));
        if (exponent < I256(lowest_exponent) || exponent > I256(highest_exponent)) reader.reject("exponent " + exponent.to_decimal());
        if (reader.error() != nullptr) return fail(*reader.error());
        const auto digits = static_cast<unsigned>(exponent.magnitude().limbs()[0]);
        if (exponent.is_negative()) answer.decimals = static_cast<std::uint8_t>(digits);
        else answer.raw = checked_mul(answer.raw, I256::from(U256::pow10(digits)).value()).value();
        return judged(answer, exponent.is_negative() ? confidence : checked_mul(confidence, U256::pow10(digits)).value());
    }

    Result<Observation> judged(Answer answer, const U256& confidence) const {
        std::string refused = refusal(answer, block_.time);
        if (refused.empty()) {
            answer.interval_ppm = interval_of(confidence, answer.raw);
            if (answer.interval_ppm > source_.max_interval_ppm)
                refused = "confidence interval of " + std::to_string(answer.interval_ppm) + " ppm, at most " + std::to_string(source_.max_interval_ppm) + " are taken";
            else if (previous_ && answer.updated_at < previous_->updated_at)
                refused = "publishTime " + std::to_string(answer.updated_at) + " is before " + std::to_string(previous_->updated_at) + " of the last price";
        }
        return observe(feed_, answer, refused, previous_, block_.time);
    }

    config::Feed feed_;
    config::PythFeed source_;
    std::optional<Answer> previous_;
    model::BlockRef block_;
    bool asked_ = false;
    Result<Observation> result_ = fail(ErrorCode::missing, "the feed was not read");
};

std::unique_ptr<Reading<Observation>> read_price_of(const config::Feed& feed, Before before, const model::BlockRef& block) {
    return std::make_unique<PriceReading>(feed, std::get<config::PythFeed>(feed.source), std::move(before.previous), block);
}

std::unique_ptr<Reading<std::string>> read_description_of(const config::Feed& feed) {
    return read_presence(feed, "price id " + std::get<config::PythFeed>(feed.source).price_id.to_string());
}

}  // namespace

Kind kind() { return {"pyth", read_price_of, read_description_of}; }

}  // namespace margind::adapters::oracles::pyth
