// How badly the accounts of a venue stand, to choose among answers that nobody decides between. Pure.
#include "daemon/plight.hpp"

#include <limits>

namespace margind::daemon {

std::optional<Plight> plight_of(const model::VenueRule& rule, const model::Facts& venue, std::span<const model::FactsPtr> accounts, const model::AssetMap& assets) {
    std::optional<Plight> worst;
    for (const model::FactsPtr& account : accounts) {
        const auto prepared = rule.prepare(venue, *account, assets);
        if (!prepared) continue;
        const auto standing = (*prepared)->at((*prepared)->current());
        if (!standing) continue;
        const double required = standing->maintenance.to_double();
        const double equity = standing->equity.to_double();
        Plight plight{standing->liquidatable, 0};
        if (required > 0) plight.burden = equity > 0 ? required / equity : std::numeric_limits<double>::infinity();
        if (!worst || plight > *worst) worst = plight;
    }
    return worst;
}

}  // namespace margind::daemon
