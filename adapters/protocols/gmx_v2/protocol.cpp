// One deployment of GMX V2 as an adapter.
#include "adapters/protocols/gmx_v2/protocol.hpp"

#include "adapters/protocols/gmx_v2/account_file.hpp"
#include "adapters/protocols/gmx_v2/book.hpp"
#include "adapters/protocols/gmx_v2/readings.hpp"

#include <algorithm>
#include <array>

namespace margind::adapters::protocols::gmx_v2 {

namespace {

using model::ErrorCode;
using model::fail;
using model::Result;

constexpr std::array names{"reader", "data_store", "referral_storage", "price_provider"};
constexpr const char* token_decimals = "token_decimals";

class Gmx final : public Adapter {
public:
    explicit Gmx(Settings settings) : settings_(std::move(settings)) {}

    const model::VenueId& venue() const override { return settings_.venue; }
    std::unique_ptr<Reading<model::FactsPtr>> read_config() const override { return config_reading(settings_); }
    std::unique_ptr<Reading<model::FactsPtr>> read_venue(model::FactsPtr config, const model::BlockRef&) const override { return venue_reading(std::move(config)); }
    std::unique_ptr<Reading<AccountReadings>> read_account(model::FactsPtr venue, const model::Address& owner, const model::BlockRef&) const override {
        return account_reading(std::move(venue), owner);
    }
    const model::VenueRule& rule() const override { return gmx_v2::rule(); }
    std::vector<std::string> limits() const override {
        return {
            "Not verified against a deployment: layouts are those that the reference executed from release v2.2c; the tests run contracts of our own.",
            "Keepers liquidate on signed prices that are on no chain (Data Streams): ours are the Chainlink provider's, so room is a band of its feed's "
            "deviation and of the price impact that may still be charged.",
            "A token that only Data Streams price has no price here: positions of its markets are unknown.",
            "Fees are pending ones of a full close at the block; borrowing and funding go on at the block's rates, the position fee and the price impact of "
            "the close stay those of the block whatever the price.",
            "The Reader's own test goes by stored fees and says too seldom that a position is liquidatable: only its yes counts, as a cross-check.",
            "What a receiver of funding can claim is not margin and not shown as equity.",
            "Profits are paid in the market's long or short token, and may be cut by auto-deleveraging, which is not foreseen here.",
            "Only GMX's keepers can liquidate, and not while the sequencer is down or within its grace.",
            "A position of a disabled market still has a margin; nothing can be done about it there.",
            "The Reader is replaced at each release: its address is configuration, its width is taken from the reply, another one than 66 or 67 words is refused.",
            "Accounts are read at each block, since fees accrue without a log; orders that wait to be executed are not read.",
            "A reduction is taken to settle at the prices that were read, without the price impact of its own.",
        };
    }

private:
    Settings settings_;
};

/// 20 bytes of the token, then its decimals.
Result<std::pair<model::Address, std::uint64_t>> token_of(const model::Bytes32& row) {
    model::Address token;
    std::copy(row.bytes.begin(), row.bytes.begin() + 20, token.bytes.begin());
    const bool small = std::all_of(row.bytes.begin() + 20, row.bytes.end() - 1, [](std::byte b) { return b == std::byte{0}; });
    const auto decimals = std::to_integer<std::uint64_t>(row.bytes.back());
    if (!small || decimals > 30) return fail(ErrorCode::bad_input, std::string(token_decimals) + " " + row.to_string() + ": no token and decimals up to 30");
    return std::pair(token, decimals);
}

Result<std::unique_ptr<Adapter>> make(config::Venue venue) {
    Settings settings;
    settings.venue = venue.id;
    const std::array<model::Address*, names.size()> into{&settings.at.reader, &settings.at.data_store, &settings.at.referral_storage, &settings.at.price_provider};
    for (std::size_t i = 0; i < names.size(); ++i) {
        const auto address = venue.addresses.find(names[i]);
        if (address == venue.addresses.end()) return fail(ErrorCode::bad_input, venue.id.to_string() + " needs the address " + names[i]);
        *into[i] = address->second;
    }
    const auto rows = venue.ids.find(token_decimals);
    if (rows == venue.ids.end()) return fail(ErrorCode::bad_input, venue.id.to_string() + " needs the ids " + token_decimals);
    for (const model::Bytes32& row : rows->second) {
        const auto token = token_of(row);
        if (!token) return fail(token.error().code, venue.id.to_string() + ": " + token.error().message);
        if (!settings.decimals.insert(*token).second) return fail(ErrorCode::bad_input, venue.id.to_string() + ": " + token->first.to_string() + " is given twice");
    }
    return std::unique_ptr<Adapter>(std::make_unique<Gmx>(std::move(settings)));
}

}  // namespace

Protocol protocol() {
    Protocol protocol;
    protocol.name = "gmx_v2";
    protocol.required_addresses.assign(names.begin(), names.end());
    protocol.make = make;
    protocol.rule = []() -> const model::VenueRule& { return rule(); };
    protocol.required_ids = {token_decimals};
    protocol.account_file = AccountFile{account_file_format, evaluate_account_file};
    return protocol;
}

}  // namespace margind::adapters::protocols::gmx_v2
