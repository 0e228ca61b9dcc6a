// What spares steps of a search changes no result: whole reports with a rule's proofs and without, and on several threads.
#include "risk/scan.hpp"

#include "risk/model/content.hpp"
#include "risk/model/report_fields.hpp"
#include "risk/parallel.hpp"
#include "tests/support/full_scan.hpp"
#include "tests/support/synthetic_book.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <stdexcept>
#include <vector>

namespace margind::risk {
namespace {

using namespace model;
using margind::testing::e8;
using margind::testing::Holdings;
using margind::testing::SyntheticBook;

class Random {
public:
    explicit Random(unsigned seed) : engine_(seed) {}
    std::int64_t integer(std::int64_t low, std::int64_t high) {
        return low + static_cast<std::int64_t>(engine_() % static_cast<std::uint64_t>(high - low + 1));
    }
    /// Of any size up to 10^digits.
    std::int64_t amount(int digits) {
        std::int64_t bound = 1;
        for (std::int64_t n = integer(1, digits); n > 0; --n) bound *= 10;
        return integer(1, bound);
    }
    bool one_in(std::int64_t n) { return integer(1, n) == 1; }

private:
    std::mt19937_64 engine_;
};

/// Up to six accounts of supplies, debts and now and then a perp; prices from a few units to thousands of dollars.
SyntheticBook random_book(unsigned seed) {
    Random random(seed);
    SyntheticBook book;
    for (auto& [label, listing] : book.listings)
        if (label != "USD") listing.price = random.one_in(6) ? random.integer(1, 300) : random.amount(13);
    if (random.one_in(4)) book.refuses_above = 3'000 * e8;
    for (std::int64_t i = random.integer(1, 6); i > 0; --i) {
        SyntheticBook::Account account;
        account.sub = std::to_string(i);
        account.usdc = random.one_in(3);
        for (const char* label : {"BTC", "ETH", "LINK", "USDC"}) {
            if (random.one_in(2)) account.holdings[std::string("supply.") + label] = random.amount(7);
            if (random.one_in(3)) account.holdings[std::string("debt.") + label] = random.amount(6);
        }
        if (random.one_in(5)) {
            account.holdings["perp.ETH"] = random.integer(-5000, 5000);
            account.holdings["entry.ETH"] = book.listings["ETH"].price;
        }
        if (account.holdings.empty()) account.holdings["supply.ETH"] = 1;
        book.accounts.push_back(std::move(account));
    }
    return book;
}

Bytes32 hash_of(const SyntheticBook& book, const VenueRule& rule, unsigned threads = 1) {
    const Rules rules = [&](const std::string&) { return &rule; };
    return content_hash(evaluate(book.snapshot(), rules, book.market, book.policy, threads));
}

TEST(Proof, changes_no_bit_of_a_report) {
    for (unsigned seed = 1; seed <= 60; ++seed) {
        const SyntheticBook book = random_book(seed);
        ASSERT_EQ(hash_of(book, book.rule), hash_of(book, margind::testing::FullScanRule(book.rule))) << "seed " << seed;
    }
}

TEST(Proof, threads_change_no_bit_of_a_report) {
    SyntheticBook book = random_book(3);
    while (book.accounts.size() < 24) {
        SyntheticBook::Account more = book.accounts[book.accounts.size() % 5 % book.accounts.size()];
        more.sub = "copy " + std::to_string(book.accounts.size());
        more.holdings["supply.BTC"] += static_cast<std::int64_t>(book.accounts.size());
        book.accounts.push_back(std::move(more));
    }
    const Bytes32 alone = hash_of(book, book.rule);
    for (const unsigned threads : {2U, 3U}) EXPECT_EQ(hash_of(book, book.rule, threads), alone) << threads;
}

/// Broken within any of some ranges; fails above a price. Proves what is true of them.
struct Bands {
    std::vector<std::pair<U256, U256>> broken;
    std::optional<U256> fails_above;
    mutable std::int64_t probes = 0;

    Result<bool> at(const U256& p) const {
        ++probes;
        if (fails_above && p > *fails_above) return fail(ErrorCode::reverted, "above " + fails_above->to_decimal());
        for (const auto& [low, high] : broken)
            if (p >= low && p <= high) return true;
        return false;
    }
    Certainty between(const U256& from, const U256& to) const {
        const auto& [bottom, top] = std::minmax(from, to);
        if (fails_above && top > *fails_above) return Certainty::unknown;
        bool touched = false;
        for (const auto& [low, high] : broken) {
            if (bottom >= low && top <= high) return Certainty::broken;
            touched = touched || (top >= low && bottom <= high);
        }
        return touched ? Certainty::mixed : Certainty::sound;
    }
};

Bytes32 hash_of(const PathScan& scan) {
    Content content;
    add_content(content, scan.candidates);
    for (const Gap& gap : scan.gaps) {
        content.add(std::string_view(gap.text));
        content.add(gap.z);
    }
    return content.hash();
}

TEST(Proof, finds_the_same_change_among_bands_as_the_full_scan) {
    std::int64_t full = 0;
    std::int64_t spared = 0;
    for (unsigned seed = 1; seed <= 3000; ++seed) {
        Random random(seed);
        const std::int64_t price = random.one_in(5) ? random.integer(1, 400) : random.amount(13);
        Bands bands;
        for (std::int64_t i = random.integer(0, 4); i > 0; --i) {
            const std::int64_t low = random.integer(0, price * (random.one_in(2) ? 7 : 2));
            bands.broken.emplace_back(U256(static_cast<std::uint64_t>(low)),
                                      U256(static_cast<std::uint64_t>(low + random.integer(0, random.one_in(2) ? price : price / 50))));
        }
        if (random.one_in(4)) bands.fails_above = U256(static_cast<std::uint64_t>(price + random.integer(0, 5 * price)));
        Mover mover;
        mover.underlying = {"ETH"};
        mover.price = U256(static_cast<std::uint64_t>(price));
        mover.decimals = 8;
        Path path;
        path.asset = "ETH";
        path.exponents = {1.0};
        path.sigma_24h = 0.03;
        path.beta = random.one_in(3) ? -0.7 : 1;
        const double within = random.one_in(2) ? std::numeric_limits<double>::infinity() : static_cast<double>(random.integer(1, 40));
        const Probe probe = [&](const U256& p) { return bands.at(p); };
        const Proof proof = [&](const U256& from, const U256& to) { return bands.between(from, to); };
        const bool broken_now = bands.at(mover.price).value_or(false);
        const Bytes32 expected = hash_of(scan_path(path, {mover}, Policy{}, broken_now, probe, {}, within));
        full += std::exchange(bands.probes, 0);
        ASSERT_EQ(hash_of(scan_path(path, {mover}, Policy{}, broken_now, probe, proof, within)), expected) << "seed " << seed;
        spared += bands.probes;
    }
    EXPECT_LT(spared, full / 2);
}

TEST(ForEachRow, calls_each_row_once_and_passes_on_what_one_throws) {
    for (const unsigned threads : {1U, 4U}) {
        std::vector<std::atomic<int>> calls(1000);
        for_each_row(calls.size(), threads, [&](std::size_t i) { ++calls[i]; });
        for (const std::atomic<int>& count : calls) EXPECT_EQ(count, 1);
        EXPECT_THROW(for_each_row(1000, threads, [](std::size_t i) { if (i == 700) throw std::runtime_error("row 700"); }), std::runtime_error);
    }
}

}  // namespace
}  // namespace margind::risk
