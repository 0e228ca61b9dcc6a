// Replies of gTrade's diamond: whatever comes, it is what its words say or an error; facts that come of it are a margin or an error.
#include "adapters/protocols/gtrade/book.hpp"
#include "adapters/protocols/gtrade/readings.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

namespace {

using namespace margind;
namespace gtrade = adapters::protocols::gtrade;
using model::Address;
using model::U256;

Address numbered(unsigned number) {
    Address made;
    made.bytes[19] = static_cast<std::byte>(number);
    return made;
}

/// Two collaterals; BTC/USD alone has a feed.
model::FactsPtr venue() {
    model::FactsBuilder facts{gtrade::venue_schema};
    facts.add("chain_id", U256(1));
    facts.add("diamond", numbered(1));
    facts.add("pairs", U256(2));
    facts.add("trading_activated", U256(0));
    facts.add("collaterals", U256(2));
    for (unsigned i = 0; i < 2; ++i) {
        facts.add(adapters::item("collateral", i, "token"), numbered(5 + i));
        facts.add(adapters::item("collateral", i, "decimals"), U256(i == 0 ? 6 : 18));
        facts.add(adapters::item("collateral", i, "price"), U256(i == 0 ? 100'000'000 : 300'000'000'000));
    }
    adapters::add_feeds({{numbered(8), 60, adapters::pair_address("BTC/USD"), 8}}, facts);
    facts.add(adapters::item("feed", 0, "answer"), U256(10'500'000'000));
    facts.add(adapters::item("feed", 0, "updated_at"), U256(100));
    facts.add("time", U256(200));
    return std::move(facts).build().value();
}

/// The first two bytes of each part are its length; 0xffff: a revert.
class Parts {
public:
    explicit Parts(std::span<const std::byte> data) : data_(data) {}
    adapters::Reply next() {
        if (data_.size() < 2) return model::fail(model::ErrorCode::reverted, "no more");
        const std::size_t length = std::to_integer<std::size_t>(data_[0]) << 8 | std::to_integer<std::size_t>(data_[1]);
        data_ = data_.subspan(2);
        if (length == 0xffff) return model::fail(model::ErrorCode::reverted, "reverted");
        const auto part = data_.first(std::min(length, data_.size()));
        data_ = data_.subspan(part.size());
        return adapters::Reply(model::Bytes(part.begin(), part.end()));
    }

private:
    std::span<const std::byte> data_;
};

void evaluate(const model::Facts& facts) {
    const auto raw = gtrade::raw_trade(facts);
    if (!raw || !gtrade::check(*raw)) std::abort();
    const auto account = gtrade::prepared(gtrade::Book{*raw, {{"ETH"}, "ETH"}, {{"USDC"}, "USDC"}});
    const auto standing = account->at(account->current());
    if (!standing) return;
    if (standing->liquidatable != account->liquidatable(account->current()).value()) std::abort();
    if (!account->native(account->current())) std::abort();
    // At the price of liquidation the answer turns, where holding fees do not follow the price.
    if (raw->holding_fees != raw->holding_fees_at_twice) return;
    const auto figures = gtrade::figures_of(*raw, gtrade::place_of(*raw));
    if (!figures || figures->liquidation_price.is_zero()) return;
    model::State there = account->current();
    there.prices.front() = figures->liquidation_price;
    const auto at = account->liquidatable(there);
    if (at && !*at) std::abort();
    there.prices.front() = raw->is_long ? checked_add(figures->liquidation_price, U256(1)).value() : checked_sub(figures->liquidation_price, U256(1)).value();
    const auto beside = account->liquidatable(there);
    if (beside && *beside) std::abort();
}

template <class T>
void run(adapters::Reading<T>& reading, Parts& parts, int rounds) {
    std::vector<adapters::Request> asked = reading.next({});
    for (int round = 0; round < rounds && !asked.empty() && asked.size() < 5'000; ++round) {
        std::vector<adapters::Reply> replies;
        for (std::size_t i = 0; i < asked.size(); ++i) replies.push_back(parts.next());
        asked = reading.next(replies);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto bytes = std::as_bytes(std::span(data, size));
    if (const auto trades = gtrade::decode_trades(bytes); trades && size != 64 + 32 * 15 * trades->size()) std::abort();
    if (const auto versions = gtrade::decode_versions(bytes); versions && size != 64 + 32 * 9 * versions->size()) std::abort();
    if (const auto params = gtrade::decode_liquidation_params(bytes); params && size != 64 + 32 * 5 * params->size()) std::abort();
    if (const auto collaterals = gtrade::decode_collaterals(bytes); collaterals && size != 64 + 32 * 5 * collaterals->size()) std::abort();
    if (gtrade::decode_fees_data(bytes) && size != 64 + 32 * 8) std::abort();
    if (gtrade::decode_holding_fees(bytes) && size != 4 * 32) std::abort();
    if (gtrade::decode_borrowing_rate(bytes) && size != 64 + 32 * 2) std::abort();
    if (gtrade::decode_funding_rate(bytes) && size != 64 + 32 * 5) std::abort();
    if (const auto name = gtrade::decode_pair_name(bytes); name && (name->size() < 3 || name->size() > 65)) std::abort();
    {
        Parts parts(bytes);
        const auto reading = gtrade::config_reading({{"gtrade", {1}, ""}, numbered(1), {{numbered(8), 60, adapters::pair_address("BTC/USD"), 0}}});
        run(*reading, parts, 6);
        if (const auto config = reading->result()) {
            const auto of_block = gtrade::venue_reading(*config, {{1}, 1, {}, 100});
            run(*of_block, parts, 2);
            (void)of_block->result();
        }
    }
    Parts parts(bytes);
    const auto reading = gtrade::account_reading(venue(), numbered(9));
    run(*reading, parts, 4);
    const auto accounts = reading->result();
    if (!accounts) return 0;
    for (const auto& account : *accounts) {
        if (!account.facts && account.reason.empty()) std::abort();
        if (account.facts) evaluate(*account.facts);
    }
    return 0;
}
