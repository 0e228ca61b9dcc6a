// The wallet adapter: its readings, its logs, its limits.
#include "adapters/protocols/erc20/protocol.hpp"

#include "adapters/evm/topic.hpp"
#include "adapters/protocols/erc20/facts.hpp"
#include "adapters/protocols/erc20/readings.hpp"
#include "adapters/protocols/erc20/rule.hpp"
#include "risk/model/keccak.hpp"

#include <algorithm>
#include <utility>

namespace margind::adapters::protocols::erc20 {

namespace {

const model::Bytes32& transfer_topic() {
    static const model::Bytes32 topic = model::keccak256("Transfer(address,address,uint256)");
    return topic;
}

/// WETH9 mints and burns with these instead of a Transfer.
const model::Bytes32& deposit_topic() {
    static const model::Bytes32 topic = model::keccak256("Deposit(address,uint256)");
    return topic;
}
const model::Bytes32& withdrawal_topic() {
    static const model::Bytes32 topic = model::keccak256("Withdrawal(address,uint256)");
    return topic;
}

class WalletAdapter final : public Adapter {
public:
    WalletAdapter(model::VenueId venue, Tokens tokens) : venue_(std::move(venue)), tokens_(std::move(tokens)) {}

    const model::VenueId& venue() const override { return venue_; }
    std::unique_ptr<Reading<model::FactsPtr>> read_config() const override { return config_reading(tokens_); }
    std::unique_ptr<Reading<model::FactsPtr>> read_venue(model::FactsPtr config, const model::BlockRef& block) const override {
        return venue_reading(std::move(config), block);
    }
    std::unique_ptr<Reading<AccountReadings>> read_account(model::FactsPtr venue, const model::Address& owner,
                                                           const model::BlockRef&) const override {
        return account_reading(std::move(venue), owner);
    }
    std::optional<Watch> watch(const model::Facts&) const override {
        if (tokens_.held.empty()) return std::nullopt;
        return Watch{tokens_.held, {transfer_topic(), deposit_topic(), withdrawal_topic()}};
    }
    std::vector<model::Address> touched(const Log& log) const override {
        std::vector<model::Address> owners;
        if (log.topics.empty()) return owners;
        const std::size_t last = log.topics[0] == transfer_topic() ? 2 : 1;
        for (std::size_t place = 1; place <= last && place < log.topics.size(); ++place) {
            const model::Address owner = evm::address_in(log.topics[place]);
            if (!owner.is_zero() && std::find(owners.begin(), owners.end(), owner) == owners.end()) owners.push_back(owner);
        }
        return owners;
    }
    std::unique_ptr<Reading<std::vector<AccountViews>>> read_views(model::FactsPtr venue, const model::Address& owner,
                                                                   std::span<const AccountReading>) const override {
        if (tokens_.held.empty()) return nullptr;
        return views_reading(std::move(venue), owner);
    }
    const model::VenueRule& rule() const override { return erc20::rule(); }
    std::vector<std::string> limits() const override {
        return {
            "Only tokens that have a row in the asset table are seen; the native coin is not. Rows whose address has no decimals() are markets or indices, and "
            "left out: a mistyped address is, too.",
            "A token whose balances move without a Transfer (rebasing ones: stETH, aTokens) is right at the next verification.",
            "An ERC-4626 share is worth convertToAssets of it: without fees, limits and queues of its vault, and as a donation to the vault may bend "
            "it.",
            "A token that counts by a rate counts by the last one told: the age of a rate feed's answer is not judged.",
        };
    }

private:
    model::VenueId venue_;
    Tokens tokens_;
};

model::Result<std::unique_ptr<Adapter>> make(config::Venue settings) {
    const auto list = [&](const char* name) {
        const auto found = settings.lists.find(name);
        return found == settings.lists.end() ? std::vector<model::Address>() : found->second;
    };
    Tokens tokens{list("tokens"), list("erc4626"), list("wsteth"), list("rate_feed"), list("feeds")};
    if (tokens.rate_feed.size() != tokens.feeds.size())
        return model::fail(model::ErrorCode::bad_input, settings.id.to_string() + ": the lists \"rate_feed\" and \"feeds\" must be of one length");
    return std::make_unique<WalletAdapter>(std::move(settings.id), std::move(tokens));
}

}  // namespace

Protocol protocol() {
    Protocol protocol;
    protocol.name = "erc20";
    protocol.make = make;
    protocol.rule = []() -> const model::VenueRule& { return rule(); };
    protocol.required_lists = {"tokens", "erc4626", "wsteth", "rate_feed", "feeds"};
    protocol.reads_assets = true;
    return protocol;
}

}  // namespace margind::adapters::protocols::erc20
