// What operators said of one chain that others contradict. Pure but for its log lines.
#pragma once

#include "daemon/agreement.hpp"
#include "daemon/metrics.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <utility>

namespace margind::daemon {

class Disputes {
public:
    /// `metrics` may be null and must outlive it.
    Disputes(model::ChainId chain, Metrics* metrics) : chain_(chain), metrics_(metrics) {}

    /// `place` said otherwise than the others; `text` says what, with the operators' names.
    void differed(const Subject& subject, std::size_t place, const std::string& name, std::string text, std::uint64_t block);
    /// Forgets those whose operator (by place) `agrees` on the subject again, and those older than 10 blocks.
    template <class Agrees>
    void settle(std::uint64_t block, Agrees agrees) {
        std::erase_if(open_, [&](const auto& entry) {
            const auto& [key, dispute] = entry;
            const bool over = dispute.block + lifetime <= block || (dispute.block != block && agrees(key.first, key.second));
            if (over) ended(dispute);
            return over;
        });
    }
    bool empty() const { return open_.empty(); }
    /// One sentence for all of them, the newest first.
    std::string reason() const;

private:
    static constexpr std::uint64_t lifetime = 10;
    struct Dispute {
        std::string name;
        std::string text;
        std::uint64_t block = 0;
    };
    void ended(const Dispute& dispute) const;

    model::ChainId chain_;
    Metrics* metrics_;
    std::map<std::pair<Subject, std::size_t>, Dispute> open_;
};

}  // namespace margind::daemon
