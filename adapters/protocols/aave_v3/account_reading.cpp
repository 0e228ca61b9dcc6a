// Reads one user: configuration, e-mode, the pool's own figures, balances as stored.
#include "adapters/protocols/aave_v3/calls.hpp"
#include "adapters/protocols/aave_v3/facts.hpp"
#include "adapters/protocols/aave_v3/line.hpp"
#include "adapters/protocols/aave_v3/readings.hpp"
#include "adapters/protocols/aave_v3/rule.hpp"
#include "adapters/staged_reading.hpp"

namespace margind::adapters::protocols::aave_v3 {

using model::Address;
using model::ErrorCode;
using model::fail;
using model::FactsPtr;
using model::Result;
using model::U256;

namespace {

const evm::Function get_user_configuration("getUserConfiguration(address)");
const evm::Function get_user_emode("getUserEMode(address)");
const evm::Function get_user_account_data("getUserAccountData(address)");
const evm::Function scaled_balance_of("scaledBalanceOf(address)");
const evm::Function principal_balance_of("principalBalanceOf(address)");
const evm::Function get_user_stable_rate("getUserStableRate(address)");
const evm::Function get_user_last_updated("getUserLastUpdated(address)");

constexpr std::size_t fixed_requests = 3;
/// Of a debt in 3.0; 3.6 has variable debt alone, and asks for the first.
constexpr std::array<std::string_view, 4> debt_fields{"scaled_variable_debt", "stable_principal", "stable_rate", "stable_last_update"};

std::uint8_t decimals_of(const U256& base_unit) {
    std::uint8_t decimals = 0;
    while (decimals < model::max_decimals && U256::pow10(decimals) < base_unit) ++decimals;
    return decimals;
}

class ViewsReading final : public StagedReading<std::vector<AccountViews>> {
public:
    ViewsReading(const Address& pool, const U256& base_unit, const Address& owner)
        : pool_(pool), base_decimals_(decimals_of(base_unit)), owner_(owner) {}

protected:
    Result<std::vector<Request>> stage(unsigned number, std::span<const Reply> replies) override {
        if (number == 0) return std::vector<Request>{call_of(pool_, get_user_account_data, evm::AbiWriter().address(owner_))};
        const auto words = decoded(replies[0], "getUserAccountData", read_account_data);
        if (!words) return fail(words.error());
        views_.views = native_figures(*words, base_decimals_);
        return std::vector<Request>{};
    }

    Result<std::vector<AccountViews>> finish() override { return std::vector<AccountViews>{views_}; }

private:
    Address pool_;
    std::uint8_t base_decimals_;
    Address owner_;
    AccountViews views_;
};

class UserReading final : public StagedReading<AccountReadings> {
public:
    UserReading(FactsPtr venue, const Address& owner) : venue_(std::move(venue)), owner_(owner) {}

protected:
    Result<std::vector<Request>> stage(unsigned number, std::span<const Reply> replies) override {
        switch (number) {
            case 0: return ask();
            case 1: return take_user(replies);
            case 2: return take_debts(replies);
            default: return std::vector<Request>{};
        }
    }

    Result<AccountReadings> finish() override {
        if (nothing_) return AccountReadings{};
        Result<FactsPtr> facts = std::move(facts_).build();
        if (!facts) return fail(facts.error());
        AccountReading reading;
        reading.facts = std::move(*facts);
        reading.views = views_;
        return AccountReadings{std::move(reading)};
    }

private:
    Result<std::vector<Request>> ask() {
        if (venue_->schema() != venue_schema)
            return fail(ErrorCode::unknown_schema, "venue facts have schema " + venue_->schema() + ", not " + std::string(venue_schema));
        const Result<Address> pool = venue_->address("pool");
        const Result<U256> unit = venue_->u256("base_unit");
        if (!pool) return fail(pool.error());
        if (!unit) return fail(unit.error());
        line_ = line_of(*venue_);
        base_decimals_ = decimals_of(*unit);
        std::vector<Request> requests{call_of(*pool, get_user_configuration, evm::AbiWriter().address(owner_)),
                                      call_of(*pool, get_user_account_data, evm::AbiWriter().address(owner_)),
                                      call_of(*pool, get_user_emode, evm::AbiWriter().address(owner_))};
        if (!line_) return requests;
        const Result<U256> listed = venue_->u256("listed");
        if (!listed) return fail(listed.error());
        for (unsigned id = 0; id < max_reserves; ++id) {
            if (!listed->bit(id)) continue;
            const Result<Address> a_token = venue_->address(reserve_fact(id, "a_token"));
            if (!a_token) return fail(a_token.error());
            listed_.push_back(id);
            requests.push_back(call_of(*a_token, scaled_balance_of, evm::AbiWriter().address(owner_)));
        }
        return requests;
    }

    Result<std::vector<Request>> take_user(std::span<const Reply> replies) {
        const Result<U256> configuration = decoded(replies[0], "getUserConfiguration", u256_value);
        if (!configuration) return fail(configuration.error());
        const auto words = decoded(replies[1], "getUserAccountData", read_account_data);
        if (!words) return fail(view_error(*configuration, words.error()));
        const Result<U256> emode = decoded(replies[2], "getUserEMode", u256_value);
        if (!emode) return fail(emode.error());
        views_ = native_figures(*words, base_decimals_);
        facts_.add("configuration", *configuration);
        facts_.add("emode", *emode);
        if (!line_) {
            nothing_ = configuration->is_zero();
            for (std::size_t i = 0; i < view_names.size(); ++i)
                facts_.add("view." + std::string(view_names[i]), (*words)[i]);
            return std::vector<Request>{};
        }
        return take_supplies(*configuration, replies.subspan(fixed_requests));
    }

    Result<std::vector<Request>> take_supplies(const U256& configuration, std::span<const Reply> replies) {
        U256 held;
        std::vector<Request> requests;
        for (std::size_t i = 0; i < listed_.size(); ++i) {
            const unsigned id = listed_[i];
            const Result<U256> scaled = decoded(replies[i], [id] { return "scaledBalanceOf of " + reserve_fact(id, "a_token"); }, u256_value);
            if (!scaled) return fail(scaled.error());
            const bool borrowing = configuration.bit(2 * id);
            if (scaled->is_zero() && !borrowing && !configuration.bit(2 * id + 1)) continue;
            held = with_bit(held, id);
            facts_.add(reserve_fact(id, "scaled_supply"), *scaled);
            if (!borrowing) continue;
            const Result<Address> variable = venue_->address(reserve_fact(id, "variable_debt_token"));
            if (!variable) return fail(variable.error());
            borrowed_.push_back(id);
            requests.push_back(call_of(*variable, scaled_balance_of, evm::AbiWriter().address(owner_)));
            if (*line_ == Line::v3_6) continue;
            const Result<Address> stable = venue_->address(reserve_fact(id, "stable_debt_token"));
            if (!stable) return fail(stable.error());
            requests.push_back(call_of(*stable, principal_balance_of, evm::AbiWriter().address(owner_)));
            requests.push_back(call_of(*stable, get_user_stable_rate, evm::AbiWriter().address(owner_)));
            requests.push_back(call_of(*stable, get_user_last_updated, evm::AbiWriter().address(owner_)));
        }
        facts_.add("held", held);
        nothing_ = held.is_zero();
        return requests;
    }

    Result<std::vector<Request>> take_debts(std::span<const Reply> replies) {
        if (!line_) return std::vector<Request>{};
        const std::size_t each = *line_ == Line::v3_0 ? debt_fields.size() : 1;
        for (std::size_t i = 0; i < borrowed_.size(); ++i) {
            for (std::size_t field = 0; field < each; ++field) {
                std::string name = reserve_fact(borrowed_[i], debt_fields[field]);
                const Result<U256> value = decoded(replies[i * each + field], name, u256_value);
                if (!value) return fail(value.error());
                facts_.add(std::move(name), *value);
            }
        }
        return std::vector<Request>{};
    }

    /// Says so when a price that the user needs is why the pool cannot answer.
    model::Error view_error(const U256& configuration, model::Error error) const {
        for (const unsigned id : listed_) {
            const bool used = configuration.bit(2 * id) || configuration.bit(2 * id + 1);
            if (!used || venue_->find(reserve_fact(id, "price_refused")) == nullptr) continue;
            const Result<Address> asset = venue_->address(reserve_fact(id, "asset"));
            if (asset) error.message = "price_refused " + asset->to_string() + ": " + error.message;
        }
        return error;
    }

    FactsPtr venue_;
    Address owner_;
    /// Empty: a pool that the rule does not know.
    std::optional<Line> line_;
    bool nothing_ = false;
    std::uint8_t base_decimals_ = 0;
    std::vector<unsigned> listed_;
    std::vector<unsigned> borrowed_;
    std::vector<model::NativeFigure> views_;
    model::FactsBuilder facts_{std::string(account_schema)};
};

}  // namespace

std::unique_ptr<Reading<AccountReadings>> account_reading(FactsPtr venue, const Address& owner) {
    return std::make_unique<UserReading>(std::move(venue), owner);
}

std::unique_ptr<Reading<std::vector<AccountViews>>> views_reading(const FactsPtr& venue, const Address& owner) {
    const Result<Address> pool = venue->address("pool");
    const Result<U256> unit = venue->u256("base_unit");
    if (!pool || !line_of(*venue) || !unit) return nullptr;
    return std::make_unique<ViewsReading>(*pool, *unit, owner);
}

}  // namespace margind::adapters::protocols::aave_v3
