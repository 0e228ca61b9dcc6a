// Random trees of forks in the process: after each switch of branch the reader that went along knows what a new one reads.
#include "tests/support/simulated_reader.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <random>
#include <sstream>

namespace margind::tests {
namespace {

using Header = SimulatedWorld::Header;
using States = SimulatedWorld::States;
using Random = std::mt19937_64;

constexpr std::size_t owner_count = 8;
constexpr std::array<const char*, 3> names{"alchemy", "infura", "quicknode"};

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
};

// Empty: the reader that went along always knew what a new one read.
std::string walk(std::uint64_t seed, Counts& counts) {
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
    SimulatedReader along(io, settings, warm_pointers);
    Header tip = world.mine(world.tree.root(), [&random](States& states) {
        for (int i = 0; i < 12; ++i) change_holding(random, states[0]);
    });
    const std::uint64_t steps = 2 + below(random, 4);
    for (std::uint64_t step = 0; step < steps; ++step) {
        const Header before = tip;
        std::uint64_t grow = 1 + below(random, 5);
        if (step > 0 && below(random, 3) != 0) {
            const std::uint64_t depth = std::min(1 + below(random, 6), tip.ref.number - world.tree.root().ref.number);
            tip = *world.tree.at(tip, tip.ref.number - depth);
            grow += depth;
            ++counts.switches;
        }
        for (; grow > 0; --grow) {
            tip = world.mine(tip, [&random](States& states) { change(random, states); });
            ++counts.blocks;
        }
        for (std::size_t i = 0; i < 3; ++i) {
            warm[i]->head = cold[i]->head = tip;
            warm[i]->dead = fault == 3 && i == faulty && step % 2 == 0;
        }
        if (fault == 4) warm[faulty]->head = before;
        const auto known = along.read();
        if (!known) return "step " + std::to_string(step) + ": " + known.error().message;
        SimulatedReader fresh(io, settings, cold_pointers);
        const auto anew = fresh.read();
        if (!anew) return "a new reader, step " + std::to_string(step) + ": " + anew.error().message;
        if (content(*known) != content(*anew)) return "step " + std::to_string(step) + ": known\n" + content(*known) + "read anew\n" + content(*anew);
        for (const model::MarginAccount& account : known->accounts) {
            if (account.key.venue.protocol == "linear") ++(account.read_at == known->block ? counts.read : counts.carried);
            if (account.key.sub == "2") ++counts.several;
        }
    }
    return {};
}

TEST(ForkTrees, leave_the_reader_knowing_what_a_new_one_reads) {
    const char* given = std::getenv("MARGIND_FORK_SEED");
    const std::uint64_t first = given ? std::strtoull(given, nullptr, 10) : 1;
    const std::uint64_t trees = given ? 1 : 10'000;
    Counts counts;
    for (std::uint64_t seed = first; seed < first + trees; ++seed) {
        const std::string wrong = walk(seed, counts);
        ASSERT_TRUE(wrong.empty()) << "MARGIND_FORK_SEED=" << seed << ": " << wrong;
    }
    std::cout << "seeds " << first << " to " << first + trees - 1 << ": " << counts.blocks << " blocks, " << counts.switches << " switches of branch, accounts carried forward "
              << counts.carried << ", read " << counts.read << '\n';
    EXPECT_TRUE(given || counts.carried > 10'000) << "the trees did not leave anything to carry forward";
    EXPECT_TRUE(given || counts.several > 10'000) << "no owner had several accounts";
}

}  // namespace
}  // namespace margind::tests
