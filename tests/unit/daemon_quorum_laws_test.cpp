// The quorum's laws, over random trees of forks with operators that walk on them.
#include "tests/support/quorum_walk.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace margind::tests {
namespace {

using namespace std::chrono_literals;
using Header = adapters::rpc::BlockHeader;

std::size_t below(std::size_t bound) { return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange<std::size_t>(0, bound)); }

/// A tree of forks with 1 to 5 operators on it; a minority may lie.
struct Forks {
    explicit Forks(std::size_t count) : operators(count), needed(count == 1 ? 1 : count / 2 + 1), walk(tree, count, 1s) {
        tips.push_back(tree.mine(tree.root(), 1 + below(5)));
        said.resize(count);
        silent.resize(count, true);
    }

    void grow() {
        const std::size_t tip = below(tips.size());
        if (below(4) > 0) {
            tips[tip] = tree.mine(tips[tip], 1 + below(3));
            return;
        }
        const std::uint64_t depth = below(std::min<std::uint64_t>(20, tips[tip].ref.number) + 1);
        const Header fork = *tree.at(tips[tip], tips[tip].ref.number - depth);
        tips.push_back(tree.mine(fork, 1 + below(depth + 2)));
    }
    Header somewhere() {
        const Header& tip = tips[below(tips.size())];
        return *tree.at(tip, tip.ref.number - below(std::min<std::uint64_t>(3, tip.ref.number) + 1));
    }
    Header lie() {
        Header made_up = somewhere();
        const std::size_t kind = below(4);
        if (kind == 0) made_up.ref.number = ~std::uint64_t{0} - below(1'000);
        else if (kind == 1) made_up.ref.time += 1'000'000'000;
        else if (kind == 2) made_up = tree.mine(made_up, 1 + below(3));
        return made_up;
    }
    void say(std::size_t op, const Header& head) {
        said[op] = head;
        silent[op] = false;
        walk.says(op, head);
    }
    void step(std::size_t liars) {
        const std::size_t op = below(operators);
        walk.pass(std::chrono::milliseconds(below(4'000)));
        const std::size_t what = below(10);
        if (what < 3) {
            grow();
        } else if (op >= operators - liars) {
            say(op, lie());
        } else if (what == 3) {
            silent[op] = true;
            walk.fails(op);
        } else {
            say(op, somewhere());
        }
    }
    /// Operators below `count` that answer and hold the block.
    std::size_t holding(const Header& block, std::size_t count) const {
        std::size_t found = 0;
        for (std::size_t op = 0; op < count; ++op)
            if (!silent[op] && said[op] && tree.find(said[op]->ref.hash) && tree.holds(*said[op], block)) ++found;
        return found;
    }
    std::optional<Header> highest_held(std::size_t by, std::size_t count) const {
        std::optional<Header> best;
        for (std::size_t op = 0; op < count; ++op) {
            if (silent[op] || !said[op]) continue;
            for (const Header* block = tree.find(said[op]->ref.hash); block; block = tree.find(block->parent)) {
                if (holding(*block, count) < by) continue;
                if (!best || block->ref.number > best->ref.number) best = *block;
                break;
            }
        }
        return best;
    }

    BlockTree tree{model::ChainId{1}};
    std::size_t operators;
    std::size_t needed;
    QuorumWalk walk;
    std::vector<Header> tips;
    std::vector<std::optional<Header>> said;
    std::vector<bool> silent;
};

RC_GTEST_PROP(QuorumLaws, what_is_accepted_is_held_by_as_many_as_it_takes_and_goes_back_only_to_where_they_stand, ()) {
    Forks forks(3 + below(3));
    std::optional<Header> before;
    std::size_t accepted = 0;
    const std::size_t steps = 20 + below(40);
    for (std::size_t step = 0; step < steps; ++step) {
        forks.step(0);
        const auto head = forks.walk.quorum().head();
        const auto at_least = forks.highest_held(forks.needed, forks.operators);
        if (at_least) RC_ASSERT(head && head->ref.number >= at_least->ref.number);
        if (!head || head == before) continue;
        ++accepted;
        RC_ASSERT(forks.holding(*head, forks.operators) >= forks.needed);
        RC_ASSERT(head == at_least);
        if (before && head->ref.number < before->ref.number) {
            std::size_t elsewhere = 0;
            for (std::size_t op = 0; op < forks.operators; ++op)
                if (!forks.silent[op] && forks.said[op] && !forks.tree.holds(*forks.said[op], *before)) ++elsewhere;
            RC_ASSERT(elsewhere >= forks.needed);
        }
        before = head;
    }
    RC_TAG(accepted > 0 ? "moved" : "nothing accepted");
}

RC_GTEST_PROP(QuorumLaws, a_lying_minority_moves_nothing_where_no_honest_operator_stands, ()) {
    Forks forks(3 + below(3));
    const std::size_t liars = 1 + below(forks.operators - forks.needed);
    const std::size_t honest = forks.operators - liars;
    std::optional<Header> before;
    const std::size_t steps = 20 + below(40);
    for (std::size_t step = 0; step < steps; ++step) {
        forks.step(liars);
        const auto head = forks.walk.quorum().head();
        if (head && head != before) RC_ASSERT(forks.holding(*head, honest) + liars >= forks.needed);
        if (head && head != before) RC_ASSERT(forks.holding(*head, honest) >= 1u);
        const auto at_least = forks.highest_held(forks.needed, honest);
        if (at_least) RC_ASSERT(head && (head->ref.number >= at_least->ref.number));
        before = head;
    }
}

void walk_and_settle() {
    Forks forks(1 + below(5));
    const std::size_t liars = forks.operators < 3 ? 0 : below(forks.operators - forks.needed + 1);
    const std::size_t honest = forks.operators - liars;
    const std::size_t steps = below(60);
    for (std::size_t step = 0; step < steps; ++step) forks.step(liars);
    // A chain lower or higher than what was, its operators up to two blocks apart.
    const Header tip = forks.tree.mine(forks.somewhere(), 2 + below(3));
    QuorumWalk cold(forks.tree, forks.operators, 1s);
    std::vector<Header> stands;
    for (std::size_t op = 0; op < honest; ++op) stands.push_back(*forks.tree.at(tip, tip.ref.number - below(3)));
    for (std::size_t round = 0; round < 4; ++round) {
        forks.walk.pass(2s);
        cold.pass(2s);
        for (std::size_t op = 0; op < honest; ++op) {
            forks.say(op, stands[op]);
            cold.says(op, stands[op]);
        }
        for (std::size_t op = honest; op < forks.operators; ++op) {
            const Header lie = forks.lie();
            forks.say(op, lie);
            cold.says(op, lie);
        }
    }
    const auto warm_head = forks.walk.quorum().head();
    RC_ASSERT(warm_head && cold.quorum().head());
    // Higher than the cold one only where too few have left it for a step back.
    if (warm_head != cold.quorum().head()) {
        RC_ASSERT(warm_head->ref.number > cold.quorum().head()->ref.number);
        RC_ASSERT(forks.holding(*warm_head, honest) + forks.needed > forks.operators - liars);
    }
    // The tip is everybody's in the end.
    for (std::size_t op = 0; op < honest; ++op) {
        forks.walk.says(op, tip);
        cold.says(op, tip);
    }
    forks.walk.pass(6s);
    for (std::size_t op = 0; op < honest; ++op) forks.walk.says(op, tip);
    RC_ASSERT(cold.quorum().head() == tip);
    RC_ASSERT(forks.walk.quorum().head() == tip);
}

RC_GTEST_PROP(QuorumLaws, after_any_history_the_head_is_the_cold_one_once_the_operators_stand_on_one_branch, ()) {
    for (int tree = 0; tree < 2; ++tree) walk_and_settle();
}

RC_GTEST_PROP(QuorumLaws, the_order_of_arrival_does_not_matter, ()) {
    Forks forks(3 + below(3));
    for (std::size_t step = 0; step < 10; ++step) forks.grow();
    std::vector<Header> stands;
    for (std::size_t op = 0; op < forks.operators; ++op) stands.push_back(forks.somewhere());
    QuorumWalk forward(forks.tree, forks.operators, 1s);
    QuorumWalk backward(forks.tree, forks.operators, 1s);
    for (std::size_t round = 0; round < 2; ++round) {
        for (std::size_t op = 0; op < forks.operators; ++op) {
            forward.says(op, stands[op]);
            backward.says(forks.operators - 1 - op, stands[forks.operators - 1 - op]);
        }
    }
    RC_ASSERT(forward.quorum().head().has_value());
    RC_ASSERT(forward.quorum().head()->ref.number == backward.quorum().head()->ref.number);
    RC_ASSERT(forward.quorum().head() == backward.quorum().head());
}

}  // namespace
}  // namespace margind::tests
