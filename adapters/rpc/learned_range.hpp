// How many blocks at once an endpoint takes, as its refusals teach. Pure.
#pragma once

#include <algorithm>
#include <cstdint>

namespace margind::adapters::rpc {

/// Halved where it was too much; then the middle between what works and what was refused is tried now and then, so that it stays close
/// below a limit of blocks, and follows one of results, which moves with the blocks.
class LearnedRange {
public:
    static constexpr std::uint64_t most = std::uint64_t{1} << 20U;
    /// So many ranges between two tries of more; sixteen times as many, and then a try of far more, once nothing between is worth one.
    static constexpr unsigned patience = 16;

    std::uint64_t next() const { return rest_ > 0 ? works_ : tried(); }
    void too_much(std::uint64_t blocks) {
        refused_ = blocks;
        was_refused_ = true;
        if (blocks <= works_) works_ = std::max<std::uint64_t>(1, blocks / 2);
        rest();
    }
    /// Less than next() says nothing.
    void went_well(std::uint64_t blocks) {
        if (blocks < next()) return;
        if (rest_ > 0) {
            --rest_;
            if (rest_ == 0 && is_close()) look_further();
            return;
        }
        works_ = blocks;
        if (!was_refused_) look_further();
        rest();
    }

private:
    std::uint64_t tried() const { return works_ + (refused_ - works_) / 2; }
    bool is_close() const { return tried() - works_ <= works_ / 16; }
    void rest() { rest_ = is_close() ? patience * 16 : patience; }
    void look_further() {
        refused_ = std::min(most, works_ * 4);
        was_refused_ = false;
    }

    std::uint64_t works_ = most;
    std::uint64_t refused_ = most;
    /// Else nobody said so yet.
    bool was_refused_ = false;
    unsigned rest_ = 0;
};

}  // namespace margind::adapters::rpc
