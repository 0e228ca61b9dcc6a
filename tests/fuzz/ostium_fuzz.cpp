// Replies of Ostium's contracts: whatever comes, it is what its words say or an error; facts that come of it are a margin or an error.
#include "adapters/protocols/ostium/book.hpp"
#include "adapters/protocols/ostium/readings.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

namespace {

using namespace margind;
namespace ostium = adapters::protocols::ostium;
using model::Address;
using model::U256;

Address numbered(unsigned number) {
    Address made;
    made.bytes[19] = static_cast<std::byte>(number);
    return made;
}

/// Two pairs, of which the first has a feed, and two trades in each.
model::FactsPtr venue() {
    model::FactsBuilder facts{ostium::venue_schema};
    facts.add("chain_id", U256(1));
    unsigned number = 1;
    for (const char* name : {"trading_storage", "registry", "pairInfos", "pairsStorage", "openPnl", "collateral_token"}) facts.add(name, numbered(number++));
    facts.add("max_trades_per_pair", U256(2));
    facts.add("liq_margin_threshold", U256(25));
    facts.add("pairs", U256(2));
    facts.add(adapters::item("pair", 0, "name"), adapters::to_bytes("BTC/USD"));
    facts.add(adapters::item("pair", 1, "name"), adapters::to_bytes("ETH/USD"));
    adapters::add_feeds({{numbered(8), 60, adapters::pair_address("BTC/USD"), 8}}, facts);
    facts.add(adapters::item("feed", 0, "answer"), U256(60'000));
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
    const auto raw = ostium::raw_trade(facts);
    if (!raw || !ostium::check(*raw)) std::abort();
    const auto account = ostium::prepared(ostium::Book{*raw, {{"ETH"}, "ETH"}, {{"USDC"}, "USDC"}});
    const auto standing = account->at(account->current());
    if (!standing) return;
    if (standing->liquidatable != account->liquidatable(account->current()).value()) std::abort();
    if (standing->liquidatable != (standing->equity.raw <= standing->maintenance.raw)) std::abort();
    if (!account->native(account->current())) std::abort();
    // A worse price is never better.
    model::State worse = account->current();
    U256& price = worse.prices.front();
    price = raw->is_long ? checked_div(price, U256(2)).value() : checked_add(price, price).value();
    const auto after = account->at(worse);
    if (after && after->equity.raw > standing->equity.raw) std::abort();
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
    if (const auto trade = ostium::decode_trade(bytes); trade && size != 9 * 32) std::abort();
    if (const auto info = ostium::decode_trade_info(bytes); info && size != 7 * 32) std::abort();
    if (const auto fee = ostium::decode_funding_fee(bytes); fee && size != 2 * 32) std::abort();
    if (const auto rate = ostium::decode_funding_rate(bytes); rate && size != 4 * 32) std::abort();
    if (const auto name = ostium::decode_pair_name(bytes); name && (size < 9 * 32 || name->size() < 3 || name->size() > 65)) std::abort();
    {
        Parts parts(bytes);
        const auto reading = ostium::config_reading({{"ostium", {1}, ""}, numbered(1), numbered(6), {{numbered(8), 60, adapters::pair_address("BTC/USD"), 0}}});
        run(*reading, parts, 6);
        if (const auto config = reading->result()) {
            const auto of_block = ostium::venue_reading(*config, {{1}, 1, {}, 100});
            run(*of_block, parts, 2);
            (void)of_block->result();
        }
    }
    Parts parts(bytes);
    const auto reading = ostium::account_reading(venue(), numbered(9));
    run(*reading, parts, 4);
    const auto accounts = reading->result();
    if (!accounts) return 0;
    for (const auto& account : *accounts) {
        if (!account.facts && account.reason.empty()) std::abort();
        if (account.facts) evaluate(*account.facts);
    }
    return 0;
}
