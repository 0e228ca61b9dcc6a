// Derive's margin rule over venue and account facts.
#pragma once

#include "risk/model/venue_rule.hpp"

namespace margind::adapters::protocols::derive {

class Rule final : public model::VenueRule {
public:
    model::Result<std::unique_ptr<model::PreparedAccount>> prepare(const model::Facts& venue, const model::Facts& account,
                                                                   const model::AssetMap& assets) const override;
    std::optional<bool> liquidatable_by_views(std::span<const model::NativeFigure> views) const override;
};

}  // namespace margind::adapters::protocols::derive
