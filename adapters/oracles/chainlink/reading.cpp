// Reads one feed at one block.
#include "adapters/evm/abi_reader.hpp"
#include "adapters/evm/abi_writer.hpp"
#include "adapters/oracles/chainlink/kind.hpp"
#include "adapters/oracles/contract.hpp"
#include "adapters/oracles/grade.hpp"
#include "adapters/oracles/round.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace margind::adapters::oracles::chainlink {

using model::ErrorCode;
using model::fail;
using model::Result;

namespace {

const evm::Function decimals_of("decimals()");
const evm::Function description_of("description()");
const evm::Function aggregator_of("aggregator()");
const evm::Function lowest_of("minAnswer()");
const evm::Function highest_of("maxAnswer()");

constexpr unsigned phase_bit = 64;

model::U256 phase_of(const Answer& answer) { return shift_right(answer.id, phase_bit); }

// The bounds are an aggregator's own and never change: they are read with the first round of each phase, behind a proxy or not.
class PriceReading final : public Reading<Observation> {
public:
    PriceReading(config::Feed feed, std::optional<Answer> previous, const model::BlockRef& block)
        : feed_(std::move(feed)), previous_(std::move(previous)), block_(block) {}

    std::vector<Request> next(std::span<const Reply> replies) override {
        switch (round_++) {
            case 0: return {latest_round_data(feed_.address), Call{feed_.address, decimals_of(), {}, {}, false}};
            case 1: return take_round(replies);
            case 2: return take_aggregator(replies);
            case 3: take_bounds(replies); break;
            default: break;
        }
        return {};
    }

    Result<Observation> result() override { return result_; }

private:
    // Many contracts lack these views, and what fails without a payload would pass for a lack of gas among packed calls.
    static Call alone(const model::Address& to, const evm::Function& view) { return Call{to, view(), {}, {}, true}; }

    std::vector<Request> take_round(std::span<const Reply> replies) {
        if (const Result<void> good = read_round(replies); !good) {
            result_ = fail(good.error());
            return {};
        }
        if (refused_.empty() && previous_ && previous_->bounds && phase_of(*previous_) == phase_of(answer_)) answer_.bounds = previous_->bounds;
        if (refused_.empty() && !answer_.bounds)
            return {alone(feed_.address, aggregator_of), alone(feed_.address, lowest_of), alone(feed_.address, highest_of)};
        observe_it();
        return {};
    }

    // Sets the answer and why it is refused.
    Result<void> read_round(std::span<const Reply> replies) {
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

        answer_.decimals = static_cast<std::uint8_t>(decimals);
        const Result<model::Bytes> answered = bytes_of(feed_, replies[0]);
        if (!answered && answered.error().code != ErrorCode::reverted) return fail(answered.error());
        if (!answered) {
            refused_ = answered.error().message;
            return {};
        }
        const Result<Round> round = decode_round(*answered, what);
        if (!round) return fail(round.error());
        answer_.id = round->id;
        answer_.raw = round->answer;
        answer_.updated_at = round->updated_at;
        refused_ = refusal(answer_, block_.time);
        if (refused_.empty() && previous_) refused_ = going_back(answer_, *previous_);
        return {};
    }

    std::vector<Request> take_aggregator(std::span<const Reply> replies) {
        if (const Result<void> count = check_count(feed_, replies, 3); !count) {
            result_ = fail(count.error());
            return {};
        }
        const auto behind = word_of(replies[0]);
        if (!behind) {
            take_bounds(replies.subspan(1));
            return {};
        }
        model::Address aggregator;
        std::copy_backward(behind->end() - static_cast<std::ptrdiff_t>(aggregator.bytes.size()), behind->end(), aggregator.bytes.end());
        return {alone(aggregator, lowest_of), alone(aggregator, highest_of)};
    }

    void take_bounds(std::span<const Reply> replies) {
        if (const Result<void> count = check_count(feed_, replies, 2); !count) {
            result_ = fail(count.error());
            return;
        }
        const auto low = word_of(replies[0]);
        const auto high = word_of(replies[1]);
        answer_.bounds.emplace();
        if (low && high) *answer_.bounds = {model::I256::from_word(model::U256::from_big_endian(*low)), model::I256::from_word(model::U256::from_big_endian(*high))};
        observe_it();
    }

    // Empty where the contract has no such view; what went wrong on the way fails the reading.
    std::optional<std::array<std::byte, 32>> word_of(const Reply& reply) {
        const Result<model::Bytes> bytes = bytes_of(feed_, reply);
        if (!bytes && bytes.error().code != ErrorCode::reverted) failed_ = bytes.error();
        if (!bytes || bytes->size() != 32) return std::nullopt;
        std::array<std::byte, 32> word{};
        std::copy(bytes->begin(), bytes->end(), word.begin());
        return word;
    }

    void observe_it() {
        if (failed_) result_ = fail(*failed_);
        else result_ = observe(feed_, answer_, refused_.empty() ? cut_off(answer_) : refused_, previous_, block_.time);
    }

    config::Feed feed_;
    std::optional<Answer> previous_;
    model::BlockRef block_;
    int round_ = 0;
    Answer answer_;
    std::string refused_;
    std::optional<model::Error> failed_;
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
    const model::U256 phase = phase_of(answer);
    const model::U256 before = phase_of(previous);
    if (phase < before) return "round " + answer.id.to_decimal() + " is of phase " + phase.to_decimal() + ", before phase " + before.to_decimal();
    // Aggregators of two phases run beside each other for a while: their times are not compared.
    if (phase > before) return {};
    if (answer.id < previous.id) return "round " + answer.id.to_decimal() + " is before round " + previous.id.to_decimal();
    if (answer.updated_at < previous.updated_at)
        return "updatedAt " + std::to_string(answer.updated_at) + " is before " + std::to_string(previous.updated_at) + " of the last round";
    return {};
}

std::string cut_off(const Answer& answer) {
    if (!answer.bounds || *answer.bounds == AnswerBounds{}) return {};
    if (answer.raw <= answer.bounds->low) return "answer " + answer.raw.to_decimal() + " is not above the aggregator's least of " + answer.bounds->low.to_decimal();
    if (answer.raw >= answer.bounds->high) return "answer " + answer.raw.to_decimal() + " is not below the aggregator's most of " + answer.bounds->high.to_decimal();
    return {};
}

Kind kind() { return {"chainlink", read_price_of, read_description_of}; }

}  // namespace margind::adapters::oracles::chainlink
