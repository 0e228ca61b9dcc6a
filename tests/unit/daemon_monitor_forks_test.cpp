// Random fork trees: whatever was orphaned on the way, what is remembered is what a cold run over the blocks that are left remembers,
// and every incident that was told of has ended unless it is open. MARGIND_FORK_TREES is how many trees, MARGIND_SEED the first seed.
#include "tests/support/monitor_over_chain.hpp"

#include <algorithm>
#include <array>
#include <random>

namespace margind::daemon {
namespace {

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
    const char* text = std::getenv(variable);
    return text ? std::stoull(text) : otherwise;
}

class MonitorForks : public MonitorOverChain {
protected:
    using Open = std::map<std::string, std::uint64_t>;

    std::uint64_t up_to(std::uint64_t most) { return std::uniform_int_distribution<std::uint64_t>(0, most)(random_); }

    void mine_some(std::uint64_t count, std::uint8_t salt) {
        // Far, watched, at each level, liquidatable.
        static constexpr std::array<std::int64_t, 8> prices{3000, 2900, 2000, 1900, 1850, 1800, 1760, 1700};
        for (std::uint64_t i = 0; i < count; ++i) chain_.mine(prices[up_to(prices.size() - 1)], salt);
    }

    // The evaluated blocks without those at the end that are no longer on the chain. One that becomes the head again is evaluated again.
    void evaluate_head() {
        const model::BlockRef head = chain_.blocks.back().head.block;
        const bool lower = !evaluated_.empty() && head.number < evaluated_.back().number;
        if (lower) {
            drive([&] { return !status().error.empty(); });
            steady_s_ += 6;
        }
        drive_to(head);
        const bool same = !evaluated_.empty() && evaluated_.back() == head;
        while (!evaluated_.empty() && !stands(evaluated_.back())) evaluated_.pop_back();
        if (!same) evaluated_.push_back(head);
    }
    bool stands(const model::BlockRef& block) const {
        return block.number <= chain_.blocks.size() && chain_.blocks[block.number - 1].head.block == block;
    }

    // Identity and last sequence of what is open, as those who are sent the events see it.
    Open open_by_events() const {
        Open open;
        std::map<std::string, std::uint64_t> last;
        for (const json& body : sent_) {
            const std::string id = body.at("id");
            const std::uint64_t sequence = body.at("sequence");
            EXPECT_EQ(sequence, last[id] + 1) << body;
            last[id] = sequence;
            const std::string type = body.at("type");
            EXPECT_EQ(open.contains(id), type != "opened") << body;
            if (type == "cleared" || type == "retracted") open.erase(id);
            else open[id] = sequence;
        }
        return open;
    }
    static Open open_by_memory(const model::Memory& memory) {
        Open open;
        for (const auto& [name, portfolio] : memory.portfolios) {
            for (const auto& [rule, incident] : portfolio.open) open[incident.id.to_string()] = incident.sequence;
            for (const auto& [key, account] : portfolio.accounts)
                for (const auto& [rule, incident] : account.open) open[incident.id.to_string()] = incident.sequence;
        }
        return open;
    }

    void walk(std::uint64_t seed) {
        random_.seed(seed);
        chain_ = FakeChain{};
        evaluated_.clear();
        sent_.clear();
        mine_some(1 + up_to(2), 0);
        begin();
        evaluate_head();
        std::uint8_t salt = 0;
        const std::uint64_t steps = 4 + up_to(8);
        for (std::uint64_t i = 0; i < steps; ++i) {
            if (up_to(2) == 0) {
                const std::uint64_t depth = 1 + up_to(std::min<std::uint64_t>(chain_.blocks.size() - 1, 12) - 1 + (chain_.blocks.size() == 1 ? 1 : 0));
                const std::uint64_t kept = chain_.blocks.size() > depth ? chain_.blocks.size() - depth : 1;
                chain_.cut_to(kept);
                // Shorter, as long, or longer than what it takes the place of.
                mine_some(up_to(depth + 2), ++salt);
            } else {
                mine_some(1 + up_to(2), salt);
            }
            evaluate_head();
        }
        const model::Memory& memory = *published_.get()->evaluation->after;
        EXPECT_EQ(memory_without_counts(memory), memory_without_counts(cold_run(evaluated_)));
        drive([&] { return sent_.size() == told_by(memory); });
        EXPECT_EQ(open_by_events(), open_by_memory(memory));
        end();
    }
    // Each event is one more in the sequence of its incident.
    static std::uint64_t told_by(const model::Memory& memory) {
        std::uint64_t told = 0;
        for (const auto& [id, sequence] : open_by_memory(memory)) told += sequence;
        for (const auto& [name, portfolio] : memory.portfolios)
            for (const auto& [id, ended] : portfolio.ended)
                if (!open_by_memory(memory).contains(id.to_string())) told += ended.sequence;
        return told;
    }

    std::mt19937_64 random_;
    std::vector<model::BlockRef> evaluated_;
};

TEST_F(MonitorForks, leave_what_a_cold_run_leaves) {
    keeps_history_ = false;
    settings_.policy.scan_steps = 20;
    settings_.policy.leave_after_s = 24;
    const std::uint64_t first = number_from("MARGIND_SEED", 1);
    const std::uint64_t trees = number_from("MARGIND_FORK_TREES", 40);
    for (std::uint64_t seed = first; seed < first + trees; ++seed) {
        walk(seed);
        ASSERT_FALSE(HasFailure()) << "seed " << seed;
    }
}

// The database is where it is read after a restart.
TEST_F(MonitorForks, are_undone_from_the_database_after_a_restart) {
    settings_.policy.scan_steps = 20;
    for (std::uint8_t salt = 1; salt <= 3; ++salt) {
        mine_some(2, 0);
        begin();
        evaluate_head();
        for (int i = 0; i < 6; ++i) {
            mine_some(1, salt);
            evaluate_head();
        }
        end();
        chain_.cut_to(chain_.blocks.size() - 4);
        mine_some(5, static_cast<std::uint8_t>(salt + 100));
        begin();
        evaluate_head();
        EXPECT_EQ(memory_without_counts(*published_.get()->evaluation->after), memory_without_counts(cold_run(evaluated_)));
        end();
    }
}

}  // namespace
}  // namespace margind::daemon
