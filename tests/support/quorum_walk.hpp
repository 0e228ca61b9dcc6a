// A quorum over operators that stand on a simulated tree, with a clock by hand: what is wanted is told at once.
#pragma once

#include "daemon/quorum.hpp"
#include "tests/support/simulated_chain.hpp"

#include <functional>
#include <string>
#include <vector>

namespace margind::tests {

class QuorumWalk {
public:
    using Header = adapters::rpc::BlockHeader;

    QuorumWalk(const BlockTree& tree, std::size_t operators, std::chrono::milliseconds block_time, bool quiet = false)
        : tree_(tree), quorum_(options(tree.root().ref.chain, operators, block_time, quiet)), heads_(operators, tree.root()), forge_(operators) {}

    daemon::Quorum& quorum() { return quorum_; }
    daemon::Quorum::Time now() const { return now_; }
    void pass(std::chrono::milliseconds time) { now_ += time; }
    /// What an operator says in place of a block of its chain.
    void forge(std::size_t op, std::function<Header(Header)> how) { forge_[op] = std::move(how); }

    void says(std::size_t op, const Header& head) {
        heads_[op] = head;
        quorum_.saw(op, word(op, head), now_);
        link();
    }
    void says_again(std::size_t op) { says(op, heads_[op]); }
    void fails(std::size_t op) { quorum_.failed(op, now_); }
    std::size_t asked() const { return asked_; }

private:
    static daemon::QuorumOptions options(model::ChainId chain, std::size_t operators, std::chrono::milliseconds block_time, bool quiet) {
        daemon::QuorumOptions options;
        options.chain = chain;
        for (std::size_t op = 0; op < operators; ++op) options.operators.emplace_back(1, static_cast<char>('a' + op));
        options.block_time = block_time;
        options.quiet = quiet;
        return options;
    }
    Header word(std::size_t op, const Header& block) const { return forge_[op] ? forge_[op](block) : block; }
    void link() {
        while (!quorum_.wanted().empty()) {
            const daemon::Quorum::Wanted wanted = quorum_.wanted().front();
            const Header* block = wanted.hash ? tree_.find(*wanted.hash) : tree_.at(heads_[wanted.op], wanted.number);
            ++asked_;
            if (block) quorum_.told(wanted.op, word(wanted.op, *block), now_);
            else quorum_.lacks(wanted.op, wanted.number, now_);
        }
    }

    const BlockTree& tree_;
    daemon::Quorum quorum_;
    daemon::Quorum::Time now_{std::chrono::hours(1)};
    std::vector<Header> heads_;
    std::vector<std::function<Header(Header)>> forge_;
    std::size_t asked_ = 0;
};

}  // namespace margind::tests
