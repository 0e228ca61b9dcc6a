// A report as a person reads it in a terminal.
#include "daemon/text.hpp"

#include "daemon/first.hpp"
#include "risk/distance.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <ctime>
#include <iterator>
#include <vector>

namespace margind::daemon {
namespace {

using model::Action;
using model::AccountReport;
using model::Candidate;
using model::PortfolioReport;

std::string upper(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    return text;
}

std::string usd(double value) { return grouped(value, 2) + " USD"; }
std::string usd(const std::optional<double>& value) { return value ? usd(*value) : "unknown"; }
std::string percent(double share) { return fmt::format("{:+.2f} %", share * 100); }

double scaled(const model::U256& raw, std::uint8_t decimals) { return raw.to_double() / std::pow(10.0, decimals); }

// What a table or a headline has no room for: an address, a market's name of 64 digits.
std::string shortened(const std::string& text) {
    constexpr std::size_t longest = 20;
    return text.size() <= longest ? text : text.substr(0, 6) + "…" + text.substr(text.size() - 4);
}

std::string short_key(const model::AccountKey& key) {
    return key.venue.to_string() + " " + shortened(key.owner.to_string()) + (key.sub.empty() ? "" : " account " + shortened(key.sub));
}

void line(std::string& out, std::string_view label, std::string_view text) {
    out += fmt::format("{:<20}{}\n", label, text);
}

std::string headline_text(const PortfolioReport& portfolio) {
    const model::Headline& headline = portfolio.headline;
    std::string text = upper(model::to_string(headline.level));
    if (!headline.reason.empty()) text += ": " + headline.reason;
    if (headline.binding) text += "; binding " + short_key(*headline.binding);
    if (headline.room) text += fmt::format(", room {:.2f} %", *headline.room * 100);
    if (headline.z) text += fmt::format(", z {:.2f}", *headline.z);
    if (headline.doubtful_price) text += "; stands on a stale or disputed price";
    return text;
}

std::string candidate_text(const Candidate& candidate) {
    const double now = scaled(candidate.price, candidate.decimals);
    const double then = scaled(candidate.liquidation_price, candidate.decimals);
    const double away = now == 0 ? 0 : then / now - 1;
    std::string text = fmt::format("{} {} at {} (now {}, {}), {:.2f} sigma, P24h {:.1f} %",
                                   candidate.asset == "market" ? "market, " + candidate.label : candidate.label,
                                   model::to_string(candidate.role), price_text(then), price_text(now), percent(away), candidate.z,
                                   candidate.p_touch_24h * 100);
    if (candidate.band)
        text += fmt::format("; from {:.2f} sigma by a price {:.2f} % off what is on chain", candidate.band->near_z, candidate.band->half_width * 100);
    if (candidate.sigma_is_default) text += fmt::format(", sigma {:.1f} % is the policy's default", candidate.sigma_24h * 100);
    return text;
}

std::string action_text(const Action& action) {
    const model::I256 amount = model::I256::from(action.amount_raw).value_or(model::I256(0));
    return fmt::format("{} {} {} (worth {}): health {:.4f} after", model::to_string(action.verb),
                       model::decimal_text(amount, action.decimals), action.label, usd(action.amount_usd), action.h_after);
}

void first_lines(std::string& out, const PortfolioReport& portfolio, const model::Policy& policy) {
    const FirstLiquidation first = first_liquidation(portfolio);
    if (!first.account) {
        line(out, "first liquidation", "none: no price in the scanned range liquidates a known account");
        return;
    }
    const AccountReport& account = *first.account;
    const std::string venue = account.key.venue.to_string() + (account.key.sub.empty() ? "" : " account " + shortened(account.key.sub));
    const bool now = account.level == model::Level::liquidatable;
    line(out, "first liquidation", venue + (now ? ", NOW" : "") + (first.candidate ? ", " + candidate_text(*first.candidate) : ""));
    std::string loss = usd(account.loss_if_liquidated_usd);
    const auto& terms = now ? account.terms_now : account.terms_at_liquidation;
    if (terms)
        loss += fmt::format(" (closes up to {:.0f} %, penalty {:.2f} %)", terms->close_factor_bps / 100.0, terms->penalty_bps / 100.0);
    line(out, "loss if it happens", loss);
    if (account.actions.empty()) {
        const bool enough = first.candidate && !now && risk::z_of(*first.candidate) >= policy.action_z;
        line(out, "smallest action", enough ? fmt::format("none needed: z is {} or more", policy.action_z) : "none found at that venue alone");
        return;
    }
    std::string_view label = "smallest action";
    for (const Action& action : account.actions) {
        line(out, label, fmt::format("to z {:.1f} at {}: {}", action.target_z, venue, action_text(action)));
        label = "  or";
    }
}

void book_lines(std::string& out, const PortfolioReport& portfolio) {
    if (!portfolio.unified) {
        line(out, "book", fmt::format("unified figures unknown: {}", portfolio.unified_reason));
        line(out, "known equity", usd(portfolio.known_equity_usd) + (portfolio.partial ? " (known accounts only)" : ""));
        return;
    }
    const model::Unified& unified = *portfolio.unified;
    line(out, "unified equity", fmt::format("{} (economic, not usable as collateral anywhere)", usd(unified.equity_usd)));
    for (const model::UnderlyingExposure& exposure : unified.exposures)
        line(out, "delta " + exposure.asset.symbol,
             fmt::format("net {} ({}), gross {} ({})", grouped(exposure.net_delta, 4), usd(exposure.net_delta_usd),
                         grouped(exposure.gross_delta, 4), usd(exposure.gross_delta_usd)));
    line(out, "leverage", unified.leverage ? fmt::format("{:.2f} x", *unified.leverage) : "none: no equity");
    const double carry = unified.carry_per_day_usd;
    std::string carry_text = usd(carry) + " a day";
    if (unified.equity_usd > 0) carry_text += fmt::format(" ({:+.4f} % of equity)", carry / unified.equity_usd * 100);
    carry_text += unified.days_to_liquidation_by_carry
                      ? fmt::format("; {} days to liquidation by carry alone", grouped(*unified.days_to_liquidation_by_carry, 1))
                      : "; carry alone does not liquidate";
    line(out, "carry", carry_text);
    const bool whole = std::all_of(unified.add_ons.begin(), unified.add_ons.end(), [](const model::AddOn& add_on) { return add_on.usd.has_value(); });
    const char* const bound = unified.margin_lacks.empty() ? "" : "at least ";
    const char* const initial_bound = unified.margin_lacks.empty() && whole ? "" : "at least ";
    line(out, "unified margin",
         fmt::format("maintenance {}{} (rests on {}), initial {}{}, cover {}", bound, usd(unified.mm_usd), unified.mm_rests_on, initial_bound, usd(unified.im_usd),
                     unified.cover ? fmt::format("{}{:.2f}", unified.margin_lacks.empty() ? "" : "at most ", *unified.cover) : "none: empty book"));
    if (unified.tail) {
        line(out, "24 h at risk", fmt::format("ES {} (97.5 % by default), VaR {}, ES* with the stressed days {}; {} paths", usd(unified.tail->es_usd),
                                              usd(unified.tail->var_usd), usd(unified.tail->es_star_usd), unified.tail->paths));
    } else {
        line(out, "24 h at risk", unified.tail_reason);
    }
    if (const auto& checks = portfolio.cross_checks) {
        const std::string breach = checks->breach_beta ? fmt::format("{:.1f} deviations", *checks->breach_beta) : "none named";
        line(out, "second opinions", fmt::format("VaR by greeks {}, margin in the manner of SIMM {}, likeliest breach {}", usd(checks->parametric_var_usd),
                                                 usd(checks->simm_usd), breach));
        for (const std::string& alarm : checks->alarms) line(out, "  they differ", alarm);
    }
    std::string add_ons;
    for (const model::AddOn& add_on : unified.add_ons)
        if (add_on.usd && *add_on.usd != 0) add_ons += fmt::format("{}{} {}", add_ons.empty() ? "" : ", ", add_on.name, usd(*add_on.usd));
    if (!add_ons.empty()) line(out, "add-ons", add_ons);
    for (const std::string& lack : unified.margin_lacks) line(out, "  lower bound", "without " + lack);
    const auto worst = std::min_element(portfolio.stress.begin(), portfolio.stress.end(), [](const model::StressResult& a, const model::StressResult& b) {
        return a.pnl_usd.value_or(0) < b.pnl_usd.value_or(0);
    });
    if (worst != portfolio.stress.end() && worst->pnl_usd)
        line(out, "worst stress", fmt::format("{} in {}", usd(*worst->pnl_usd), worst->name));
    line(out, "unified distance",
         unified.h_u ? fmt::format("health {:.4f}, z {:.2f}, if money could move at once", *unified.h_u, unified.z_u.value_or(0))
         : unified.unscanned.empty() ? "none: nothing in the scanned range" : "not known: " + unified.unscanned.front());
    line(out, "netting", fmt::format("{} less margin than the legs apart; {} locked up at the venues", usd(unified.netting_usd),
                                     usd(unified.capital_lockup_usd)));
}

void wallet_lines(std::string& out, const PortfolioReport& portfolio) {
    if (portfolio.wallets.empty()) return;
    if (!portfolio.wallets_usd) {
        const auto unknown = std::find_if(portfolio.wallets.begin(), portfolio.wallets.end(), [](const auto& wallet) { return !wallet.value_usd; });
        line(out, "wallets", fmt::format("not known: {}: {}", unknown->key.to_string(), unknown->reason));
        return;
    }
    std::string with = "; with the book not known";
    if (const auto& both = portfolio.unified_with_wallets)
        with = fmt::format("; with the book: equity {}, net delta {}, cover {}", usd(both->equity_usd), usd(both->net_delta_usd),
                           both->cover ? fmt::format("{:.2f}", *both->cover) : "none: empty book");
    line(out, "wallets", usd(*portfolio.wallets_usd) + with);
}

struct Column {
    std::string title;
    std::vector<std::string> cells{};
    bool right = false;
};

std::string table(const std::vector<Column>& columns) {
    std::string out;
    std::vector<std::size_t> widths;
    // Width in code points: an ellipsis is three bytes and one column.
    const auto width = [](const std::string& text) {
        return static_cast<std::size_t>(
            std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
    };
    for (const Column& column : columns) {
        std::size_t widest = width(column.title);
        for (const std::string& cell : column.cells) widest = std::max(widest, width(cell));
        widths.push_back(widest);
    }
    const std::size_t rows = columns.front().cells.size();
    for (std::size_t row = 0; row <= rows; ++row) {
        std::string text;
        for (std::size_t i = 0; i < columns.size(); ++i) {
            const std::string& cell = row == 0 ? columns[i].title : columns[i].cells[row - 1];
            const std::string padding(widths[i] - width(cell), ' ');
            text += (i == 0 ? "  " : "   ") + (columns[i].right ? padding + cell : cell + padding);
        }
        while (!text.empty() && text.back() == ' ') text.pop_back();
        out += text + "\n";
    }
    return out;
}

const char* trouble_text(model::TroubleKind kind) {
    switch (kind) {
        case model::TroubleKind::stale: return "old figures";
        case model::TroubleKind::single_source: return "one source only";
        case model::TroubleKind::disputed: return "sources disagree";
    }
    return "";
}

std::string grade_text(const model::Grade& grade) {
    std::string text = model::to_string(grade.kind);
    if (grade.qualifiers.stale) text += " stale";
    if (grade.qualifiers.disputed) text += " disputed";
    if (grade.qualifiers.unpinned) text += " unpinned";
    if (grade.qualifiers.single_source) text += " single-source";
    return text;
}

// Of what stale figures stand on, the reason tells.
void qualifier_lines(std::string& out, const model::Qualifiers& qualifiers) {
    if (qualifiers.single_source) out += "  one operator alone vouches for it\n";
    if (qualifiers.disputed) out += "  disputed: operators or feeds contradict each other\n";
    if (qualifiers.unpinned) out += "  not pinned to a block's hash: the node cannot, and was asked by number or for its latest block\n";
}

// A band from its near edge to the point.
std::string room_text(const Candidate& candidate) {
    if (!candidate.band) return fmt::format("{:.2f} %", candidate.room * 100);
    return fmt::format("{:.2f} to {:.2f} %", candidate.band->near_room * 100, candidate.room * 100);
}

void account_lines(std::string& out, const PortfolioReport& portfolio) {
    if (portfolio.accounts.empty()) {
        out += "\nno account found at any configured venue\n";
        return;
    }
    std::vector<Column> columns;
    for (const char* title : {"venue", "owner", "account", "level", "grade"}) columns.push_back(Column{title});
    for (const char* title : {"equity USD", "maintenance USD", "room", "z", "liquidation at"}) {
        Column column{title};
        column.right = true;
        columns.push_back(std::move(column));
    }
    for (const AccountReport& account : portfolio.accounts) {
        const Candidate* candidate = account.candidates.empty() ? nullptr : &account.candidates.front();
        const auto amount = [](const std::optional<double>& value) { return value ? grouped(*value, 2) : std::string("-"); };
        const bool none = account.standing && account.level != model::Level::liquidatable && account.unscanned.empty();
        // One for each column.
        const std::string cells[] = {account.key.venue.to_string(),
                                     shortened(account.key.owner.to_string()),
                                     account.key.sub.empty() ? "-" : shortened(account.key.sub),
                                     upper(model::to_string(account.level)),
                                     grade_text(account.grade),
                                     amount(account.equity_usd),
                                     amount(account.maintenance_usd),
                                     candidate ? room_text(*candidate) : "-",
                                     candidate ? fmt::format("{:.2f}", risk::z_of(*candidate)) : "-",
                                     candidate ? candidate->label + " " + price_text(scaled(candidate->liquidation_price, candidate->decimals))
                                     : none    ? "none"
                                               : "unknown"};
        for (std::size_t i = 0; i < columns.size(); ++i) columns[i].cells.push_back(cells[i]);
    }
    out += "\n" + table(columns);
    for (const AccountReport& account : portfolio.accounts) {
        out += fmt::format("\n{} {}{}\n", account.key.venue.to_string(), account.key.owner.to_string(),
                           account.key.sub.empty() ? "" : " account " + account.key.sub);
        if (!account.reason.empty()) out += fmt::format("  {}\n", account.reason);
        if (!account.grade.reason.empty() && account.grade.reason != account.reason) out += fmt::format("  {}\n", account.grade.reason);
        qualifier_lines(out, account.grade.qualifiers);
        for (const std::string& side : account.unscanned) out += fmt::format("  not scanned: {}\n", side);
        for (const model::Position& position : account.positions) {
            const std::string& unit = position.quantity.unit;
            out += fmt::format("  {:<12}{:>26} {:<14} at {:>16}  {:>20} {}{}\n", model::to_string(position.instrument), position.quantity.to_string(),
                               unit == position.label ? unit : fmt::format("{} ({})", unit, position.label), price_text(position.mark.to_double()),
                               grouped(position.notional.to_double(), 2), position.notional.unit, position.collateral ? "  collateral" : "");
            if (position.option) out += fmt::format("  {:<12}{}\n", "", option_text(*position.option));
        }
        for (const model::NativeFigure& figure : account.native)
            out += fmt::format("  {:<30}{:>32}\n", figure.name, model::decimal_text(figure.value, figure.decimals));
    }
}

}  // namespace

std::string option_text(const model::OptionTerms& option) {
    std::string text = fmt::format("{} {} expires {}", model::to_string(option.kind), price_text(option.strike.to_double()), utc_text(option.expiry));
    if (option.vol) text += fmt::format(", vol {:.2f} % ({})", option.vol->to_double() * 100, option.vol_source);
    if (option.settlement_price) return text + ", settled at " + price_text(option.settlement_price->to_double());
    return text + fmt::format(", delta {:+.4f}", option.delta.to_double());
}

std::string grouped(double value, int decimals) {
    if (!std::isfinite(value)) return fmt::format("{}", value);
    std::string digits = fmt::format("{:.{}f}", std::abs(value), decimals);
    const std::size_t point = std::min(digits.find('.'), digits.size());
    const bool zero = digits.find_first_not_of("0.") == std::string::npos;
    for (std::size_t i = point; i > 3; i -= 3) digits.insert(i - 3, ",");
    return (value < 0 && !zero ? "-" : "") + digits;
}

std::string utc_text(std::int64_t time) {
    constexpr std::int64_t last_of_year_9999 = 253'402'300'799;
    if (time < 0 || time > last_of_year_9999) return fmt::format("{} s", time);
    return fmt::format("{:%Y-%m-%d %H:%M:%S} UTC", fmt::gmtime(static_cast<std::time_t>(time)));
}

std::string price_text(double value) {
    const double size = std::abs(value);
    if (size >= 100 || size == 0) return grouped(value, 2);
    if (size >= 1) return grouped(value, 4);
    return fmt::format("{:.{}f}", value, std::min(18, 5 - static_cast<int>(std::floor(std::log10(size)))));
}

std::string to_text(const model::Standing& standing, const std::vector<Candidate>& candidates) {
    std::string out;
    const auto row = [&out](std::string_view label, const std::string& text) { out += fmt::format("{:<36}{:>32}\n", label, text); };
    for (const auto& [label, money] : {std::pair("equity N", &standing.equity), std::pair("maintenance M", &standing.maintenance), std::pair("initial I", &standing.initial)})
        row(label, money->to_string() + " " + money->unit);
    row("liquidatable", standing.liquidatable ? "yes" : "no");
    for (const Candidate& candidate : candidates) {
        const model::I256 price = model::I256::from(candidate.liquidation_price).value_or(model::I256(0));
        row(fmt::format("P_liq of {} {}", candidate.asset, model::to_string(candidate.direction)), model::decimal_text(price, candidate.decimals));
        out += "  " + candidate_text(candidate) + "\n";
    }
    return out;
}

std::string to_text(const PortfolioReport& portfolio, const model::Report& report, const model::Policy& policy) {
    std::string out;
    line(out, "headline", headline_text(portfolio));
    first_lines(out, portfolio, policy);
    book_lines(out, portfolio);
    wallet_lines(out, portfolio);
    for (const model::BlockRef& block : report.blocks)
        line(out, "as of", fmt::format("chain {} block {} {} of {}{}", block.chain.value, block.number, block.hash.to_string(), utc_text(block.time),
                                       block.time < report.time ? fmt::format(", {} s before the latest", report.time - block.time) : ""));
    for (const model::SourceTrouble& trouble : report.troubles)
        line(out, trouble_text(trouble.kind), fmt::format("chain {}: {}", trouble.chain.value, trouble.reason));
    for (const model::ReferencePrice& price : report.prices)
        if (price.grade != model::PriceGrade::fresh && (!price.second_opinion || price.grade == model::PriceGrade::disputed))
            line(out, "price " + price.asset.symbol, fmt::format("{} from {}: {}", model::to_string(price.grade), price.source, price.reason));
    account_lines(out, portfolio);
    return out;
}

}  // namespace margind::daemon
