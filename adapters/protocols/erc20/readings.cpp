// The readings of wallets, as state machines on bytes.
#include "adapters/protocols/erc20/readings.hpp"

#include "adapters/fact_reader.hpp"
#include "adapters/protocols/erc20/facts.hpp"
#include "adapters/protocols/erc20/rule.hpp"
#include "adapters/staged_reading.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace margind::adapters::protocols::erc20 {

using model::Address;
using model::ErrorCode;
using model::fail;
using model::FactsPtr;
using model::Result;
using model::U256;

namespace {

const evm::Function decimals_function("decimals()");
const evm::Function asset_function("asset()");
const evm::Function convert_to_assets("convertToAssets(uint256)");
const evm::Function steth_per_token("stEthPerToken()");
const evm::Function balance_of("balanceOf(address)");

/// Units are told with 18 decimals.
constexpr std::uint8_t unit_decimals = 18;
/// A vault is asked for the worth of 10^12 shares: of one, its answer would be cut to the decimals of its asset.
constexpr std::uint8_t share_decimals = 12;

const evm::Function latest_round_data("latestRoundData()");

constexpr auto decimals_value = [](evm::AbiReader& reader) { return reader.u64(8); };
/// The second word of the round; not positive is no rate.
constexpr auto rate_value = [](evm::AbiReader& reader) {
    reader.skip(1);
    const model::I256 answer = reader.i256();
    if (answer <= model::I256{}) reader.reject("a rate of " + answer.to_decimal());
    return answer.magnitude();
};

bool has(const std::vector<Address>& list, const Address& token) { return std::find(list.begin(), list.end(), token) != list.end(); }

class ConfigReading final : public StagedReading<FactsPtr> {
public:
    explicit ConfigReading(Tokens tokens) : tokens_(std::move(tokens)) {
        for (const auto* list : {&tokens_.held, &tokens_.erc4626, &tokens_.wsteth, &tokens_.rate_feed})
            all_.insert(all_.end(), list->begin(), list->end());
        std::sort(all_.begin(), all_.end());
        all_.erase(std::unique(all_.begin(), all_.end()), all_.end());
    }

protected:
    Result<std::vector<Request>> stage(unsigned number, std::span<const Reply> replies) override {
        std::vector<Request> requests;
        if (number == 0) {
            if (all_.size() > max_tokens)
                return fail(ErrorCode::limit, std::to_string(all_.size()) + " tokens are more than " + std::to_string(max_tokens));
            for (const Address& token : all_) requests.push_back(call_of(token, decimals_function));
            for (const Address& token : tokens_.erc4626) requests.push_back(call_of(token, asset_function));
            for (const Address& feed : tokens_.feeds) requests.push_back(call_of(feed, decimals_function));
            return requests;
        }
        if (number == 1) {
            const Result<void> taken = take_tokens(replies);
            if (!taken) return fail(taken.error());
            std::size_t at = all_.size();
            for (const Address& vault : tokens_.erc4626) {
                const auto asset = decoded(replies[at++], "asset of " + vault.to_string() + ", which must be an ERC-4626 vault", address_value);
                if (!asset) return fail(asset.error());
                requests.push_back(call_of(*asset, decimals_function));
            }
            for (std::size_t i = 0; i < tokens_.feeds.size(); ++i) {
                const auto decimals = decimals_of(replies[at++], tokens_.feeds[i].to_string() + ", which must be a feed");
                if (!decimals) return fail(decimals.error());
                add(tokens_.rate_feed[i], "rate_feed", tokens_.feeds[i]);
                add(tokens_.rate_feed[i], "rate_decimals", *decimals);
            }
            return requests;
        }
        for (std::size_t i = 0; i < replies.size(); ++i) {
            const auto decimals = decimals_of(replies[i], "the asset of " + tokens_.erc4626[i].to_string());
            if (!decimals) return fail(decimals.error());
            add(tokens_.erc4626[i], "asset_decimals", *decimals);
        }
        return requests;
    }

    Result<FactsPtr> finish() override {
        facts_.add("tokens", U256(known_.size()));
        return std::move(facts_).build();
    }

private:
    static Result<U256> decimals_of(const Reply& reply, const std::string& what) {
        const auto decimals = decoded(reply, "decimals of " + what, decimals_value);
        if (!decimals) return fail(decimals.error());
        if (*decimals > model::max_decimals) return fail(ErrorCode::decode, what + " has " + std::to_string(*decimals) + " decimals");
        return U256(*decimals);
    }

    bool grows(const Address& token) const { return has(tokens_.erc4626, token) || has(tokens_.wsteth, token) || has(tokens_.rate_feed, token); }

    /// A row of the asset table may be a market, or an index that no contract stands for: it has no decimals, and is left out.
    static bool is_no_token(const Reply& reply) {
        const Result<model::Bytes> bytes = reply_bytes(reply);
        return bytes ? bytes->empty() : bytes.error().code == ErrorCode::reverted;
    }

    Result<void> take_tokens(std::span<const Reply> replies) {
        std::vector<U256> decimals;
        for (std::size_t i = 0; i < all_.size(); ++i) {
            auto one = decimals_of(replies[i], all_[i].to_string() + ", which must be a token");
            if (!one && is_no_token(replies[i]) && !grows(all_[i])) continue;
            if (!one) return fail(one.error());
            known_.push_back(all_[i]);
            decimals.push_back(*one);
        }
        for (std::size_t i = 0; i < known_.size(); ++i) {
            add(known_[i], "address", known_[i]);
            add(known_[i], "decimals", decimals[i]);
            add(known_[i], "held", has(tokens_.held, known_[i]));
            if (has(tokens_.wsteth, known_[i])) add(known_[i], "wsteth", true);
        }
        return {};
    }

    /// \pre `token` is known.
    void add(const Address& token, std::string_view field, model::FactValue value) {
        const auto number = std::lower_bound(known_.begin(), known_.end(), token) - known_.begin();
        facts_.add(token_fact(static_cast<unsigned>(number), field), std::move(value));
    }

    Tokens tokens_;
    std::vector<Address> all_;
    /// Those of `all_` that are tokens, by number.
    std::vector<Address> known_;
    model::FactsBuilder facts_{std::string(config_schema)};
};

/// A token as the facts tell.
struct Token {
    unsigned number = 0;
    Address address;
    std::uint8_t decimals = 0;
    bool held = false;
    bool wsteth = false;
    std::optional<std::uint8_t> asset_decimals;
    std::optional<Address> rate_feed;
    std::uint8_t rate_decimals = 0;
};

Result<std::vector<Token>> tokens_of(const model::Facts& facts) {
    FactReader reader(facts);
    const std::uint64_t count = reader.count("tokens", max_tokens);
    std::vector<Token> tokens;
    for (unsigned i = 0; i < count && reader.ok(); ++i) {
        const auto decimals = [&](std::string_view field) {
            return static_cast<std::uint8_t>(reader.count(token_fact(i, field), model::max_decimals));
        };
        Token token;
        token.number = i;
        token.address = reader.address(token_fact(i, "address"));
        token.decimals = decimals("decimals");
        token.held = reader.boolean(token_fact(i, "held"));
        token.wsteth = reader.has(token_fact(i, "wsteth"));
        if (reader.has(token_fact(i, "asset_decimals"))) token.asset_decimals = decimals("asset_decimals");
        if (reader.has(token_fact(i, "rate_feed"))) {
            token.rate_feed = reader.address(token_fact(i, "rate_feed"));
            token.rate_decimals = decimals("rate_decimals");
        }
        tokens.push_back(std::move(token));
    }
    if (!reader.ok()) return fail(reader.error());
    return tokens;
}

class VenueReading final : public StagedReading<FactsPtr> {
public:
    VenueReading(FactsPtr config, const model::BlockRef& block) : config_(std::move(config)), block_(block) {}

protected:
    Result<std::vector<Request>> stage(unsigned number, std::span<const Reply> replies) override {
        std::vector<Request> requests;
        if (number == 0) {
            if (config_->schema() != config_schema) return fail(ErrorCode::unknown_schema, "configuration facts have schema " + config_->schema());
            Result<std::vector<Token>> tokens = tokens_of(*config_);
            if (!tokens) return fail(tokens.error());
            for (const Token& token : *tokens) {
                if (token.asset_decimals) requests.push_back(call_of(token.address, convert_to_assets, evm::AbiWriter().u256(shares_asked(token))));
                if (token.wsteth) requests.push_back(call_of(token.address, steth_per_token));
                if (token.rate_feed) requests.push_back(call_of(*token.rate_feed, latest_round_data));
            }
            tokens_ = std::move(*tokens);
            return requests;
        }
        if (number > 1) return requests;
        std::size_t at = 0;
        for (const Token& token : tokens_) {
            const std::string of = " of " + token.address.to_string();
            if (token.asset_decimals) take(token, decoded(replies[at++], "convertToAssets" + of, u256_value), *token.asset_decimals, share_decimals);
            if (token.wsteth) take(token, decoded(replies[at++], "stEthPerToken" + of, u256_value), unit_decimals, 0);
            if (token.rate_feed) take(token, decoded(replies[at++], "the rate" + of, rate_value), token.rate_decimals, 0);
        }
        return requests;
    }

    Result<FactsPtr> finish() override {
        facts_.add("chain_id", U256(block_.chain.value));
        facts_.add("tokens", U256(tokens_.size()));
        for (const Token& token : tokens_) {
            facts_.add(token_fact(token.number, "address"), token.address);
            facts_.add(token_fact(token.number, "decimals"), U256(token.decimals));
            facts_.add(token_fact(token.number, "held"), token.held);
        }
        return std::move(facts_).build();
    }

private:
    static U256 shares_asked(const Token& token) { return *model::checked_mul(U256::pow10(token.decimals), U256::pow10(share_decimals)); }

    /// A ratio that the contract refuses is left out: the token then stands for itself.
    void take(const Token& token, const Result<U256>& ratio, std::uint8_t decimals, std::uint8_t further) {
        if (!ratio) return;
        const U256 one = *model::checked_mul(U256::pow10(decimals), U256::pow10(further));
        const auto units = model::mul_div(*ratio, U256::pow10(unit_decimals), one, model::Rounding::down);
        if (units) facts_.add(token_fact(token.number, "units"), *units);
    }

    FactsPtr config_;
    model::BlockRef block_;
    std::vector<Token> tokens_;
    model::FactsBuilder facts_{std::string(venue_schema)};
};

/// The balances of one owner that are not 0.
class Balances {
public:
    Balances(FactsPtr venue, const Address& owner) : venue_(std::move(venue)), owner_(owner) {}

    Result<std::vector<Request>> stage(unsigned number, std::span<const Reply> replies) {
        std::vector<Request> requests;
        if (number == 0) {
            if (venue_->schema() != venue_schema) return fail(ErrorCode::unknown_schema, "venue facts have schema " + venue_->schema());
            Result<std::vector<Token>> tokens = tokens_of(*venue_);
            if (!tokens) return fail(tokens.error());
            for (const Token& token : *tokens) {
                if (!token.held) continue;
                tokens_.push_back(token);
                requests.push_back(call_of(token.address, balance_of, evm::AbiWriter().address(owner_)));
            }
            return requests;
        }
        if (number > 1) return requests;
        for (std::size_t i = 0; i < tokens_.size(); ++i) {
            const auto balance = decoded(replies[i], [&] { return "balanceOf of " + tokens_[i].address.to_string(); }, u256_value);
            if (!balance) return fail(balance.error());
            if (balance->is_zero()) continue;
            views_.push_back(balance_figure(tokens_[i].address, *balance, tokens_[i].decimals));
            facts_.add(token_fact(tokens_[i].number, "balance"), *balance);
        }
        return requests;
    }

    std::vector<model::NativeFigure> views() const { return views_; }
    Result<FactsPtr> facts() { return std::move(facts_).build(); }

private:
    FactsPtr venue_;
    Address owner_;
    std::vector<Token> tokens_;
    std::vector<model::NativeFigure> views_;
    model::FactsBuilder facts_{std::string(account_schema)};
};

class HolderReading final : public StagedReading<AccountReadings> {
public:
    HolderReading(FactsPtr venue, const Address& owner) : balances_(std::move(venue), owner) {}

protected:
    Result<std::vector<Request>> stage(unsigned number, std::span<const Reply> replies) override { return balances_.stage(number, replies); }
    Result<AccountReadings> finish() override {
        AccountReading reading;
        reading.views = balances_.views();
        if (reading.views.empty()) return AccountReadings{};
        Result<FactsPtr> facts = balances_.facts();
        if (!facts) return fail(facts.error());
        reading.facts = std::move(*facts);
        return AccountReadings{std::move(reading)};
    }

private:
    Balances balances_;
};

class ViewsReading final : public StagedReading<std::vector<AccountViews>> {
public:
    ViewsReading(FactsPtr venue, const Address& owner) : balances_(std::move(venue), owner) {}

protected:
    Result<std::vector<Request>> stage(unsigned number, std::span<const Reply> replies) override { return balances_.stage(number, replies); }
    Result<std::vector<AccountViews>> finish() override {
        std::vector<AccountViews> all;
        if (std::vector<model::NativeFigure> views = balances_.views(); !views.empty()) all.push_back({"", std::move(views)});
        return all;
    }

private:
    Balances balances_;
};

}  // namespace

std::unique_ptr<Reading<FactsPtr>> config_reading(Tokens tokens) { return std::make_unique<ConfigReading>(std::move(tokens)); }

std::unique_ptr<Reading<FactsPtr>> venue_reading(FactsPtr config, const model::BlockRef& block) {
    return std::make_unique<VenueReading>(std::move(config), block);
}

std::unique_ptr<Reading<AccountReadings>> account_reading(FactsPtr venue, const Address& owner) {
    return std::make_unique<HolderReading>(std::move(venue), owner);
}

std::unique_ptr<Reading<std::vector<AccountViews>>> views_reading(FactsPtr venue, const Address& owner) {
    return std::make_unique<ViewsReading>(std::move(venue), owner);
}

}  // namespace margind::adapters::protocols::erc20
