// Reads one account of a comet as stored, and the comet's own answers about it.
#include "adapters/protocols/compound_v3/facts.hpp"
#include "adapters/protocols/compound_v3/readings.hpp"
#include "adapters/protocols/compound_v3/rule.hpp"
#include "adapters/staged_reading.hpp"

#include <array>

namespace margind::adapters::protocols::compound_v3 {

using model::Address;
using model::ErrorCode;
using model::fail;
using model::FactsPtr;
using model::I256;
using model::NativeFigure;
using model::Result;
using model::U256;

namespace {

const evm::Function user_basic("userBasic(address)");
const evm::Function user_collateral("userCollateral(address,address)");
const evm::Function balance_of("balanceOf(address)");
const evm::Function borrow_balance_of("borrowBalanceOf(address)");
const evm::Function is_liquidatable("isLiquidatable(address)");
const evm::Function is_borrow_collateralized("isBorrowCollateralized(address)");

struct UserBasic {
    I256 principal;
    std::uint64_t assets_in = 0;
};

UserBasic read_user_basic(evm::AbiReader& reader) {
    UserBasic basic;
    basic.principal = reader.sint(104);
    // Of rewards.
    reader.skip(2);
    basic.assets_in = reader.u64(16);
    basic.assets_in |= reader.u64(8) << 16;
    return basic;
}

struct Views {
    Address comet;
    std::uint8_t base_decimals = 0;

    std::vector<Request> ask(const Address& owner) const {
        const evm::AbiWriter of = evm::AbiWriter().address(owner);
        return {call_of(comet, balance_of, of), call_of(comet, borrow_balance_of, of), call_of(comet, is_liquidatable, of),
                call_of(comet, is_borrow_collateralized, of)};
    }

    Result<std::vector<NativeFigure>> take(std::span<const Reply> replies) const {
        std::vector<NativeFigure> figures;
        for (std::size_t i = 0; i < view_names.size(); ++i) {
            const Result<U256> value = decoded(replies[i], std::string(view_names[i]), u256_value);
            if (!value) return fail(value.error());
            const std::optional<I256> figure = I256::from(*value);
            if (!figure) return fail(ErrorCode::decode, std::string(view_names[i]) + " is " + value->to_decimal());
            figures.push_back({std::string(view_names[i]), *figure, i < 2 ? base_decimals : std::uint8_t{0}});
        }
        return figures;
    }
};

Result<Views> views_of(const model::Facts& venue) {
    if (venue.schema() != venue_schema)
        return fail(ErrorCode::unknown_schema, "venue facts have schema " + venue.schema() + ", not " + std::string(venue_schema));
    const Result<Address> comet = venue.address("comet");
    const Result<U256> scale = venue.u256("base_scale");
    if (!comet) return fail(comet.error());
    if (!scale) return fail(scale.error());
    const std::optional<std::uint8_t> decimals = decimals_of(*scale);
    if (!decimals) return fail(ErrorCode::decode, "the base scale " + scale->to_decimal() + " is no power of ten");
    return Views{*comet, *decimals};
}

class UserReading final : public StagedReading<AccountReadings> {
public:
    UserReading(FactsPtr venue, const Address& owner) : venue_(std::move(venue)), owner_(owner) {}

protected:
    Result<std::vector<Request>> stage(unsigned number, std::span<const Reply> replies) override {
        switch (number) {
            case 0: {
                const Result<Views> views = views_of(*venue_);
                if (!views) return fail(views.error());
                views_ = *views;
                std::vector<Request> requests = views_.ask(owner_);
                requests.push_back(call_of(views_.comet, user_basic, evm::AbiWriter().address(owner_)));
                return requests;
            }
            case 1: return take_user(replies);
            case 2: return take_balances(replies);
            default: return std::vector<Request>{};
        }
    }

    Result<AccountReadings> finish() override {
        AccountReadings accounts;
        if (nothing_) return accounts;
        Result<FactsPtr> facts = std::move(facts_).build();
        if (!facts) return fail(facts.error());
        accounts.push_back({"", std::move(*facts), {}, std::move(figures_)});
        if (!refusal_.empty()) accounts.front().facts = nullptr;
        accounts.front().reason = refusal_;
        return accounts;
    }

private:
    Result<std::vector<Request>> take_user(std::span<const Reply> replies) {
        const Result<UserBasic> basic = decoded(replies.back(), "userBasic", read_user_basic);
        if (!basic) return fail(basic.error());
        const Result<std::uint64_t> assets = venue_->u64("assets");
        if (!assets) return fail(assets.error());
        nothing_ = basic->principal.is_zero() && basic->assets_in == 0;
        if (nothing_) return std::vector<Request>{};
        Result<std::vector<NativeFigure>> figures = views_.take(replies.first(view_names.size()));
        if (figures)
            figures_ = std::move(*figures);
        else if (basic->principal.is_negative())
            refusal_ = figures.error().message;
        facts_.add("principal", basic->principal);
        facts_.add("assets_in", U256(basic->assets_in));
        std::vector<Request> requests;
        for (unsigned i = 0; i < *assets; ++i) {
            if ((basic->assets_in >> i & 1U) == 0) continue;
            const Result<Address> token = venue_->address(asset_fact(i, "token"));
            if (!token) return fail(token.error());
            held_.push_back(i);
            requests.push_back(call_of(views_.comet, user_collateral, evm::AbiWriter().address(owner_).address(*token)));
        }
        return requests;
    }

    Result<std::vector<Request>> take_balances(std::span<const Reply> replies) {
        for (std::size_t k = 0; k < held_.size(); ++k) {
            const Result<U256> balance = decoded(replies[k], "userCollateral", [](evm::AbiReader& reader) { return reader.uint(128); });
            if (!balance) return fail(balance.error());
            facts_.add(asset_fact(held_[k], "balance"), *balance);
        }
        return std::vector<Request>{};
    }

    FactsPtr venue_;
    Address owner_;
    Views views_;
    bool nothing_ = false;
    std::string refusal_;
    std::vector<unsigned> held_;
    std::vector<NativeFigure> figures_;
    model::FactsBuilder facts_{std::string(account_schema)};
};

class ViewsReading final : public StagedReading<std::vector<AccountViews>> {
public:
    ViewsReading(FactsPtr venue, const Address& owner, bool held) : venue_(std::move(venue)), owner_(owner), held_(held) {}

protected:
    Result<std::vector<Request>> stage(unsigned number, std::span<const Reply> replies) override {
        if (number > 1 || !held_) return std::vector<Request>{};
        if (number == 0) {
            const Result<Views> views = views_of(*venue_);
            if (!views) return fail(views.error());
            views_ = *views;
            return views_.ask(owner_);
        }
        Result<std::vector<NativeFigure>> figures = views_.take(replies);
        if (!figures) return fail(figures.error());
        found_.push_back({"", std::move(*figures)});
        return std::vector<Request>{};
    }

    Result<std::vector<AccountViews>> finish() override { return std::move(found_); }

private:
    FactsPtr venue_;
    Address owner_;
    bool held_ = false;
    Views views_;
    std::vector<AccountViews> found_;
};

}  // namespace

std::unique_ptr<Reading<AccountReadings>> account_reading(FactsPtr venue, const Address& owner) {
    return std::make_unique<UserReading>(std::move(venue), owner);
}

std::unique_ptr<Reading<std::vector<AccountViews>>> views_reading(FactsPtr venue, const Address& owner, std::span<const AccountReading> held) {
    return std::make_unique<ViewsReading>(std::move(venue), owner, !held.empty());
}

}  // namespace margind::adapters::protocols::compound_v3
