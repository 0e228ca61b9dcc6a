// Reads one uptime feed at one block.
#include "adapters/oracles/sequencer/kind.hpp"

#include "adapters/oracles/contract.hpp"
#include "adapters/oracles/grade.hpp"
#include "adapters/oracles/round.hpp"

#include <utility>

namespace margind::adapters::oracles::sequencer {

using model::ErrorCode;
using model::fail;
using model::Result;

namespace {

// Empty: up, and for longer than the grace.
std::string doubt(const Round& round, std::int64_t grace_s, std::int64_t block_time) {
    if (round.answer == model::I256(1)) return "the sequencer is down since " + std::to_string(round.started_at);
    if (!round.answer.is_zero()) return "the sequencer's uptime feed answers " + round.answer.to_decimal() + ", neither 0 nor 1";
    if (round.started_at <= 0) return "the sequencer's uptime feed was never updated";
    const std::int64_t up_for = block_time - round.started_at;
    if (up_for <= grace_s) return "the sequencer is up for " + std::to_string(up_for) + " s, grace " + std::to_string(grace_s) + " s";
    return {};
}

class StatusReading final : public Reading<Observation> {
public:
    StatusReading(config::Feed feed, const model::BlockRef& block) : feed_(std::move(feed)), block_(block) {}

    std::vector<Request> next(std::span<const Reply> replies) override {
        if (!asked_) {
            asked_ = true;
            return {latest_round_data(feed_.address)};
        }
        result_ = take(replies);
        return {};
    }

    Result<Observation> result() override { return result_; }

private:
    Result<Observation> take(std::span<const Reply> replies) const {
        if (const Result<void> count = check_count(feed_, replies, 1); !count) return fail(count.error());
        const Result<model::Bytes> answered = bytes_of(feed_, replies[0]);
        Observation observation;
        observation.price = refused_price(feed_, {});
        model::ReferencePrice& status = observation.price;
        status.grade = model::PriceGrade::sequencer_grace;
        if (!answered) {
            if (answered.error().code != ErrorCode::reverted) return fail(answered.error());
            status.reason = "the sequencer's uptime feed cannot be read: " + answered.error().message;
            return observation;
        }
        const Result<Round> round = decode_round(*answered, name_of(feed_));
        if (!round) return fail(round.error());
        const auto* source = std::get_if<config::SequencerFeed>(&feed_.source);
        status.raw = round->answer;
        status.updated_at = round->started_at;
        status.reason = doubt(*round, source ? source->grace_s : 0, block_.time);
        if (status.reason.empty()) status.grade = model::PriceGrade::fresh;
        return observation;
    }

    config::Feed feed_;
    model::BlockRef block_;
    bool asked_ = false;
    Result<Observation> result_ = fail(ErrorCode::missing, "the feed was not read");
};

std::unique_ptr<Reading<Observation>> read_price_of(const config::Feed& feed, Before, const model::BlockRef& block) {
    return std::make_unique<StatusReading>(feed, block);
}

std::unique_ptr<Reading<std::string>> read_description_of(const config::Feed& feed) {
    return read_presence(feed, "uptime feed of the sequencer of chain " + std::to_string(feed.chain.value));
}

}  // namespace

Kind kind() { return {"sequencer", read_price_of, read_description_of}; }

}  // namespace margind::adapters::oracles::sequencer
