// Reference prices: the one contract behind which every kind of source is read and graded. Pure.
#pragma once

#include "adapters/adapter.hpp"
#include "adapters/oracles/delivery.hpp"
#include "config/settings.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace margind::adapters::oracles {

/// What a source lets its answers be at most and at least: one that stands there may be another price, cut off. Both 0: it tells of none.
struct AnswerBounds {
    model::I256 low;
    model::I256 high;
    friend bool operator==(const AnswerBounds&, const AnswerBounds&) = default;
};

/// What a source gave. Times in unix seconds.
struct Answer {
    /// Orders the answers of a source that numbers them: a round with its phase, a package's milliseconds; else 0.
    model::U256 id;
    model::I256 raw;
    std::uint8_t decimals = 0;
    std::int64_t updated_at = 0;
    /// The source's own confidence interval to one side, in ppm of the price.
    std::uint32_t interval_ppm = 0;
    /// Empty where they were not asked for.
    std::optional<AnswerBounds> bounds{};
    friend bool operator==(const Answer&, const Answer&) = default;
};

struct Observation {
    /// A refused answer leaves the accepted one in place: it ages, and `reason` tells why. With none, grade and raw are
    /// those of the refused one.
    model::ReferencePrice price;
    /// To be handed in as `previous` next time.
    std::optional<Answer> accepted;
};

/// What is known besides the chain. `previous` must be of the same chain history: drop it after a reorganisation.
struct Before {
    std::optional<Answer> previous;
    /// For a feed of signed packages: what came last.
    std::shared_ptr<const Delivery> delivery;
};

/// At most three rounds. Fails with no_code or decode when `feed.address` is not what the feed's kind says; an answer that
/// no one may use is a refusal.
std::unique_ptr<Reading<Observation>> read_price(const config::Feed& feed, Before before, const model::BlockRef& block);
/// What the source says that it is, once. Fails with bad_input when the configuration expects another.
std::unique_ptr<Reading<std::string>> read_description(const config::Feed& feed);
/// "chainlink:1:0x5f4e…", "redstone:1:ETH".
std::string source_of(const config::Feed& feed);

/// What a folder below `adapters/oracles/` exports from its `kind.hpp` as `oracles::<folder>::kind()`; the build collects them.
struct Kind {
    /// As config::kind_of names it.
    std::string_view name;
    std::function<std::unique_ptr<Reading<Observation>>(const config::Feed&, Before, const model::BlockRef&)> read_price;
    std::function<std::unique_ptr<Reading<std::string>>(const config::Feed&)> read_description;
};
std::span<const Kind> all_kinds();

}  // namespace margind::adapters::oracles
