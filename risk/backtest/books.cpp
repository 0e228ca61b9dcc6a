// The margin of each book on each day, and its losses.
#include "risk/backtest/books.hpp"

#include "risk/backtest/judge.hpp"
#include "risk/backtest/paper_account.hpp"
#include "risk/book.hpp"
#include "risk/parallel.hpp"
#include "risk/shortfall.hpp"
#include "risk/unified.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <random>
#include <utility>

namespace margind::risk::backtest {

using namespace model;
using calibration::day_s;
using calibration::Series;

namespace {

/// Small beside any day's volume, so that the cost of closing does not hide what prices do.
constexpr double book_usd = 100'000;
constexpr std::int64_t hour_s = 3600;
constexpr std::int64_t option_days = 30;
constexpr std::uint64_t random_seed = 20'251'001;
constexpr int random_books = 6;

std::optional<double> at(const Series& series, std::int64_t time) {
    const auto found = series.find(time);
    return found == series.end() ? std::nullopt : std::optional<double>(found->second);
}

std::optional<double> ratio(const Series& series, std::int64_t from, std::int64_t to) {
    const std::optional<double> before = at(series, from);
    const std::optional<double> after = at(series, to);
    return before && after ? std::optional<double>(*after / *before) : std::nullopt;
}

/// What longs paid after `from` up to `to`.
double funding_between(const Series& paid, std::int64_t from, std::int64_t to) {
    double sum = 0;
    for (auto rate = paid.upper_bound(from); rate != paid.end() && rate->first <= to; ++rate) sum += rate->second;
    return sum;
}

PaperOption option_of(const Leg& leg, double spot, double vol, std::int64_t left_s) { return {leg.option, leg.strike * spot, vol, left_s}; }

/// A book of one day.
class Day {
public:
    Day(const BookSources& sources, const BookSpec& spec, std::int64_t day) : from_(sources), spec_(spec), start_(day * day_s) {}

    /// Gained from the start to `time`; empty where a price is missing.
    std::optional<double> gained(std::int64_t time) const {
        double sum = 0;
        for (const Leg& leg : spec_.legs) {
            const std::optional<double> gain = gained(leg, time);
            if (!gain) return std::nullopt;
            sum += *gain;
        }
        return sum;
    }

    std::optional<std::map<std::string, double>> prices() const {
        std::map<std::string, double> usd;
        for (const Leg& leg : spec_.legs) {
            const std::optional<double> price = from_.archive.history({leg.underlying}).price_at(start_);
            if (!price) return std::nullopt;
            usd[leg.underlying] = *price;
        }
        return usd;
    }

    std::vector<PaperHolder> holders(const std::map<std::string, double>& usd) const {
        std::map<std::string, PaperHolder> by_venue;
        for (const Leg& leg : spec_.legs) {
            PaperHolder& holder = by_venue[leg.venue];
            holder.venue = leg.venue;
            const double quantity = leg.share * book_usd / usd.at(leg.underlying);
            PaperPosition position{Instrument::perp, leg.underlying, quantity};
            if (leg.kind == Leg::Kind::spot || leg.kind == Leg::Kind::staked) position.instrument = quantity < 0 ? Instrument::debt : Instrument::spot;
            if (leg.kind == Leg::Kind::option) {
                position.instrument = Instrument::option;
                position.option = option_of(leg, usd.at(leg.underlying), *vol(start_), option_days * day_s);
            }
            holder.positions.push_back(std::move(position));
        }
        std::vector<PaperHolder> holders;
        for (auto& [venue, holder] : by_venue) holders.push_back(std::move(holder));
        return holders;
    }

    std::int64_t start() const { return start_; }

private:
    std::optional<double> vol(std::int64_t time) const {
        const std::optional<double> percent = at(from_.vols, time);
        return percent ? std::optional<double>(*percent / 100) : std::nullopt;
    }

    std::optional<double> gained(const Leg& leg, std::int64_t time) const {
        const std::optional<double> log = from_.archive.history({leg.underlying}).move(start_, time);
        if (!log) return std::nullopt;
        switch (leg.kind) {
            case Leg::Kind::spot: return leg.share * std::expm1(*log);
            case Leg::Kind::staked: {
                const std::optional<double> staked = ratio(from_.staking, start_, time);
                if (!staked) return std::nullopt;
                return leg.share * (std::exp(*log) * *staked - 1);
            }
            case Leg::Kind::perp: {
                const std::optional<double> mark = ratio(from_.archive.perp({leg.underlying}), start_, time);
                if (!mark) return std::nullopt;
                return leg.share * (*mark - 1 - funding_between(from_.archive.funding({leg.underlying}), start_, time));
            }
            case Leg::Kind::option: {
                const std::optional<double> before = vol(start_);
                const std::optional<double> after = vol(time);
                if (!before || !after) return std::nullopt;
                // Per dollar of the underlying.
                const PaperOption option = option_of(leg, 1, *before, option_days * day_s);
                const double now = value_of(paper_contract(option, 1, *before), 0, 0, *before);
                const double then = value_of(paper_contract(option, 1, *after), std::expm1(*log), time - start_, *after);
                return leg.share * (then - now);
            }
        }
        return std::nullopt;
    }

    const BookSources& from_;
    const BookSpec& spec_;
    std::int64_t start_;
};

struct RawTails {
    double var = 0;
    double var_at_es = 0;
    double es = 0;
};

/// As unify() has them, but for the floor of each sigma.
Result<RawTails> raw_tails(std::span<const BookAccount> accounts, Market market, const Policy& policy, const Valuation& valuation) {
    for (auto& [asset, row] : market.assets) row.sigma_24h = row.ewma_24h;
    const Result<Book> book = Book::make(accounts, valuation);
    if (!book) return fail(book.error());
    const Result<Revaluation> revaluation = Revaluation::make(accounts, *book, valuation);
    if (!revaluation) return fail(revaluation.error());
    const auto shortfall = Shortfall::make(*revaluation, *book, market, policy, 1);
    if (!shortfall) return fail(shortfall.error());
    const std::vector<double> losses = (*shortfall)->filtered_book().losses(0, revaluation->holdings().size());
    const TailLoss whole = (*shortfall)->whole();
    return RawTails{whole.var_usd, losses[(*shortfall)->filtered_tail().back().scenario], whole.es_usd};
}

Result<BookDay> margin_of(const Day& at, const std::map<std::string, double>& usd, const Market& market, const Policy& policy) {
    std::vector<ReferencePrice> prices;
    for (const auto& [symbol, price] : usd) {
        ReferencePrice row;
        row.asset = {symbol};
        row.chain = ChainId{1};
        row.source = "backtest";
        row.raw = paper_raw(price);
        row.decimals = paper_decimals;
        prices.push_back(std::move(row));
    }
    std::vector<AccountKey> keys;
    std::vector<std::unique_ptr<PaperAccount>> prepared;
    std::vector<std::vector<Position>> positions;
    for (PaperHolder& holder : at.holders(usd)) {
        keys.push_back({{holder.venue, ChainId{1}, ""}, {}, ""});
        prepared.push_back(std::make_unique<PaperAccount>(std::move(holder), usd, at.start()));
        Result<std::vector<Position>> held = prepared.back()->positions(prepared.back()->current());
        if (!held) return fail(held.error());
        positions.push_back(*std::move(held));
    }
    std::vector<BookAccount> accounts;
    for (std::size_t i = 0; i < keys.size(); ++i) accounts.push_back({keys[i], *prepared[i], positions[i], at.start()});
    const Valuation valuation(prices);
    const Result<UnifiedBook> unified = unify(accounts, market, policy, valuation, 1, nullptr, Extent::figures);
    if (!unified) return fail(unified.error());
    const Unified& figures = unified->figures;
    BookDay day;
    day.mm = figures.mm_usd / book_usd;
    day.grid = figures.grid_margin_usd / book_usd;
    day.floor = figures.floor_usd / book_usd;
    if (!figures.tail) return day;
    const Result<RawTails> raw = raw_tails(accounts, market, policy, valuation);
    if (!raw) return fail(raw.error());
    day.var = raw->var / book_usd;
    day.var_at_es = raw->var_at_es / book_usd;
    day.es = raw->es / book_usd;
    day.var_reported = figures.tail->var_usd / book_usd;
    day.es_star = figures.tail->es_star_usd / book_usd;
    return day;
}

/// Empty where a price or a calibration is missing.
Result<std::optional<BookDay>> one_day(const BookSources& sources, const BookSpec& spec, std::int64_t number, const Market& market, const Policy& policy) {
    const Day at(sources, spec, number);
    const std::optional<double> gain = at.gained(at.start() + day_s);
    const std::optional<std::map<std::string, double>> usd = at.prices();
    const bool calibrated = std::all_of(spec.legs.begin(), spec.legs.end(), [&](const Leg& leg) {
        const auto row = market.assets.find({leg.underlying});
        return row != market.assets.end() && (leg.kind != Leg::Kind::perp || (row->second.basis_24h && row->second.funding_long_24h));
    });
    if (!gain || !usd || !calibrated) return std::optional<BookDay>();
    Result<BookDay> day = margin_of(at, *usd, market, policy);
    if (!day) return fail(day.error().code, fmt::format("{} on {}: {}", spec.name, calibration::date_text(at.start()), day.error().message));
    day->day = number;
    day->loss = -*gain;
    for (std::int64_t time = at.start() + hour_s; time <= at.start() + day_s; time += hour_s)
        if (const std::optional<double> by_then = at.gained(time); by_then && time < at.start() + day_s)
            day->worst_hour = std::max(day->worst_hour.value_or(day->loss), -*by_then);
    return std::optional<BookDay>(*std::move(day));
}

Leg linear(const std::string& underlying, double share) { return {Leg::Kind::spot, "paper", underlying, share}; }
Leg option(OptionKind kind, double strike, double share) { return {Leg::Kind::option, "paper", "BTC", share, kind, strike}; }

/// Weights in [-1, 1], then the larger side 1.
BookSpec random_book(int number, std::mt19937_64& random, const std::vector<AssetId>& assets) {
    BookSpec spec{fmt::format("random_{}", number), "random weights:", {}};
    double longs = 0;
    double shorts = 0;
    for (const AssetId& asset : assets) {
        const double share = static_cast<double>(static_cast<std::int64_t>(random() % 2001) - 1000) / 1000;
        (share > 0 ? longs : shorts) += std::abs(share);
        spec.legs.push_back(linear(asset.symbol, share));
    }
    for (Leg& leg : spec.legs) {
        leg.share /= std::max(longs, shorts);
        spec.about += fmt::format(" {} {:+.2f}", leg.underlying, leg.share);
    }
    return spec;
}

}  // namespace

std::vector<BookSpec> benchmark_books(const std::vector<AssetId>& assets) {
    std::vector<BookSpec> specs;
    for (const char* asset : {"BTC", "ETH"}) {
        const std::string low = std::string(asset) == "BTC" ? "btc" : "eth";
        specs.push_back({"long_" + low, std::string(asset) + " held", {linear(asset, 1)}});
        specs.push_back({"short_" + low, std::string(asset) + " owed", {linear(asset, -1)}});
    }
    specs.push_back({"pair_btc_eth", "BTC held, as many dollars of ETH owed", {linear("BTC", 1), linear("ETH", -1)}, 2.0});
    specs.push_back({"pair_eth_btc", "ETH held, as many dollars of BTC owed", {linear("ETH", 1), linear("BTC", -1)}, 2.0});
    for (const char* asset : {"BTC", "ETH"})
        specs.push_back({std::string("basis_") + (std::string(asset) == "BTC" ? "btc" : "eth"),
                         std::string(asset) + " held at one venue, short by a perpetual at another, with its funding",
                         {linear(asset, 1), {Leg::Kind::perp, "perps", asset, -1}},
                         1.6,
                         true});
    specs.push_back({"staking_loop", "stETH held against as much ETH owed: what a loop borrows for",
                     {{Leg::Kind::staked, "paper", "ETH", 1}, linear("ETH", -1)},
                     1.6,
                     true});
    std::mt19937_64 random(random_seed);
    for (int number = 1; number <= random_books; ++number)
        specs.push_back(random_book(number, random, number <= random_books / 2 ? std::vector<AssetId>{{"BTC"}, {"ETH"}} : assets));
    const auto synthetic = [&](const char* name, const char* about, std::vector<Leg> legs) {
        specs.push_back({name, about, std::move(legs), std::nullopt});
    };
    synthetic("short_straddle", "30-day call and put at the money sold, synthetic", {option(OptionKind::call, 1, -1), option(OptionKind::put, 1, -1)});
    synthetic("short_put", "30-day put 10 % below sold, synthetic", {option(OptionKind::put, 0.9, -1)});
    synthetic("long_straddle", "30-day call and put at the money bought, synthetic", {option(OptionKind::call, 1, 1), option(OptionKind::put, 1, 1)});
    return specs;
}

Result<std::vector<BookResult>> backtest_books(const BookSources& sources, const std::vector<BookSpec>& specs, const Policy& policy, unsigned threads,
                                               const Progress& progress) {
    const auto first = static_cast<std::size_t>(sources.walk.first_day());
    const std::size_t count = static_cast<std::size_t>(sources.walk.end_day()) - first;
    std::vector<std::vector<Result<std::optional<BookDay>>>> found(count, {specs.size(), std::optional<BookDay>()});
    constexpr std::size_t at_once = 64;
    for (std::size_t begin = 0; begin < count; begin += at_once) {
        if (progress) progress("books", begin, count);
        for_each_row(std::min(at_once, count - begin), threads, [&](std::size_t i) {
            const auto day = static_cast<std::int64_t>(first + begin + i);
            const Market market = sources.walk.market(day);
            for (std::size_t j = 0; j < specs.size(); ++j) found[begin + i][j] = one_day(sources, specs[j], day, market, policy);
        });
    }
    if (progress) progress("books", count, count);
    std::vector<BookResult> results;
    for (std::size_t j = 0; j < specs.size(); ++j) {
        std::vector<BookDay> days;
        for (const auto& row : found) {
            if (!row[j]) return fail(row[j].error());
            if (*row[j]) days.push_back(**row[j]);
        }
        if (!days.empty()) results.push_back(judge(specs[j], std::move(days), policy));
    }
    return results;
}

}  // namespace margind::risk::backtest
