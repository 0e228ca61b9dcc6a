// One snapshot to one report: every account once, then each portfolio.
#include "risk/evaluate.hpp"

#include "risk/account.hpp"
#include "risk/kept.hpp"
#include "risk/level.hpp"
#include "risk/model/content.hpp"
#include "risk/model/market_fields.hpp"
#include "risk/parallel.hpp"
#include "risk/policy_figures.hpp"
#include "risk/unified.hpp"
#include "risk/wallet.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace margind::risk {

using namespace model;

namespace {

using Wallets = std::map<AccountKey, WalletEvaluation>;

/// at_stake >= max(material_usd, material_share of the known equity); a stake that is not known is material. Where
/// no known one is, all are: an account that turns unknown must not make another immaterial.
void set_materiality(std::vector<AccountReport>& accounts, double known_equity, const Policy& policy) {
    const double threshold = std::max(policy.material_usd, policy.material_share * known_equity);
    for (AccountReport& account : accounts) account.material = !account.at_stake_usd || *account.at_stake_usd >= threshold;
    const bool any = std::any_of(accounts.begin(), accounts.end(),
                                 [](const AccountReport& a) { return a.at_stake_usd && a.material; });
    if (any) return;
    for (AccountReport& account : accounts) account.material = true;
}

const SourceTrouble* staleness(const Snapshot& snapshot, ChainId chain) { return find_trouble(snapshot.troubles, chain, TroubleKind::stale); }

/// What a feed said on a chain that is not heard of any more says nothing of the present.
std::vector<ReferencePrice> prices_as_they_count(const Snapshot& snapshot) {
    std::vector<ReferencePrice> prices = snapshot.prices;
    for (ReferencePrice& price : prices) {
        if (price.grade == PriceGrade::refused || price.grade == PriceGrade::stale || !staleness(snapshot, price.chain)) continue;
        price.grade = PriceGrade::stale;
        price.reason = "chain " + std::to_string(price.chain.value) + " is stale";
    }
    return prices;
}

/// The last figures stay, and are no reason for calm.
void mark_stale(AccountReport& account, const SourceTrouble& trouble) {
    account.grade.qualifiers.stale = true;
    account.level = worse(Level::unknown, account.level);
    const char* const link = account.grade.kind == GradeKind::unknown ? "; unknown before: " : "; by the last figures ";
    account.reason = "stale: " + trouble.reason + link + account.reason;
}

double order_of(const AccountReport& account) { return z_of(account).value_or(std::numeric_limits<double>::infinity()); }

Headline headline_of(const PortfolioReport& portfolio, const Policy& policy) {
    Headline headline;
    headline.level = Level::ok;
    headline.reason = "nothing to be liquidated";
    const AccountReport* worst = nullptr;
    for (const AccountReport& account : portfolio.accounts) {
        if (!account.material) continue;
        const Qualifiers& doubt = account.grade.qualifiers;
        headline.doubtful_price = headline.doubtful_price || doubt.stale || doubt.disputed;
        if (worst != nullptr && std::pair(account.level, order_of(account)) >= std::pair(worst->level, order_of(*worst))) continue;
        worst = &account;
    }
    if (worst != nullptr) {
        headline.level = worst->level;
        headline.reason = worst->reason;
        headline.binding = worst->key;
        headline.room = room_of(*worst);
        headline.z = z_of(*worst);
    }
    if (!portfolio.unified || !portfolio.unified->cover) return headline;
    const Judgement band = judge_cover(*portfolio.unified->cover, policy);
    if (band.level < headline.level) {
        const bool doubtful = headline.doubtful_price;
        headline = Headline{};
        headline.level = band.level;
        headline.reason = band.reason;
        headline.doubtful_price = doubtful;
    }
    return headline;
}

/// The wallets that the portfolio lists, and the book with them.
void add_wallets(PortfolioReport& report, const Portfolio& portfolio, const std::vector<BookAccount>& accounts, const Wallets& wallets, const Market& market,
                 const Policy& policy, const Valuation& valuation, unsigned threads) {
    const std::set<Address> listed(portfolio.wallets.begin(), portfolio.wallets.end());
    double sum = 0;
    bool known = true;
    // In the order of their keys, as every sum runs.
    std::map<AccountKey, BookAccount> by_key;
    for (const BookAccount& account : accounts) by_key.emplace(account.key, account);
    for (const auto& [key, wallet] : wallets) {
        if (!listed.contains(key.owner)) continue;
        report.wallets.push_back(wallet.report);
        known = known && wallet.report.value_usd.has_value();
        sum += wallet.report.value_usd.value_or(0);
        if (wallet.prepared) by_key.emplace(key, BookAccount{key, *wallet.prepared, wallet.counted});
    }
    if (report.wallets.empty() || !known) return;
    report.wallets_usd = sum;
    if (!report.unified) return;
    std::vector<BookAccount> book;
    for (const auto& [key, account] : by_key) book.push_back(account);
    Result<UnifiedBook> unified = unify(book, market, policy, valuation, threads, nullptr, Extent::figures);
    if (unified) report.unified_with_wallets = std::move(unified->figures);
}

PortfolioReport portfolio_report(const Portfolio& portfolio, const AccountEvaluations& evaluations, const Wallets& wallets, const Snapshot& snapshot,
                                 const Market& market, const Policy& policy, const Valuation& valuation, unsigned threads, const KeptBook* before,
                                 std::shared_ptr<const KeptBook>& kept) {
    const std::set<Address> owners(portfolio.owners.begin(), portfolio.owners.end());
    PortfolioReport report;
    report.name = portfolio.name;
    std::vector<BookAccount> known;
    for (const auto& [key, found] : evaluations) {
        if (!owners.contains(key.owner)) continue;
        const AccountEvaluation& evaluation = *found;
        const SourceTrouble* const stale = staleness(snapshot, key.venue.chain);
        if (stale != nullptr && report.unified_reason.empty()) report.unified_reason = "stale: " + stale->reason;
        report.accounts.push_back(evaluation.report);
        if (stale != nullptr) mark_stale(report.accounts.back(), *stale);
        if (evaluation.report.equity_usd) report.known_equity_usd += std::max(*evaluation.report.equity_usd, 0.0);
        if (evaluation.prepared) {
            const auto block = snapshot.blocks.find(key.venue.chain);
            known.push_back({key, *evaluation.prepared, evaluation.report.positions, block == snapshot.blocks.end() ? snapshot.time : block->second.time});
            report.partial = report.partial || !evaluation.report.equity_usd;
            continue;
        }
        report.partial = true;
        if (report.unified_reason.empty())
            report.unified_reason = "unknown account " + key.to_string() + ": " + evaluation.report.grade.reason;
    }
    set_materiality(report.accounts, report.known_equity_usd, policy);
    if (report.unified_reason.empty()) {
        Result<UnifiedBook> unified = unify(known, market, policy, valuation, threads, before);
        if (unified) {
            report.unified = std::move(unified->figures);
            report.stress = std::move(unified->stress);
            report.attribution = std::move(unified->attribution);
            if (unified->cross_checks) report.cross_checks = *std::move(unified->cross_checks);
            else report.cross_checks_reason = unified->cross_checks.error().message;
            kept = std::move(unified->kept);
        } else {
            report.unified_reason = unified.error().message;
            report.cross_checks_reason = report.unified_reason;
        }
    }
    add_wallets(report, portfolio, known, wallets, market, policy, valuation, threads);
    report.headline = headline_of(report, policy);
    return report;
}

}  // namespace

Reevaluated reevaluate(const std::shared_ptr<const Kept>& before, const Snapshot& snapshot, const Rules& rules, const Market& market,
                       const Policy& policy, unsigned threads) {
    const std::vector<ReferencePrice> prices = prices_as_they_count(snapshot);
    const Valuation valuation(prices);
    const AssetMap assets = with_ratios(snapshot, rules);
    const Surroundings around{snapshot, assets, rules, market, policy, valuation};
    Report report;
    report.time = snapshot.time;
    report.snapshot_hash = snapshot_hash(snapshot);
    report.market_hash = content_hash(market);
    report.policy_hash = content_hash(policy);
    for (const auto& [chain, block] : snapshot.blocks) report.blocks.push_back(block);
    report.prices = prices;
    report.troubles = snapshot.troubles;
    report.market_version = market.version;
    report.policy = policy_figures(policy);

    const Kept::Lookup known(before.get(), snapshot, assets, report.market_hash, report.policy_hash, valuation);
    std::set<Address> owners;
    std::set<Address> listed;
    for (const Portfolio& portfolio : snapshot.portfolios) {
        owners.insert(portfolio.owners.begin(), portfolio.owners.end());
        listed.insert(portfolio.wallets.begin(), portfolio.wallets.end());
    }
    Wallets wallets;
    AccountEvaluations evaluations;
    std::vector<std::pair<const MarginAccount*, std::shared_ptr<const AccountEvaluation>*>> rows;
    for (const MarginAccount& account : snapshot.accounts) {
        const VenueRule* const rule = rules(account.key.venue.protocol);
        if (rule != nullptr && !rule->has_margin()) {
            if (listed.contains(account.key.owner)) wallets.try_emplace(account.key, evaluate_wallet(account, snapshot, assets, *rule, valuation));
            continue;
        }
        if (!owners.contains(account.key.owner)) continue;
        const auto [at, first] = evaluations.try_emplace(account.key);
        if (!first) continue;
        at->second = known.find(account);
        if (!at->second) rows.emplace_back(&account, &at->second);
    }
    for_each_row(rows.size(), threads, [&](std::size_t i) {
        *rows[i].second = std::make_shared<const AccountEvaluation>(evaluate_account(*rows[i].first, around));
    });
    KeptBooks books;
    for (const Portfolio& portfolio : snapshot.portfolios)
        report.portfolios.push_back(portfolio_report(portfolio, evaluations, wallets, snapshot, market, policy, valuation, threads,
                                                     known.book(portfolio.name), books[portfolio.name]));
    auto kept = std::make_shared<const Kept>(snapshot, assets, report.market_hash, report.policy_hash, valuation, std::move(evaluations), std::move(books));
    return {std::move(report), std::move(kept)};
}

Report evaluate(const Snapshot& snapshot, const Rules& rules, const Market& market, const Policy& policy, unsigned threads) {
    return reevaluate(nullptr, snapshot, rules, market, policy, threads).report;
}

}  // namespace margind::risk
