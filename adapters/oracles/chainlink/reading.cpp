// Reads one feed at one block.
#include "adapters/evm/abi_reader.hpp"
#include "adapters/evm/abi_writer.hpp"
#include "adapters/oracles/chainlink/kind.hpp"
#include "adapters/oracles/contract.hpp"
#include "adapters/oracles/grade.hpp"
#include "adapters/oracles/round.hpp"

#include <utility>

namespace margind::adapters::oracles::chainlink {

using model::ErrorCode;
using model::fail;
using model::Result;

namespace {

const evm::Function decimals_of("decimals()");
const evm::Function description_of("description()");

constexpr unsigned phase_bit = 64;

class PriceReading final : public Reading<Observation> {
public:
    PriceReading(config::Feed feed, std::optional<Answer> previous, const model::BlockRef& block)
        : feed_(std::move(feed)), previous_(std::move(previous)), block_(block) {}

    std::vector<Request> next(std::span<const Reply> replies) override {
        if (!asked_) {
            asked_ = true;
            return {latest_round_data(feed_.address), Call{feed_.address, decimals_of(), {}, {}, false}};
        }
        result_ = take(replies);
        return {};
    }

    Result<Observation> result() override { return result_; }

private:
    Result<Observation> take(std::span<const Reply> replies) const {
        if (const Result<void> count = check_count(feed_, replies, 2); !count) return fail(count.error());
        const Result<model::Bytes> decimals_bytes = bytes_of(feed_, replies[1]);
        if (!decimals_bytes) return fail(decimals_bytes.error());
        // A call to an address without code succeeds with nothing; a feed never answers so.
        if (decimals_bytes->empty()) return fail(ErrorCode::no_code, name_of(feed_) + " holds no contract that is a feed");
        const std::string what = name_of(feed_);
        evm::AbiReader reader(*decimals_bytes, what);
        const std::uint64_t decimals = reader.u64(8);
        if (reader.error() != nullptr) return fail(*reader.error());
        if (decimals > model::max_decimals) return fail(ErrorCode::decode, what + " has " + std::to_string(decimals) + " decimals");

        Answer answer;
        answer.decimals = static_cast<std::uint8_t>(decimals);
        const Result<model::Bytes> answered = bytes_of(feed_, replies[0]);
        if (!answered && answered.error().code != ErrorCode::reverted) return fail(answered.error());
        if (!answered) return observe(feed_, answer, answered.error().message, previous_, block_.time);
        const Result<Round> round = decode_round(*answered, what);
        if (!round) return fail(round.error());
        answer.id = round->id;
        answer.raw = round->answer;
        answer.updated_at = round->updated_at;
        std::string refused = refusal(answer, block_.time);
        if (refused.empty() && previous_) refused = going_back(answer, *previous_);
        return observe(feed_, answer, refused, previous_, block_.time);
    }

    config::Feed feed_;
    std::optional<Answer> previous_;
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
        if (const Result<void> count = check_count(feed_, replies, 2); !count) return fail(count.error());
        const Result<model::Bytes> code = bytes_of(feed_, replies[0]);
        if (!code) return fail(code.error());
        const std::string what = name_of(feed_);
        if (code->empty()) return fail(ErrorCode::no_code, what + " holds no contract");
        const Result<model::Bytes> bytes = bytes_of(feed_, replies[1]);
        if (!bytes) return fail(bytes.error());
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

std::unique_ptr<Reading<Observation>> read_price_of(const config::Feed& feed, Before before, const model::BlockRef& block) {
    return std::make_unique<PriceReading>(feed, std::move(before.previous), block);
}

std::unique_ptr<Reading<std::string>> read_description_of(const config::Feed& feed) { return std::make_unique<DescriptionReading>(feed); }

}  // namespace

std::string going_back(const Answer& answer, const Answer& previous) {
    const model::U256 phase = shift_right(answer.id, phase_bit);
    const model::U256 before = shift_right(previous.id, phase_bit);
    if (phase < before) return "round " + answer.id.to_decimal() + " is of phase " + phase.to_decimal() + ", before phase " + before.to_decimal();
    // Aggregators of two phases run beside each other for a while: their times are not compared.
    if (phase > before) return {};
    if (answer.id < previous.id) return "round " + answer.id.to_decimal() + " is before round " + previous.id.to_decimal();
    if (answer.updated_at < previous.updated_at)
        return "updatedAt " + std::to_string(answer.updated_at) + " is before " + std::to_string(previous.updated_at) + " of the last round";
    return {};
}

Kind kind() { return {"chainlink", read_price_of, read_description_of}; }

}  // namespace margind::adapters::oracles::chainlink
