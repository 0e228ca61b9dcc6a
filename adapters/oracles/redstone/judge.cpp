// What a delivery of signed packages is worth at a block's time.
#include "adapters/oracles/redstone/kind.hpp"

#include "adapters/oracles/grade.hpp"
#include "adapters/oracles/redstone/package.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <utility>

namespace margind::adapters::oracles::redstone {

using model::U256;

namespace {

// What the configured signers say of one moment.
struct Moment {
    std::map<model::Address, U256> values;
    /// Said two different things of it: a voice that counts for neither.
    std::set<model::Address> two_faced;
};

struct Heard {
    /// Newest first.
    std::map<std::int64_t, Moment, std::greater<>> moments;
    std::size_t unsigned_ones = 0;
    std::size_t strangers = 0;
};

Heard hear(const config::RedstoneFeed& source, const Delivery& delivery) {
    const model::Bytes32 id = data_feed_id(source.data_feed);
    Heard heard;
    for (const SignedPackage& package : delivery.packages) {
        const auto point = std::find_if(package.points.begin(), package.points.end(), [&](const DataPoint& one) { return one.id == id; });
        if (point == package.points.end()) continue;
        if (!package.signer) {
            ++heard.unsigned_ones;
        } else if (std::find(source.signers.begin(), source.signers.end(), *package.signer) == source.signers.end()) {
            ++heard.strangers;
        } else {
            Moment& moment = heard.moments[package.time_ms];
            const auto [said, first] = moment.values.emplace(*package.signer, point->value);
            if (!first && said->second != point->value) moment.two_faced.insert(*package.signer);
        }
    }
    for (auto& [time, moment] : heard.moments)
        for (const model::Address& signer : moment.two_faced) moment.values.erase(signer);
    return heard;
}

// Of an even number the mean of the two in the middle, rounded down. \pre not empty
U256 median(const std::map<model::Address, U256>& by_signer) {
    std::vector<U256> values;
    for (const auto& [signer, value] : by_signer) values.push_back(value);
    std::sort(values.begin(), values.end());
    const std::size_t middle = values.size() / 2;
    if (values.size() % 2 == 1) return values[middle];
    const U256& low = values[middle - 1];
    return checked_add(low, shift_right(checked_sub(values[middle], low).value(), 1)).value();
}

std::string too_few(const config::RedstoneFeed& source, const Heard& heard, std::int64_t block_time) {
    std::size_t most = 0;
    bool ahead = false;
    for (const auto& [time, moment] : heard.moments) {
        const bool is_ahead = time > (block_time + future_tolerance_s) * 1000;
        ahead = ahead || (is_ahead && moment.values.size() >= source.threshold);
        if (!is_ahead) most = std::max(most, moment.values.size());
    }
    if (ahead && most == 0) return "all packages are more than " + std::to_string(future_tolerance_s) + " s ahead of the block";
    std::string text = std::to_string(most) + " of " + std::to_string(source.threshold) + " signers";
    if (heard.unsigned_ones > 0) text += ", " + std::to_string(heard.unsigned_ones) + " packages without a valid signature";
    if (heard.strangers > 0) text += ", " + std::to_string(heard.strangers) + " signed by others than the configured signers";
    return text;
}

class JudgedReading final : public Reading<Observation> {
public:
    explicit JudgedReading(Observation observation) : observation_(std::move(observation)) {}
    std::vector<Request> next(std::span<const Reply>) override { return {}; }
    model::Result<Observation> result() override { return observation_; }

private:
    Observation observation_;
};

class NamedReading final : public Reading<std::string> {
public:
    explicit NamedReading(std::string text) : text_(std::move(text)) {}
    std::vector<Request> next(std::span<const Reply>) override { return {}; }
    model::Result<std::string> result() override { return text_; }

private:
    std::string text_;
};

std::unique_ptr<Reading<Observation>> read_price_of(const config::Feed& feed, Before before, const model::BlockRef& block) {
    const auto& source = std::get<config::RedstoneFeed>(feed.source);
    const Verdict verdict = judge(source, feed.heartbeat_s, before.delivery.get(), before.previous, block.time);
    return std::make_unique<JudgedReading>(observe(feed, verdict.answer, verdict.refused, before.previous, block.time));
}

std::unique_ptr<Reading<std::string>> read_description_of(const config::Feed& feed) {
    const auto& source = std::get<config::RedstoneFeed>(feed.source);
    return std::make_unique<NamedReading>("data feed " + source.data_feed + ", " + std::to_string(source.threshold) + " of " +
                                          std::to_string(source.signers.size()) + " signers");
}

}  // namespace

Verdict judge(const config::RedstoneFeed& source, std::int64_t heartbeat_s, const Delivery* delivery, const std::optional<Answer>& previous,
              std::int64_t block_time) {
    Verdict verdict;
    verdict.answer.decimals = source.decimals;
    if (delivery == nullptr || delivery->packages.empty()) {
        verdict.refused = delivery && !delivery->trouble.empty() ? delivery->trouble : "no package was delivered";
        return verdict;
    }
    const Heard heard = hear(source, *delivery);
    const auto chosen = std::find_if(heard.moments.begin(), heard.moments.end(), [&](const auto& entry) {
        return entry.second.values.size() >= source.threshold && entry.first <= (block_time + future_tolerance_s) * 1000;
    });
    if (chosen == heard.moments.end()) {
        verdict.refused = too_few(source, heard, block_time);
        return verdict;
    }
    Answer& answer = verdict.answer;
    answer.id = U256(static_cast<std::uint64_t>(chosen->first));
    answer.updated_at = chosen->first / 1000;
    const auto raw = model::I256::from(median(chosen->second.values));
    if (raw) answer.raw = *raw;
    if (previous && answer.id == previous->id) {
        // The same moment once more, perhaps by other signers: what was accepted stays.
        answer = *previous;
        return verdict;
    }
    verdict.refused = refusal(answer, block_time);
    if (!verdict.refused.empty()) return verdict;
    if (previous && answer.id < previous->id)
        verdict.refused = "replayed: packages of " + answer.id.to_decimal() + " ms after those of " + previous->id.to_decimal() + " ms";
    else if (grade_age(answer.updated_at, heartbeat_s, block_time).grade == model::PriceGrade::stale)
        verdict.refused = "packages are " + std::to_string(block_time - answer.updated_at) + " s old";
    return verdict;
}

Kind kind() { return {"redstone", read_price_of, read_description_of}; }

}  // namespace margind::adapters::oracles::redstone
