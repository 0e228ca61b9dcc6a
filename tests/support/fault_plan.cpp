// What a FaultProxy does to the answers of a node: by command, or drawn from a seed.
#include "tests/support/fault_plan.hpp"

#include "risk/model/keccak.hpp"

#include <algorithm>

namespace margind::tests {
namespace {

// The order of MockV3Aggregator's storage: decimals, latestAnswer, latestTimestamp, latestRound, getAnswer[round].
const model::U256 latest_answer_slot{1};
constexpr std::uint64_t answers_slot = 4;

model::U256 mapping_slot(const model::U256& key, std::uint64_t slot) {
    model::Bytes bytes;
    for (const model::U256& word : {key, model::U256{slot}}) {
        const auto big_endian = word.to_big_endian();
        bytes.insert(bytes.end(), big_endian.begin(), big_endian.end());
    }
    const model::Bytes32 hash = model::keccak256(bytes);
    return model::U256::from_big_endian(hash.bytes);
}

}  // namespace

std::string_view name(Disruption disruption) {
    switch (disruption) {
        case Disruption::none: return "none";
        case Disruption::stall: return "stall";
        case Disruption::drop_before: return "drop_before";
        case Disruption::drop_inside: return "drop_inside";
        case Disruption::truncate: return "truncate";
        case Disruption::html: return "html";
        case Disruption::null_result: return "null_result";
        case Disruption::wrong_id: return "wrong_id";
        case Disruption::too_many_requests: return "too_many_requests";
        case Disruption::limit_exceeded: return "limit_exceeded";
        case Disruption::server_error: return "server_error";
        case Disruption::gzip_bomb: return "gzip_bomb";
        case Disruption::huge: return "huge";
        case Disruption::nested: return "nested";
    }
    return "?";
}

const std::vector<Disruption>& all_disruptions() {
    using enum Disruption;
    static const std::vector<Disruption> all{stall,     drop_before,       drop_inside,    truncate,     html,      null_result, wrong_id,
                                             too_many_requests, limit_exceeded, server_error, gzip_bomb, huge,        nested};
    return all;
}

// splitmix64 over both.
std::uint64_t drawn(std::uint64_t seed, std::uint64_t n) {
    std::uint64_t z = seed * 0xbf58476d1ce4e5b9ULL + (n + 1) * 0x9e3779b97f4a7c15ULL;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
}

std::vector<WordForgery> forged_prices(std::uint64_t numerator, std::uint64_t denominator, std::optional<model::Address> asset,
                                       std::optional<model::Address> feed) {
    return {WordForgery{"getAssetPrice(address)", 0, numerator, denominator, std::nullopt, asset},
            WordForgery{"latestAnswer()", 0, numerator, denominator, feed, std::nullopt},
            WordForgery{"latestRoundData()", 1, numerator, denominator, feed, std::nullopt}};
}

std::vector<StorageForgery> forged_answer(const model::Address& aggregator, const model::U256& round, const model::U256& answer) {
    return {StorageForgery{aggregator, latest_answer_slot, answer}, StorageForgery{aggregator, mapping_slot(round, answers_slot), answer}};
}

bool FaultPlan::forges() const {
    return lag > 0 || frozen_at || chain_id || forked_from || !words.empty() || !storage.empty() || !positions.empty() || log_limit || omit_logs ||
           !omit_logs_of.empty() || add_removed_logs;
}

Disruption disruption_of(const FaultPlan& plan, std::uint64_t n) {
    const std::uint64_t number = drawn(plan.seed, n);
    if (number % 1000 >= plan.disrupted_per_mille) return Disruption::none;
    const std::vector<Disruption>& from = plan.among.empty() ? all_disruptions() : plan.among;
    return from[(number / 1000) % from.size()];
}

}  // namespace margind::tests
