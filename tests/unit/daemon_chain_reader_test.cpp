// The reader of a chain through three operators in the process: what is asked again, who is believed, and what is told.
#include "tests/support/simulated_reader.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace margind::tests {
namespace {

using States = SimulatedWorld::States;
using Header = SimulatedWorld::Header;

const model::Address alice = numbered_address(0xaa, 1);
const model::Address bob = numbered_address(0xaa, 2);
const model::Address carol = numbered_address(0xaa, 3);

class ReaderOfChain : public ::testing::Test {
protected:
    void SetUp() override {
        head_ = world_.mine(world_.tree.root(), [](States& states) {
            states[0].holdings = {{alice, {1'000, 1'000'000}}, {bob, {2'000, 3'000'000}}};
            states[1].holdings = {{bob, {5'000, 1'000'000}}};
        });
    }
    /// One liar at the most, by its place.
    void begin(std::size_t operators, std::size_t liar = 9, std::function<void(States&)> lie = {}) {
        for (std::size_t i = 0; i < operators; ++i) {
            std::function<void(States&)> twist;
            if (i == liar) twist = lie;
            operators_.push_back(world_.make_operator(names[i], std::move(twist)));
            operators_.back()->head = head_;
        }
        std::vector<SimulatedOperator*> pointers;
        for (const auto& of : operators_) pointers.push_back(of.get());
        over_ = std::make_unique<SimulatedReader>(io_, settings_, pointers);
    }
    void mine(const std::function<void(States&)>& change) { stand_on(world_.mine(head_, change)); }
    void stand_on(const Header& block) {
        head_ = block;
        for (const auto& of : operators_) of->head = head_;
    }
    daemon::ChainReading read(daemon::ReadOptions options = {}) {
        auto reading = over_->read(std::move(options));
        if (!reading) throw std::runtime_error(reading.error().message);
        EXPECT_EQ(reading->block.hash, head_.ref.hash);
        return *reading;
    }
    std::size_t runs() const {
        std::size_t sum = 0;
        for (const auto& of : operators_) sum += of->counts.runs;
        return sum;
    }
    static const model::MarginAccount* find(const daemon::ChainReading& reading, const model::Address& owner, const char* protocol = "linear",
                                            const std::string& sub = {}) {
        const auto found = std::find_if(reading.accounts.begin(), reading.accounts.end(), [&](const model::MarginAccount& account) {
            return account.key.owner == owner && account.key.venue.protocol == protocol && account.key.sub == sub;
        });
        return found == reading.accounts.end() ? nullptr : &*found;
    }
    /// Of an owner's accounts at the first venue.
    static std::vector<std::string> subs(const daemon::ChainReading& reading, const model::Address& owner) {
        std::vector<std::string> all;
        for (const model::MarginAccount& account : reading.accounts)
            if (account.key.owner == owner && account.key.venue.protocol == "linear") all.push_back(account.key.sub);
        return all;
    }
    static model::U256 supply(const model::MarginAccount& account) { return *account.facts->u256("supply.ETH"); }
    static model::U256 ether(std::uint64_t thousandths) { return *model::checked_mul(model::U256(thousandths), model::U256::pow10(15)); }
    std::string trouble(model::TroubleKind kind) {
        for (const model::SourceTrouble& trouble : over_->reader().troubles())
            if (trouble.kind == kind) return trouble.reason;
        return {};
    }

    static constexpr std::array<const char*, 3> names{"alchemy", "infura", "quicknode"};
    SimulatedWorld world_;
    Header head_;
    boost::asio::io_context io_{1};
    config::Settings settings_ = simulated_settings({alice, bob, carol});
    std::vector<std::unique_ptr<SimulatedOperator>> operators_;
    std::unique_ptr<SimulatedReader> over_;
};

TEST_F(ReaderOfChain, reads_all_first_and_carries_forward_what_no_log_touched) {
    settings_.chains.at(model::ChainId{1}).verify_every_blocks = 1'000;
    begin(3);
    const auto first = read();
    ASSERT_EQ(first.accounts.size(), 3U) << "carol has nothing, alice nothing at the second venue";
    const model::BlockRef first_block = head_.ref;
    mine([](States& states) { states[0].price = 290'000'000'000; });
    mine([](States& states) { states[0].holdings[bob].supply = 1'900; });
    const auto second = read();
    EXPECT_EQ(find(second, alice)->read_at, first_block);
    EXPECT_EQ(find(second, bob)->read_at, head_.ref);
    EXPECT_EQ(find(second, bob)->verified_at, head_.ref);
    EXPECT_EQ(supply(*find(second, bob)), ether(1'900));
    // Its state cannot be carried forward.
    EXPECT_EQ(find(second, bob, "silent")->read_at, head_.ref);
    EXPECT_EQ(*second.venues[0].facts->u256("price.ETH"), model::U256(290'000'000'000));
    EXPECT_FALSE(find(second, alice)->qualifiers.single_source);
    EXPECT_TRUE(over_->reader().troubles().empty());
}

TEST_F(ReaderOfChain, verifies_by_views_in_turn_without_reading_anew) {
    settings_.chains.at(model::ChainId{1}).verify_every_blocks = 2;
    begin(3);
    const auto first = read();
    std::map<model::Address, std::uint64_t> verified;
    for (int i = 0; i < 6; ++i) {
        mine([](States& states) { states[0].price += 1'000'000; });
        const auto reading = read();
        for (const model::Address& owner : {alice, bob}) {
            const model::MarginAccount& account = *find(reading, owner);
            EXPECT_EQ(account.read_at, first.block);
            EXPECT_LT(head_.ref.number - account.verified_at.number, 2U);
            EXPECT_EQ(account.views.empty(), account.verified_at != head_.ref);
        }
    }
}

TEST_F(ReaderOfChain, names_the_operator_that_forges_a_price_and_uses_what_the_others_say) {
    for (const std::uint64_t forged : {200'000'000'000U, 400'000'000'000U})
        for (std::size_t liar = 0; liar < 3; ++liar) {
            operators_.clear();
            begin(3, liar, [forged](States& states) { states[0].price = forged; });
            // Sooner or later it is one of the two who are asked.
            bool named = false;
            for (int i = 0; i < 12; ++i) {
                const auto reading = read();
                EXPECT_EQ(*reading.venues[0].facts->u256("price.ETH"), model::U256(300'000'000'000)) << names[liar];
                EXPECT_FALSE(find(reading, alice)->qualifiers.disputed);
                named = named || trouble(model::TroubleKind::disputed).find(std::string("operator ") + names[liar] + " is contradicted") != std::string::npos;
                mine([](States&) {});
            }
            EXPECT_TRUE(named) << names[liar] << ": " << trouble(model::TroubleKind::disputed);
        }
}

TEST_F(ReaderOfChain, says_what_differs_in_short) {
    begin(3, 1, [](States& states) { states[0].price = 290'000'000'000; });
    for (int i = 0; i < 12 && trouble(model::TroubleKind::disputed).empty(); ++i) {
        read();
        if (trouble(model::TroubleKind::disputed).empty()) mine([](States&) {});
    }
    const std::string said = trouble(model::TroubleKind::disputed);
    EXPECT_NE(said.find("linear:1 venue facts: price.ETH: "), std::string::npos) << said;
    EXPECT_NE(said.find("infura 290000000000"), std::string::npos) << said;
}

TEST_F(ReaderOfChain, marks_every_account_of_a_venue_that_two_operators_contradict_each_other_about) {
    begin(2, 1, [](States& states) { states[0].price = 400'000'000'000; });
    const auto reading = read();
    EXPECT_EQ(*reading.venues[0].facts->u256("price.ETH"), model::U256(300'000'000'000)) << "the first of the configuration";
    EXPECT_TRUE(find(reading, alice)->qualifiers.disputed);
    EXPECT_TRUE(find(reading, bob)->qualifiers.disputed);
    EXPECT_FALSE(find(reading, bob, "silent")->qualifiers.disputed);
    EXPECT_FALSE(trouble(model::TroubleKind::disputed).empty());
}

TEST_F(ReaderOfChain, takes_of_two_prices_that_nobody_decides_between_the_one_by_which_the_worst_account_stands_worse) {
    for (const std::uint64_t forged : {200'000'000'000U, 400'000'000'000U})
        for (std::size_t liar = 0; liar < 2; ++liar) {
            operators_.clear();
            bool lies = false;
            begin(2, liar, [&lies, forged](States& states) {
                if (lies) states[0].price = forged;
            });
            read();
            lies = true;
            mine([](States&) {});
            const auto reading = read();
            EXPECT_EQ(*reading.venues[0].facts->u256("price.ETH"), model::U256(std::min<std::uint64_t>(forged, 300'000'000'000))) << names[liar] << " " << forged;
            EXPECT_TRUE(find(reading, alice)->qualifiers.disputed);
        }
}

TEST_F(ReaderOfChain, takes_of_two_positions_that_nobody_decides_between_the_worse) {
    for (const std::uint64_t forged : {900'000U, 2'900'000U})
        for (std::size_t liar = 0; liar < 2; ++liar) {
            operators_.clear();
            begin(2, liar, [forged](States& states) { states[0].holdings[alice].debt = forged; });
            const auto reading = read();
            const model::MarginAccount& account = *find(reading, alice);
            EXPECT_EQ(*account.facts->u256("debt.USD"), ether(std::max<std::uint64_t>(forged, 1'000'000))) << names[liar] << " " << forged;
            EXPECT_TRUE(account.qualifiers.disputed);
            EXPECT_FALSE(find(reading, bob)->qualifiers.disputed);
        }
}

TEST_F(ReaderOfChain, does_not_believe_one_operator_that_shows_a_position_as_another) {
    for (std::size_t liar = 0; liar < 3; ++liar) {
        operators_.clear();
        begin(3, liar, [](States& states) { states[0].holdings[alice].supply = 9'000; });
        const std::string name = std::string("operator ") + names[liar];
        bool named = false;
        // At first both of a pair are asked; later one alone says what the views are.
        for (int i = 0; i < 30; ++i) {
            const auto reading = read();
            EXPECT_EQ(supply(*find(reading, alice)), ether(1'000)) << name;
            named = named || trouble(model::TroubleKind::disputed).starts_with(name);
            mine([](States&) {});
        }
        EXPECT_TRUE(named) << name << " " << trouble(model::TroubleKind::disputed);
    }
}

TEST_F(ReaderOfChain, reads_what_an_omitted_log_would_have_hidden) {
    for (std::size_t liar = 0; liar < 3; ++liar) {
        operators_.clear();
        begin(3);
        operators_[liar]->serve_logs = {};
        bool named = false;
        read();
        for (std::uint64_t i = 0; i < 12; ++i) {
            mine([i](States& states) { states[0].holdings[bob].supply = 1'000 + i; });
            const auto reading = read();
            EXPECT_EQ(supply(*find(reading, bob)), ether(1'000 + i));
            named = named || trouble(model::TroubleKind::disputed).find(names[liar]) != std::string::npos;
        }
        EXPECT_TRUE(named) << names[liar];
    }
}

TEST_F(ReaderOfChain, reads_all_of_a_venue_when_the_header_promises_logs_that_nobody_gives) {
    begin(2);
    for (const auto& of : operators_) of->serve_logs = {};
    read();
    mine([](States& states) { states[0].holdings[bob].supply = 1'900; });
    const auto reading = read();
    EXPECT_EQ(supply(*find(reading, bob)), ether(1'900));
    EXPECT_EQ(find(reading, alice)->read_at, head_.ref);
}

TEST_F(ReaderOfChain, asks_a_third_for_logs_that_the_header_promises) {
    settings_.chains.at(model::ChainId{1}).verify_every_blocks = 1'000;
    begin(3);
    read();
    const model::BlockRef first = head_.ref;
    mine([](States& states) { states[0].holdings[bob].supply = 1'900; });
    // The first two who are asked, whoever they are.
    std::size_t asked = 0;
    for (const auto& of : operators_) {
        auto honest = of->serve_logs;
        of->serve_logs = [&asked, honest](const adapters::Logs& filter, const Header& block) {
            return asked++ < 2 ? model::Result<std::vector<adapters::Log>>(std::vector<adapters::Log>()) : honest(filter, block);
        };
    }
    const auto reading = read();
    EXPECT_EQ(supply(*find(reading, bob)), ether(1'900));
    EXPECT_EQ(find(reading, alice)->read_at, first);
    EXPECT_FALSE(trouble(model::TroubleKind::disputed).empty());
}

TEST_F(ReaderOfChain, goes_on_with_one_of_two_and_says_so_and_reads_again_what_it_alone_said) {
    settings_.chains.at(model::ChainId{1}).verify_every_blocks = 1'000;
    begin(2);
    operators_[1]->dead = true;
    const auto alone = read();
    EXPECT_TRUE(find(alone, alice)->qualifiers.single_source);
    EXPECT_NE(trouble(model::TroubleKind::single_source).find("alchemy"), std::string::npos) << trouble(model::TroubleKind::single_source);
    operators_[1]->dead = false;
    mine([](States&) {});
    run_coroutine(io_, over_->heads().ask_once());
    const auto both = read();
    EXPECT_FALSE(find(both, alice)->qualifiers.single_source);
    EXPECT_EQ(find(both, alice)->read_at, head_.ref);
    EXPECT_EQ(trouble(model::TroubleKind::single_source), "");
}

TEST_F(ReaderOfChain, carries_the_qualifier_without_a_trouble_where_one_operator_is_configured) {
    begin(1);
    EXPECT_TRUE(find(read(), alice)->qualifiers.single_source);
    EXPECT_TRUE(over_->reader().troubles().empty());
}

TEST_F(ReaderOfChain, says_that_answers_are_not_pinned_only_where_nobody_pins) {
    begin(2);
    operators_[0]->can_pin = false;
    EXPECT_FALSE(find(read(), alice)->qualifiers.unpinned);
    operators_[1]->can_pin = false;
    mine([](States& states) { states[0].holdings[alice].debt += 1; });
    EXPECT_TRUE(find(read(), alice)->qualifiers.unpinned);
}

TEST_F(ReaderOfChain, takes_a_revert_on_all_for_unknown_and_on_one_for_a_dispute) {
    begin(3, 0, [](States& states) { states[0].reverting = bob; });
    bool named = false;
    for (int i = 0; i < 12; ++i) {
        const auto reading = read();
        EXPECT_EQ(supply(*find(reading, bob)), ether(2'000));
        named = named || trouble(model::TroubleKind::disputed).starts_with("operator alchemy");
        mine([](States& states) { states[0].holdings[bob].debt += 1; });
    }
    EXPECT_TRUE(named);
    mine([](States& states) {
        states[0].reverting = alice;
        states[0].holdings[alice].debt += 1;
    });
    const auto reading = read();
    EXPECT_EQ(find(reading, alice)->facts, nullptr);
    EXPECT_TRUE(find(reading, alice)->reason.starts_with("reverted: ")) << find(reading, alice)->reason;
    mine([](States& states) { states[0].reverting.reset(); });
    EXPECT_NE(find(read(), alice)->facts, nullptr) << "what could not be read is asked for again";
}

TEST_F(ReaderOfChain, finds_an_owner_who_comes_to_a_venue_by_its_log) {
    begin(3);
    EXPECT_EQ(find(read(), carol), nullptr);
    mine([](States& states) { states[0].holdings[carol] = {10, 0}; });
    ASSERT_NE(find(read(), carol), nullptr);
    mine([](States& states) { states[0].holdings.erase(carol); });
    EXPECT_EQ(find(read(), carol), nullptr);
}

TEST_F(ReaderOfChain, reads_every_account_of_an_owner_as_they_open_and_close) {
    settings_.chains.at(model::ChainId{1}).verify_every_blocks = 1'000;
    begin(3);
    EXPECT_EQ(subs(read(), carol), std::vector<std::string>{});
    mine([](States& states) { states[0].numbered[carol] = {{2, {10, 1}}, {7, {20, 2}}}; });
    EXPECT_EQ(subs(read(), carol), (std::vector<std::string>{"2", "7"}));
    const model::BlockRef opened = head_.ref;
    mine([](States& states) { states[0].numbered[bob] = {{3, {30, 0}}}; });
    const auto more = read();
    EXPECT_EQ(subs(more, bob), (std::vector<std::string>{"", "3"}));
    EXPECT_EQ(supply(*find(more, bob, "linear", "3")), ether(30));
    EXPECT_EQ(find(more, carol, "linear", "2")->read_at, opened) << "carried forward";
    mine([](States& states) {
        states[0].numbered[carol].erase(2);
        states[0].numbered[carol][7].supply = 21;
    });
    const auto closed = read();
    EXPECT_EQ(subs(closed, carol), std::vector<std::string>{"7"});
    EXPECT_EQ(supply(*find(closed, carol, "linear", "7")), ether(21));
    mine([](States& states) { states[0].numbered.erase(carol); });
    EXPECT_EQ(subs(read(), carol), std::vector<std::string>{});
}

TEST_F(ReaderOfChain, keeps_the_siblings_of_an_account_that_cannot_be_read) {
    settings_.chains.at(model::ChainId{1}).verify_every_blocks = 1'000;
    begin(3);
    mine([](States& states) {
        states[0].numbered[carol] = {{2, {10, 1}}, {7, {20, 2}}};
        states[0].reverting_numbered = std::pair(carol, std::uint8_t{2});
    });
    const auto reading = read();
    EXPECT_EQ(subs(reading, carol), (std::vector<std::string>{"2", "7"}));
    EXPECT_EQ(find(reading, carol, "linear", "2")->facts, nullptr);
    EXPECT_EQ(find(reading, carol, "linear", "2")->reason, "the account reverts");
    EXPECT_EQ(supply(*find(reading, carol, "linear", "7")), ether(20));
    EXPECT_FALSE(find(reading, carol, "linear", "7")->views.empty());
    mine([](States& states) { states[0].reverting_numbered.reset(); });
    EXPECT_EQ(supply(*find(read(), carol, "linear", "2")), ether(10)) << "asked again without a log";
}

TEST_F(ReaderOfChain, names_the_operator_that_hides_one_of_several_accounts) {
    for (std::size_t liar = 0; liar < 3; ++liar) {
        operators_.clear();
        begin(3, liar, [](States& states) { states[0].numbered[carol].erase(7); });
        mine([](States& states) { states[0].numbered[carol] = {{2, {10, 1}}, {7, {20, 2}}}; });
        const std::string name = std::string("operator ") + names[liar];
        bool named = false;
        for (int i = 0; i < 30; ++i) {
            EXPECT_EQ(subs(read(), carol), (std::vector<std::string>{"2", "7"})) << name;
            named = named || trouble(model::TroubleKind::disputed).starts_with(name);
            mine([i](States& states) { states[0].numbered[carol][2].debt += i % 3 == 0 ? 1U : 0U; });
        }
        EXPECT_TRUE(named) << name << " " << trouble(model::TroubleKind::disputed);
    }
}

TEST_F(ReaderOfChain, verifies_all_accounts_of_an_owner_and_finds_one_that_was_opened_without_a_log) {
    settings_.chains.at(model::ChainId{1}).verify_every_blocks = 4;
    begin(3);
    mine([](States& states) { states[0].numbered[carol] = {{2, {10, 1}}}; });
    read();
    const model::BlockRef opened = head_.ref;
    for (const auto& of : operators_) {
        of->serve_logs = {};
        of->forge = {};
    }
    mine([](States& states) { states[0].numbered[carol][7] = {20, 2}; });
    std::vector<std::string> known;
    for (int i = 0; i < 4; ++i) {
        known = subs(read(), carol);
        if (known.size() == 2) break;
        EXPECT_EQ(find(read(), carol, "linear", "2")->read_at, opened);
        mine([](States&) {});
    }
    EXPECT_EQ(known, (std::vector<std::string>{"2", "7"}));
}

TEST_F(ReaderOfChain, verifies_accounts_that_are_close_at_every_block) {
    settings_.chains.at(model::ChainId{1}).verify_every_blocks = 1'000;
    begin(3);
    daemon::ReadOptions options;
    options.close.insert(find(read(), alice)->key);
    const auto first = head_.ref;
    mine([](States&) {});
    const auto reading = read(options);
    EXPECT_EQ(find(reading, alice)->verified_at, head_.ref);
    EXPECT_FALSE(find(reading, alice)->views.empty());
    EXPECT_EQ(find(reading, alice)->read_at, first) << "its stored state is carried forward";
    EXPECT_NE(find(reading, bob)->verified_at, head_.ref);
}

TEST_F(ReaderOfChain, asks_each_of_two_operators_about_accounts_that_are_close_and_names_the_one_that_lies) {
    settings_.chains.at(model::ChainId{1}).verify_every_blocks = 1'000;
    bool lying = false;
    begin(3, 0, [&lying](States& states) { states[0].holdings[alice].debt += lying ? 1U : 0U; });
    daemon::ReadOptions options;
    options.close.insert(find(read(), alice)->key);
    const auto honest = supply(*find(read(), alice));
    lying = true;
    int named = 0;
    for (int i = 0; i < 12; ++i) {
        mine([](States&) {});
        const auto reading = read(options);
        EXPECT_EQ(supply(*find(reading, alice)), honest);
        EXPECT_EQ(find(reading, alice)->verified_at, head_.ref);
        // Where the liar is one of the two, both what it says and what is held are asked for again in the same block.
        named += find(reading, alice)->read_at == head_.ref ? 1 : 0;
        EXPECT_FALSE(find(reading, alice)->qualifiers.disputed);
    }
    EXPECT_GE(named, 4);
    EXPECT_TRUE(trouble(model::TroubleKind::disputed).starts_with("operator alchemy")) << trouble(model::TroubleKind::disputed);
}

TEST_F(ReaderOfChain, reads_all_accounts_again_when_the_configuration_changed) {
    settings_.chains.at(model::ChainId{1}).verify_every_blocks = 1'000;
    begin(3);
    read();
    mine([](States& states) { states[0].revision = 2; });
    const auto reading = read();
    ASSERT_NE(reading.venues[0].facts, nullptr) << reading.venues[0].reason;
    EXPECT_EQ(find(reading, alice)->read_at, head_.ref);
}

TEST_F(ReaderOfChain, reads_again_after_a_reorganisation_only_what_was_read_above_the_fork) {
    settings_.chains.at(model::ChainId{1}).verify_every_blocks = 1'000;
    begin(3);
    read();
    const Header shared = head_;
    mine([](States& states) { states[0].holdings[bob].supply = 1; });
    mine([](States& states) { states[0].price = 100'000'000'000; });
    EXPECT_EQ(supply(*find(read(), bob)), ether(1));
    // A longer branch on which nothing of it happened.
    stand_on(world_.mine(shared, [](States&) {}));
    mine([](States&) {});
    mine([](States&) {});
    const auto reading = read();
    EXPECT_EQ(supply(*find(reading, bob)), ether(2'000));
    EXPECT_EQ(find(reading, alice)->read_at, shared.ref);
    EXPECT_EQ(*reading.venues[0].facts->u256("price.ETH"), model::U256(300'000'000'000));
}

TEST_F(ReaderOfChain, leaves_what_it_carries_alone_when_somebody_else_is_read) {
    settings_.chains.at(model::ChainId{1}).verify_every_blocks = 1'000;
    begin(3);
    const auto first = read();
    mine([](States&) {});
    run_coroutine(io_, over_->heads().ask_once());
    const auto one = run_coroutine(io_, over_->reader().read(head_.ref, {alice}, {}));
    ASSERT_TRUE(one);
    EXPECT_EQ(one->accounts.size(), 1U);
    EXPECT_EQ(one->accounts[0].read_at, head_.ref);
    EXPECT_EQ(find(read(), alice)->read_at, first.block);
}

TEST_F(ReaderOfChain, does_not_wait_for_an_operator_that_hangs_when_a_third_answers) {
    begin(3);
    read();
    operators_[1]->delay = std::chrono::seconds(30);
    mine([](States& states) { states[0].holdings[bob].supply = 1'900; });
    operators_[1]->head = world_.tree.root();
    boost::asio::co_spawn(io_, over_->heads().ask_once(), [](std::exception_ptr) {});
    std::optional<model::Result<daemon::ChainReading>> done;
    const model::BlockRef block = head_.ref;
    const auto start = std::chrono::steady_clock::now();
    io_.restart();
    while (!over_->heads().has(*operators_[0], block) && std::chrono::steady_clock::now() - start < std::chrono::seconds(5)) io_.run_one_for(std::chrono::milliseconds(10));
    boost::asio::co_spawn(io_, over_->reader().read(block, settings_.portfolios[0].owners, {}),
                          [&done](std::exception_ptr, model::Result<daemon::ChainReading> reading) { done = std::move(reading); });
    while (!done && std::chrono::steady_clock::now() - start < std::chrono::seconds(10)) io_.run_one_for(std::chrono::milliseconds(10));
    ASSERT_TRUE(done && *done);
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(3));
    EXPECT_EQ(supply(*find(**done, bob)), ether(1'900));
    EXPECT_FALSE(find(**done, bob)->qualifiers.single_source);
}

}  // namespace
}  // namespace margind::tests
