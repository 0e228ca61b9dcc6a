// Reads one pool's average over a window that ends at one block.
#include "adapters/oracles/uniswap_v3_twap/kind.hpp"

#include "adapters/evm/abi_reader.hpp"
#include "adapters/evm/abi_writer.hpp"
#include "adapters/evm/tick_math.hpp"
#include "adapters/oracles/contract.hpp"
#include "adapters/oracles/grade.hpp"

#include <array>
#include <utility>

namespace margind::adapters::oracles::uniswap_v3_twap {

using model::ErrorCode;
using model::fail;
using model::I256;
using model::Result;
using model::U256;

namespace {

const evm::Function observe_function("observe(uint32[])");
const evm::Function token0_function("token0()");
const evm::Function token1_function("token1()");
const evm::Function decimals_function("decimals()");

constexpr unsigned price_decimals = 18;
constexpr std::uint64_t most_token_decimals = 36;

Result<model::Address> decode_address(std::span<const std::byte> bytes, std::string_view what) {
    evm::AbiReader reader(bytes, what);
    const model::Address address = reader.address();
    return reader.finish(address);
}

Result<Window> decode_window(std::span<const std::byte> bytes, std::int64_t seconds, std::string_view what) {
    evm::AbiReader reader(bytes, what);
    const std::vector<I256> ticks = reader.array(2, [](evm::AbiReader& in) { return in.sint(56); });
    const std::vector<U256> liquidities = reader.array(2, [](evm::AbiReader& in) { return in.uint(160); });
    if (reader.error() == nullptr && (ticks.size() != 2 || liquidities.size() != 2)) reader.reject("not two observations");
    if (reader.error() != nullptr) return fail(*reader.error());
    return Window{seconds, ticks[0], ticks[1], liquidities[0], liquidities[1]};
}

class PriceReading final : public Reading<Observation> {
public:
    PriceReading(config::Feed feed, config::TwapFeed source, const model::BlockRef& block)
        : feed_(std::move(feed)), source_(std::move(source)), block_(block) {}

    std::vector<Request> next(std::span<const Reply> replies) override {
        const auto call = [](const model::Address& to, const evm::Function& function) { return Call{to, function(), {}, {}, false}; };
        switch (++round_) {
            case 1: {
                evm::AbiWriter moments;
                moments.u256(U256(static_cast<std::uint64_t>(source_.window_s))).u256(U256());
                return {Call{feed_.address, observe_function(evm::AbiWriter().array(2, moments)), {}, {}, false}, call(feed_.address, token0_function),
                        call(feed_.address, token1_function)};
            }
            case 2:
                if (const Result<void> tokens = take_tokens(replies); !tokens) {
                    result_ = fail(tokens.error());
                    return {};
                }
                return {call(base_, decimals_function), call(quote_, decimals_function)};
            default: result_ = take_price(replies); return {};
        }
    }

    Result<Observation> result() override { return result_; }

private:
    Result<void> take_tokens(std::span<const Reply> replies) {
        if (Result<void> count = check_count(feed_, replies, 3); !count) return count;
        std::array<model::Address, 2> tokens;
        for (std::size_t i = 0; i < tokens.size(); ++i) {
            const Result<model::Bytes> bytes = bytes_of(feed_, replies[i + 1]);
            if (!bytes) return fail(bytes.error());
            if (bytes->empty()) return fail(ErrorCode::no_code, name_of(feed_) + " holds no contract that is a pool");
            const Result<model::Address> token = decode_address(*bytes, name_of(feed_));
            if (!token) return fail(token.error());
            tokens[i] = *token;
        }
        base_is_token0_ = source_.base_token == tokens[0];
        if (!base_is_token0_ && source_.base_token != tokens[1])
            return fail(ErrorCode::bad_input, name_of(feed_) + ": the pool is of " + tokens[0].to_string() + " and " + tokens[1].to_string() + ", not of " +
                                                  source_.base_token.to_string());
        base_ = source_.base_token;
        quote_ = base_is_token0_ ? tokens[1] : tokens[0];
        const Result<model::Bytes> observed = bytes_of(feed_, replies[0]);
        if (observed) {
            const Result<Window> window = decode_window(*observed, source_.window_s, name_of(feed_));
            if (!window) return fail(window.error());
            window_ = *window;
        } else if (observed.error().code == ErrorCode::reverted) {
            refused_ = "no observations over " + std::to_string(source_.window_s) + " s: " + observed.error().message;
        } else {
            return fail(observed.error());
        }
        return {};
    }

    Result<std::uint64_t> decimals(const Reply& reply) const {
        const Result<model::Bytes> bytes = bytes_of(feed_, reply);
        if (!bytes) return fail(bytes.error());
        const std::string what = name_of(feed_);
        evm::AbiReader reader(*bytes, what);
        const std::uint64_t value = reader.u64(8);
        if (value > most_token_decimals) reader.reject(std::to_string(value) + " decimals");
        return reader.finish(value);
    }

    Result<Observation> take_price(std::span<const Reply> replies) const {
        if (const Result<void> count = check_count(feed_, replies, 2); !count) return fail(count.error());
        const Result<std::uint64_t> base = decimals(replies[0]);
        if (!base) return fail(base.error());
        const Result<std::uint64_t> quote = decimals(replies[1]);
        if (!quote) return fail(quote.error());
        Answer answer;
        answer.decimals = price_decimals;
        answer.updated_at = block_.time;
        if (!refused_.empty()) return observe(feed_, answer, refused_, std::nullopt, block_.time);
        const U256 liquidity = mean_liquidity(window_);
        const auto tick = mean_tick(window_);
        // One base token, with digits enough that 18 decimals of the quote come out of it.
        const std::int64_t exponent = static_cast<std::int64_t>(*base) + price_decimals - static_cast<std::int64_t>(*quote);
        const auto price = tick && exponent >= 0 ? evm::quote_at_tick(*tick, U256::pow10(static_cast<unsigned>(exponent)), base_is_token0_) : std::nullopt;
        const auto raw = price ? I256::from(*price) : std::nullopt;
        if (raw) answer.raw = *raw;
        std::string refused;
        if (liquidity < source_.min_liquidity)
            refused = "mean liquidity " + liquidity.to_decimal() + " over " + std::to_string(source_.window_s) + " s, at least " + source_.min_liquidity.to_decimal() + " is wanted";
        else if (!raw) refused = tick ? "the price of tick " + std::to_string(*tick) + " does not fit" : std::string("the mean tick is none of the pool's");
        else refused = refusal(answer, block_.time);
        return observe(feed_, answer, refused, std::nullopt, block_.time);
    }

    config::Feed feed_;
    config::TwapFeed source_;
    model::BlockRef block_;
    unsigned round_ = 0;
    bool base_is_token0_ = false;
    model::Address base_;
    model::Address quote_;
    Window window_;
    std::string refused_;
    Result<Observation> result_ = fail(ErrorCode::missing, "the feed was not read");
};

std::unique_ptr<Reading<Observation>> read_price_of(const config::Feed& feed, Before, const model::BlockRef& block) {
    return std::make_unique<PriceReading>(feed, std::get<config::TwapFeed>(feed.source), block);
}

std::unique_ptr<Reading<std::string>> read_description_of(const config::Feed& feed) {
    return read_presence(feed, "Uniswap v3 pool, average over " + std::to_string(std::get<config::TwapFeed>(feed.source).window_s) + " s");
}

}  // namespace

std::optional<std::int32_t> mean_tick(const Window& window) {
    const auto moved = checked_sub(window.tick_end, window.tick_start);
    const auto mean = moved ? checked_div(*moved, I256(window.seconds), model::SignedRounding::floor) : std::nullopt;
    if (!mean || mean->magnitude() > U256(static_cast<std::uint64_t>(evm::max_tick))) return std::nullopt;
    const auto magnitude = static_cast<std::int32_t>(mean->magnitude().limbs()[0]);
    return mean->is_negative() ? -magnitude : magnitude;
}

U256 mean_liquidity(const Window& window) {
    const U256 limit = U256::pow2(160);
    const U256 most = checked_sub(limit, U256(1)).value();
    const bool wrapped = window.per_liquidity_end < window.per_liquidity_start;
    const U256 end = wrapped ? checked_add(window.per_liquidity_end, limit).value() : window.per_liquidity_end;
    const U256 moved = checked_sub(end, window.per_liquidity_start).value();
    if (moved.is_zero() || window.seconds <= 0) return {};
    const U256 seconds = checked_mul(U256(static_cast<std::uint64_t>(window.seconds)), most).value();
    return checked_div(seconds, shift_left_unchecked(moved, 32)).value();
}

Kind kind() { return {"uniswap_v3_twap", read_price_of, read_description_of}; }

}  // namespace margind::adapters::oracles::uniswap_v3_twap
