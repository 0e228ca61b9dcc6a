// Replies of GMX's Reader and DataStore: whatever comes, it is what its words say or an error; facts that come of it are a margin or an error.
#include "adapters/fact_reader.hpp"
#include "adapters/protocols/gmx_v2/book.hpp"
#include "adapters/protocols/gmx_v2/readings.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

namespace {

using namespace margind;
namespace gmx = adapters::protocols::gmx_v2;
using model::Address;
using model::U256;

Address numbered(unsigned number) {
    Address made;
    made.bytes[19] = static_cast<std::byte>(number);
    return made;
}

model::FactsPtr venue() {
    model::FactsBuilder facts{gmx::venue_schema};
    facts.add("chain_id", U256(1));
    facts.add("reader", numbered(1));
    facts.add("data_store", numbered(2));
    facts.add("referral_storage", numbered(3));
    facts.add("price_provider", numbered(4));
    facts.add("min_collateral_usd", U256::pow10(30));
    facts.add("markets", U256(1));
    facts.add(adapters::item("market", 0, "token"), numbered(10));
    facts.add(adapters::item("market", 0, "index_token"), numbered(11));
    facts.add(adapters::item("market", 0, "long_token"), numbered(11));
    facts.add(adapters::item("market", 0, "short_token"), numbered(12));
    facts.add("tokens", U256(0));
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
    const auto raw = gmx::raw_position(facts);
    if (!raw || !gmx::check(*raw)) std::abort();
    const gmx::Named named{{"ETH"}, "ETH"};
    const auto account = gmx::prepared(gmx::Book{*raw, named, named, named});
    const auto standing = account->at(account->current());
    if (!standing) return;
    if (standing->liquidatable != account->liquidatable(account->current()).value()) std::abort();
    // An account that is not liquidatable has what is required.
    if (!standing->liquidatable && standing->equity.raw < standing->maintenance.raw) std::abort();
    if (standing->liquidatable && !(standing->equity.raw < standing->maintenance.raw) && standing->equity.raw > model::I256()) std::abort();
    if (!account->native(account->current())) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto bytes = std::as_bytes(std::span(data, size));
    if (const auto infos = gmx::decode_position_infos(bytes); infos && infos->width != 0) {
        if (size != 64 + 32 * infos->width * infos->all.size() || (infos->width != 66 && infos->width != 67)) std::abort();
    }
    if (const auto positions = gmx::decode_positions(bytes); positions && size != 64 + 32 * gmx::position_words * positions->size()) std::abort();
    if (const auto markets = gmx::decode_markets(bytes); markets && size != 64 + 128 * markets->size()) std::abort();
    if (gmx::decode_market_info(bytes, Address{}) && size != 29 * 32) std::abort();
    if (gmx::decode_price(bytes, Address{}) && size != 160) std::abort();
    if (gmx::decode_liquidatable(bytes) && size < 192) std::abort();
    const auto reading = gmx::account_reading(venue(), numbered(9));
    Parts parts(bytes);
    std::vector<adapters::Request> asked = reading->next({});
    for (int round = 0; round < 4 && !asked.empty(); ++round) {
        std::vector<adapters::Reply> replies;
        for (std::size_t i = 0; i < asked.size(); ++i) replies.push_back(parts.next());
        asked = reading->next(replies);
    }
    if (!asked.empty()) return 0;
    const auto accounts = reading->result();
    if (!accounts) return 0;
    for (const auto& account : *accounts) {
        if (!account.facts && account.reason.empty()) std::abort();
        if (account.facts) evaluate(*account.facts);
    }
    return 0;
}
