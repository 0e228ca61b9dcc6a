// The account and the candidate that a trader reads first.
#include "daemon/first.hpp"

#include "risk/distance.hpp"

#include <limits>

namespace margind::daemon {

FirstLiquidation first_liquidation(const model::PortfolioReport& portfolio) {
    FirstLiquidation first;
    double least = std::numeric_limits<double>::infinity();
    for (const model::AccountReport& account : portfolio.accounts) {
        if (!account.material) continue;
        const model::Candidate* candidate = account.candidates.empty() ? nullptr : &account.candidates.front();
        const bool now = account.level == model::Level::liquidatable;
        if (!now && !candidate) continue;
        const double z = now ? -1 : risk::z_of(*candidate);
        if (z >= least) continue;
        least = z;
        first.account = &account;
        first.candidate = candidate;
    }
    return first;
}

}  // namespace margind::daemon
