// Replies of precompiles: whatever comes, it is what its words say or an error; facts that come of it are a margin or an error.
#include "adapters/fact_reader.hpp"
#include "adapters/protocols/hyperliquid/core.hpp"
#include "adapters/protocols/hyperliquid/readings.hpp"
#include "adapters/protocols/hyperliquid/rule.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

namespace {

using namespace margind;
namespace hl = adapters::protocols::hyperliquid;
using model::U256;

model::FactsPtr venue() {
    model::FactsBuilder facts{hl::venue_schema};
    facts.add("chain_id", U256(999));
    facts.add("multicall", adapters::evm::multicall3_address());
    facts.add("dexs", U256(1));
    facts.add(adapters::item("dex", 0, "number"), U256(0));
    facts.add(adapters::item("dex", 0, "token"), U256(0));
    facts.add(adapters::item("dex", 0, "perps"), U256(2));
    facts.add("tiers", U256(0));
    facts.add("pairs", U256(0));
    return std::move(facts).build().value();
}

void evaluate(const model::Facts& venue_facts, const model::Facts& account) {
    const auto raw = hl::raw_account(account);
    if (!raw) std::abort();
    const auto book = hl::book_of(*raw, hl::tier_rows(venue_facts).value(), [](const model::Address&, const std::string& name) -> model::Result<hl::Named> {
        return hl::Named{model::AssetId{name}, name};
    });
    if (!book) return;
    const auto prepared = hl::prepared(*book);
    const auto standing = prepared->at(prepared->current());
    if (standing && standing->liquidatable != prepared->liquidatable(prepared->current()).value()) std::abort();
    if (standing && !prepared->native(prepared->current())) std::abort();
}

/// The first two bytes of each part are its length.
std::vector<model::Bytes> parts_of(std::span<const std::byte> data) {
    std::vector<model::Bytes> parts;
    while (data.size() >= 2 && parts.size() < 8) {
        const std::size_t length = std::min(std::to_integer<std::size_t>(data[0]) << 8 | std::to_integer<std::size_t>(data[1]), data.size() - 2);
        const auto part = data.subspan(2, length);
        parts.emplace_back(part.begin(), part.end());
        data = data.subspan(2 + length);
    }
    return parts;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto bytes = std::as_bytes(std::span(data, size));
    // A width that is not the layout's is never a position.
    if (hl::decode_position(bytes) && size != 160) std::abort();
    if (hl::decode_summary(bytes) && size != 128) std::abort();
    if (hl::decode_spot_balance(bytes) && size != 96) std::abort();
    if (const auto info = hl::decode_perp_info(bytes)) {
        if (size != 7 * 32 + 32 * ((info->coin.size() + 31) / 32) || info->sz_decimals > 6 || info->max_leverage == 0) std::abort();
    }
    if (const auto pair = hl::decode_spot_info(bytes); pair && size != 5 * 32 + 32 * ((pair->name.size() + 31) / 32)) std::abort();
    if (const auto token = hl::decode_token_info(bytes); token && token->name.empty()) std::abort();
    const model::FactsPtr venue_facts = venue();
    const auto reading = hl::account_reading(venue_facts, model::Address{}, model::BlockRef{}, static_cast<hl::Mode>(size % 4));
    std::size_t asked = reading->next({}).size();
    for (const model::Bytes& part : parts_of(bytes)) {
        if (asked != 1) break;
        const std::vector<adapters::Reply> replies{adapters::Reply(part)};
        asked = reading->next(replies).size();
    }
    if (asked != 0) return 0;
    const auto accounts = reading->result();
    if (!accounts) return 0;
    for (const auto& account : *accounts) {
        if (!hl::agree(account, account)) std::abort();
        evaluate(*venue_facts, *account.facts);
    }
    return 0;
}
