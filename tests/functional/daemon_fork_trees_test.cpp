// Random trees of forks in the process: after each switch of branch the reader that went along knows what a new one reads, and what it
// found by logs, its searcher brought to the head beside it, is what a new one finds.
#include "storage/history.hpp"
#include "tests/support/daemon_process.hpp"
#include "tests/support/sanitized.hpp"
#include "tests/support/simulated_reader.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <sstream>

namespace margind::tests {
namespace {

using Header = SimulatedWorld::Header;
using States = SimulatedWorld::States;
using Random = std::mt19937_64;

constexpr std::size_t owner_count = 8;
constexpr std::array<const char*, 3> names{"alchemy", "infura", "quicknode"};

/// A part of the trees is enough where each takes many times as long.
constexpr std::uint64_t part = sanitized ? 5 : 1;

std::uint64_t below(Random& random, std::uint64_t bound) { return random() % bound; }

std::vector<model::Address> owners() {
    std::vector<model::Address> all;
    for (std::uint8_t n = 0; n < owner_count; ++n) all.push_back(numbered_address(0xaa, n));
    return all;
}

void change_holding(Random& random, VenueState& state) {
    const model::Address owner = numbered_address(0xaa, static_cast<std::uint8_t>(below(random, owner_count)));
    // Half of the owners have further accounts, which open, change and close.
    if (owner.bytes[19] >= std::byte{owner_count / 2} && below(random, 3) != 0) {
        const auto number = static_cast<std::uint8_t>(1 + below(random, 4));
        if (below(random, 3) == 0) state.numbered[owner].erase(number);
        else state.numbered[owner][number] = Holding{1 + below(random, 5'000), below(random, 4'000'000)};
        return;
    }
    if (below(random, 5) == 0) {
        state.holdings.erase(owner);
        return;
    }
    state.holdings[owner] = Holding{1 + below(random, 5'000), below(random, 4'000'000)};
}

void change(Random& random, States& states) {
    if (below(random, 2) == 0) states[0].price = 1'000'000 * (200'000 + below(random, 100'000));
    if (below(random, 3) == 0) {
        states[0].round += 1;
        states[0].round_time += 1;
        states[0].answer = states[0].price;
    }
    if (below(random, 60) == 0) states[0].revision += 1;
    if (below(random, 2) == 0) change_holding(random, states[0]);
    if (below(random, 4) == 0) change_holding(random, states[1]);
}

// Of the venue that is searched: what opened on a branch was never there on another.
void change_searched(Random& random, VenueState& state) {
    if (below(random, 4) == 0) ++state.markets;
    if (below(random, 2) == 0) {
        const model::Address owner = numbered_address(0xaa, static_cast<std::uint8_t>(below(random, owner_count)));
        const auto number = static_cast<std::uint8_t>(1 + below(random, 8));
        if (below(random, 4) == 0) state.numbered[owner].erase(number);
        else state.numbered[owner][number] = Holding{1 + below(random, 5'000), below(random, 4'000'000)};
    }
}

/// Blocks below each tree that is searched: more than readings search by themselves.
constexpr std::uint64_t searched_blocks = 300;

void search(boost::asio::io_context& io, SimulatedReader& reader) {
    run_coroutine(io, reader.heads().ask_once());
    run_coroutine(io, reader.searcher().finish([](const daemon::Searcher::Progress&) {}));
}

// As `run` has it, until nothing waits for it; what is known is kept then.
void search_in_background(boost::asio::io_context& io, SimulatedReader& reader) {
    boost::asio::co_spawn(io, reader.searcher().run(), [](std::exception_ptr error) {
        if (error) std::rethrow_exception(error);
    });
    io.restart();
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    do io.run_one_for(std::chrono::milliseconds(5));
    while (reader.searcher().waited_for() && std::chrono::steady_clock::now() < until);
    run_coroutine(io, reader.searcher().stop());
}

bool is_searching(const daemon::ChainReading& reading) {
    return std::any_of(reading.accounts.begin(), reading.accounts.end(), [](const model::MarginAccount& account) { return account.reason.starts_with("searching"); });
}

// A reading for which everything was searched.
model::Result<daemon::ChainReading> read_searched(boost::asio::io_context& io, SimulatedReader& reader) {
    auto reading = reader.read();
    for (int i = 0; i < 5 && reading && is_searching(*reading); ++i) {
        search(io, reader);
        reading = reader.read();
    }
    return reading;
}

// What is known, without how: grades and the blocks of reading are the reader's own business.
std::string content(const daemon::ChainReading& reading) {
    std::ostringstream text;
    text << reading.block.hash.to_string() << '\n';
    for (const model::Venue& venue : reading.venues)
        text << venue.id.to_string() << ' ' << (venue.facts ? venue.facts->content_hash().to_string() : venue.reason) << '\n';
    for (const model::ReferencePrice& price : reading.prices)
        text << price.source << ' ' << price.raw.to_decimal() << ' ' << price.updated_at << ' ' << model::to_string(price.grade) << ' ' << price.reason << '\n';
    for (const model::MarginAccount& account : reading.accounts)
        text << account.key.to_string() << ' ' << (account.facts ? account.facts->content_hash().to_string() : account.reason) << '\n';
    return text.str();
}

struct Counts {
    std::uint64_t blocks = 0;
    std::uint64_t switches = 0;
    std::uint64_t carried = 0;
    std::uint64_t read = 0;
    /// Readings of an owner with more than one account.
    std::uint64_t several = 0;
    /// Readings of accounts that were found by logs, and new runs in the middle of a tree.
    std::uint64_t found = 0;
    std::uint64_t restarts = 0;
};

// Empty: the reader that went along always knew what a new one read. `searched`: with the venue that is searched; `folder`: keeps what was
// found there, and begins a new run now and then; empty: no.
std::string walk(std::uint64_t seed, Counts& counts, bool searched, const std::filesystem::path& folder) {
    Random random(seed);
    SimulatedWorld world;
    boost::asio::io_context io(1);
    const config::Settings settings = [&] {
        config::Settings made = simulated_settings(owners());
        made.chains.at(model::ChainId{1}).verify_every_blocks = static_cast<std::uint32_t>(1 + below(random, 40));
        return made;
    }();
    // One of three may be at fault, in one way.
    const std::size_t faulty = below(random, 3);
    const std::uint64_t fault = below(random, 6);
    std::function<void(States&)> lie;
    if (fault == 0) lie = [](States& states) { states[0].price += 1'000'000; };
    if (fault == 1)
        lie = [](States& states) {
            states[0].holdings[numbered_address(0xaa, 0)].supply += 7;
            states[0].numbered[numbered_address(0xaa, owner_count - 1)].erase(2);
        };
    std::vector<std::unique_ptr<SimulatedOperator>> warm;
    std::vector<std::unique_ptr<SimulatedOperator>> cold;
    std::vector<SimulatedOperator*> warm_pointers;
    std::vector<SimulatedOperator*> cold_pointers;
    for (std::size_t i = 0; i < 3; ++i) {
        warm.push_back(world.make_operator(names[i], i == faulty ? lie : nullptr));
        cold.push_back(world.make_operator(names[i]));
        warm_pointers.push_back(warm.back().get());
        cold_pointers.push_back(cold.back().get());
    }
    if (fault == 2) warm[faulty]->serve_logs = {};
    std::unique_ptr<storage::History> history;
    if (!folder.empty()) history = storage::open_sqlite(folder / (std::to_string(seed) + ".sqlite")).value();
    const std::optional<std::uint64_t> searched_from = searched ? std::optional(world.tree.root().ref.number) : std::nullopt;
    auto along = std::make_unique<SimulatedReader>(io, settings, warm_pointers, searched_from, history.get());
    Header tip = world.mine(world.tree.root(), [&random](States& states) {
        for (int i = 0; i < 12; ++i) change_holding(random, states[0]);
    });
    for (std::uint64_t i = 0; searched && i < searched_blocks; ++i)
        tip = world.mine(tip, [&](States& states) {
            if (i % 50 == 7) change_searched(random, states[SimulatedWorld::searched]);
        });
    const std::uint64_t steps = 2 + below(random, 4);
    for (std::uint64_t step = 0; step < steps; ++step) {
        const Header before = tip;
        std::uint64_t grow = 1 + below(random, 5);
        if (step > 0 && below(random, 3) != 0) {
            const std::uint64_t depth = std::min(1 + below(random, searched ? 40 : 6), tip.ref.number - world.tree.root().ref.number);
            tip = *world.tree.at(tip, tip.ref.number - depth);
            grow += depth;
            ++counts.switches;
        }
        for (; grow > 0; --grow) {
            tip = world.mine(tip, [&random, searched](States& states) {
                change(random, states);
                if (searched) change_searched(random, states[SimulatedWorld::searched]);
            });
            ++counts.blocks;
        }
        for (std::size_t i = 0; i < 3; ++i) {
            warm[i]->head = cold[i]->head = tip;
            warm[i]->dead = fault == 3 && i == faulty && step % 2 == 0;
        }
        if (fault == 4) warm[faulty]->head = before;
        if (searched && below(random, 3) == 0) search(io, *along);
        if (history && below(random, 2) == 0) {
            search_in_background(io, *along);
            along = std::make_unique<SimulatedReader>(io, settings, warm_pointers, searched_from, history.get());
            ++counts.restarts;
        }
        const auto known = read_searched(io, *along);
        if (!known) return "step " + std::to_string(step) + ": " + known.error().message;
        SimulatedReader fresh(io, settings, cold_pointers, searched_from);
        const auto anew = read_searched(io, fresh);
        if (!anew) return "a new reader, step " + std::to_string(step) + ": " + anew.error().message;
        if (content(*known) != content(*anew)) return "step " + std::to_string(step) + ": known\n" + content(*known) + "read anew\n" + content(*anew);
        for (const model::MarginAccount& account : known->accounts) {
            if (account.key.venue.protocol == "linear") ++(account.read_at == known->block ? counts.read : counts.carried);
            if (account.key.sub == "2") ++counts.several;
            if (account.key.venue.protocol == "found" && account.facts) ++counts.found;
        }
    }
    return {};
}

TEST(ForkTrees, leave_the_reader_knowing_what_a_new_one_reads) {
    const char* given = std::getenv("MARGIND_FORK_SEED");
    const std::uint64_t first = given ? std::strtoull(given, nullptr, 10) : 1;
    const std::uint64_t trees = given ? 1 : 10'000 / part;
    Counts counts;
    for (std::uint64_t seed = first; seed < first + trees; ++seed) {
        const std::string wrong = walk(seed, counts, false, {});
        ASSERT_TRUE(wrong.empty()) << "MARGIND_FORK_SEED=" << seed << ": " << wrong;
    }
    std::cout << "seeds " << first << " to " << first + trees - 1 << ": " << counts.blocks << " blocks, " << counts.switches << " switches of branch, accounts carried forward "
              << counts.carried << ", read " << counts.read << '\n';
    EXPECT_TRUE(given || counts.carried > 10'000 / part) << "the trees did not leave anything to carry forward";
    EXPECT_TRUE(given || counts.several > 10'000 / part) << "no owner had several accounts";
}

TEST(ForkTrees, leave_what_was_found_by_logs_as_a_new_run_finds_it) {
    const TempFolder folder;
    const char* given = std::getenv("MARGIND_FORK_SEED");
    const std::uint64_t first = given ? std::strtoull(given, nullptr, 10) : 1;
    const std::uint64_t trees = given ? 1 : 120 / part;
    Counts counts;
    for (std::uint64_t seed = first; seed < first + trees; ++seed) {
        const std::string wrong = walk(seed, counts, true, seed % 4 == 0 ? folder.path() : std::filesystem::path());
        ASSERT_TRUE(wrong.empty()) << "MARGIND_FORK_SEED=" << seed << ": " << wrong;
    }
    std::cout << "seeds " << first << " to " << first + trees - 1 << ": " << counts.blocks << " blocks, " << counts.switches << " switches of branch, accounts found "
              << counts.found << ", new runs " << counts.restarts << '\n';
    EXPECT_TRUE(given || counts.found > 2'000 / part) << "there was nothing to find";
    EXPECT_TRUE(given || counts.restarts > 30 / part) << "no run began in the middle of a tree";
}

}  // namespace
}  // namespace margind::tests
