// A rule that answers as another one does and proves nothing, so that every search looks at each of its steps.
#pragma once

#include "risk/model/venue_rule.hpp"

#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace margind::testing {

class FullScanAccount : public model::PreparedAccount {
public:
    explicit FullScanAccount(std::unique_ptr<model::PreparedAccount> account) : account_(std::move(account)) {}

    const std::vector<model::PriceInput>& inputs() const override { return account_->inputs(); }
    model::Result<model::Standing> at(const model::State& state) const override { return account_->at(state); }
    model::Result<std::vector<model::NativeFigure>> native(const model::State& state) const override { return account_->native(state); }
    model::Result<model::LiquidationTerms> terms(const model::State& state) const override { return account_->terms(state); }
    model::Result<std::vector<model::Position>> positions(const model::State& state) const override { return account_->positions(state); }
    std::vector<model::AdjustmentOption> options() const override { return account_->options(); }
    model::Result<std::unique_ptr<model::PreparedAccount>> with(const model::Adjustment& adjustment) const override {
        return wrapped(account_->with(adjustment));
    }

    static model::Result<std::unique_ptr<model::PreparedAccount>> wrapped(model::Result<std::unique_ptr<model::PreparedAccount>> account) {
        if (!account) return model::fail(account.error());
        return std::unique_ptr<model::PreparedAccount>(std::make_unique<FullScanAccount>(*std::move(account)));
    }

private:
    std::unique_ptr<model::PreparedAccount> account_;
};

class FullScanRule : public model::VenueRule {
public:
    explicit FullScanRule(const model::VenueRule& rule) : rule_(rule) {}

    model::Result<std::unique_ptr<model::PreparedAccount>> prepare(const model::Facts& venue, const model::Facts& account,
                                                                   const model::AssetMap& assets) const override {
        return FullScanAccount::wrapped(rule_.prepare(venue, account, assets));
    }
    std::optional<bool> liquidatable_by_views(std::span<const model::NativeFigure> views) const override {
        return rule_.liquidatable_by_views(views);
    }

private:
    const model::VenueRule& rule_;
};

}  // namespace margind::testing
