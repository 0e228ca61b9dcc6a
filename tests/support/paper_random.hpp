// Random books on paper, the same for the same seed on every machine.
#pragma once

#include "tests/support/paper_book.hpp"

#include <array>
#include <cmath>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace margind::testing {

class Dice {
public:
    explicit Dice(std::uint64_t seed) : engine_(seed) {}
    /// From 0 to count - 1.
    std::size_t below(std::size_t count) { return static_cast<std::size_t>(engine_() % count); }
    double between(double low, double high) { return low + (high - low) * static_cast<double>(engine_() >> 11) * 0x1p-53; }
    bool one_in(std::size_t count) { return below(count) == 0; }
    /// Of both sides, from dust to millions.
    double size() { return std::round(std::exp(between(0, 9))) / 100 * (one_in(2) ? -1 : 1); }

private:
    std::mt19937_64 engine_;
};

/// ETH, BTC, UNI; wstETH, a claim on ETH; USDC, held to the dollar. Returns with fat tails and gaps.
inline model::Market random_market(Dice& dice, std::size_t windows, std::size_t stressed) {
    model::Market market;
    market.version = "paper/1";
    market.market_sigma_24h = dice.between(0.01, 0.06);
    market.market_range = 0.18;
    model::PastMoves past;
    for (std::size_t i = 0; i < windows; ++i) past.end_hours.push_back(400'000 + static_cast<std::int64_t>(13 * i));
    for (std::size_t i = 0; i < stressed; ++i) {
        past.stressed_end_hours.push_back(300'000 + static_cast<std::int64_t>(24 * i));
        past.stressed_factor.push_back(static_cast<std::int32_t>(dice.between(-30'000, 20'000)));
    }
    for (const std::string asset : {"BTC", "ETH", "UNI", "USDC", "wstETH"}) {
        model::AssetCalibration row;
        row.pegged = asset == "USDC";
        row.sigma_24h = row.pegged ? 0.001 : dice.between(0.02, 0.07);
        row.beta = row.pegged ? 0 : dice.between(0.5, 1.6);
        row.residual_24h = row.pegged ? 0.001 : dice.between(0.01, 0.05);
        row.range = row.pegged ? 0.05 : asset == "UNI" ? 0.35 : 0.18;
        row.days = 1000;
        row.funding_long_24h = dice.between(0, 0.003);
        row.funding_short_24h = dice.between(0, 0.002);
        row.basis_24h = dice.between(0, 0.004);
        row.liquidity = model::Liquidity{dice.between(0.0001, 0.003), std::exp(dice.between(8, 22)), "paper", "2025-09-30"};
        if (asset == "wstETH") row.claim = "ETH";
        market.assets[{asset}] = row;
        if (!row.claim.empty()) continue;
        model::PastSeries series;
        for (std::size_t i = 0; i < windows; ++i) {
            const double move = (dice.between(-1, 1) + dice.between(-1, 1)) * (dice.one_in(40) ? 20'000 : 4000) * (row.pegged ? 0.02 : 1);
            const bool gap = asset == "UNI" ? i < 5 : row.pegged && dice.one_in(3);
            series.returns.push_back(gap ? std::nullopt : model::LogMove(static_cast<std::int32_t>(move)));
            if (!row.pegged) series.sigmas.push_back(gap ? std::nullopt : model::LogMove(static_cast<std::int32_t>(dice.between(1500, 8000))));
        }
        past.assets[{asset}] = std::move(series);
        for (std::size_t i = 0; i < stressed; ++i)
            past.stressed[{asset}].push_back(
                asset == "UNI" && i < 4 ? std::nullopt
                                        : model::LogMove(static_cast<std::int32_t>(dice.between(-40'000, 30'000) * (row.pegged ? 0.05 : 1))));
    }
    market.past = model::Past(std::move(past));
    market.stress_days = {{"a day", 1'584'000'000, -0.3, {{{"BTC"}, -0.4}, {{"ETH"}, -0.45}}}};
    return market;
}

inline PaperHolder random_holder(Dice& dice, const std::map<std::string, double>& usd, bool options) {
    static const std::array<std::string, 3> volatile_assets{"BTC", "ETH", "UNI"};
    PaperHolder holder;
    holder.venue = dice.one_in(2) ? "paper_a" : "paper_b";
    holder.numeraire = dice.one_in(3) ? "USDC" : "USD";
    const double unit = usd.at(holder.numeraire);
    for (std::size_t i = dice.below(5) + 1; i > 0; --i) {
        PaperPosition position;
        const std::size_t kind = dice.below(options ? 5 : 4);
        position.underlying = kind == 0 ? (dice.one_in(2) ? "USD" : "USDC") : kind == 1 && dice.one_in(3) ? "wstETH" : volatile_assets[dice.below(3)];
        const double price = usd.at(position.underlying);
        position.quantity = 1000 * dice.size() / price;
        position.instrument = position.quantity < 0 ? model::Instrument::debt : model::Instrument::spot;
        position.carry_per_day = dice.between(-1, 1);
        if (kind == 3) position.instrument = model::Instrument::perp;
        if (kind == 4) {
            position.instrument = model::Instrument::option;
            const double spot = price / unit;
            position.option =
                PaperOption{dice.one_in(2) ? model::OptionKind::call : model::OptionKind::put, std::round(spot * dice.between(0.7, 1.4) * 100) / 100,
                            dice.between(0.2, 1.5), static_cast<std::int64_t>(dice.between(3600, 200 * 86'400))};
        }
        holder.positions.push_back(position);
    }
    return holder;
}

inline PaperBook random_paper_book(std::uint64_t seed, std::size_t most_accounts = 4, bool options = true) {
    Dice dice(seed);
    PaperBook book;
    book.usd = {{"BTC", 60'000}, {"ETH", 2000}, {"UNI", 7.5}, {"wstETH", 2350}, {"USDC", 0.9993}, {"USD", 1}};
    book.market = random_market(dice, 80, 20);
    book.policy.es_paths_least = 60;
    // The laws do not depend on how finely liquidation prices are searched.
    book.policy.scan_steps = 10;
    for (std::size_t i = dice.below(most_accounts) + 1; i > 0; --i) book.holders.push_back(random_holder(dice, book.usd, options));
    if (dice.one_in(3)) book.confidence_ppm["ETH"] = static_cast<std::uint32_t>(dice.below(1'000'000));
    return book;
}

}  // namespace margind::testing
