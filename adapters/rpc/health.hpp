// Whether an endpoint is worth asking, by what came of its last requests. Pure.
#pragma once

#include "risk/model/result.hpp"

#include <chrono>
#include <cstdint>
#include <string>

namespace margind::adapters::rpc {

/// What an answer says about who gave it.
enum class Standing : std::uint8_t {
    own_word,  ///< a result, or an error that is the node's word about what was asked
    elsewhere, ///< it refuses or talks nonsense: another endpoint may answer
    silent,    ///< no answer at all
};
/// `error` null: it answered.
Standing standing_of(const model::Error* error);

/// What a request failed with whose honest answer is short: there `limit` for ever is nonsense, not word of asking for too much.
model::Error of_little(model::Error error);

class Health {
public:
    using Time = std::chrono::steady_clock::time_point;
    /// So many requests in a row without an answer, or one that waited for so long, are the endpoint's death.
    static constexpr int deadly_failures = 2;
    static constexpr std::chrono::milliseconds deadly_silence{2'000};
    /// After a refusal the others are asked first for so long.
    static constexpr std::chrono::milliseconds suspicion{2'000};

    /// What came of a request that took `took`. `little`: every node can answer it, so nonsense counts as no answer. Requests that were
    /// under way when one failed fail with it, as on one connection that breaks: that counts once. True: this made it dead.
    bool note(const model::Error* error, std::chrono::steady_clock::duration took, Time at, bool little = false);
    /// The same of the question for its chain id, or of a probe of a dead one. Another chain is death at once; so is nonsense
    /// twice in a row.
    bool note_check(const model::Error* error, std::chrono::steady_clock::duration took, Time at);
    /// The probe was answered in full.
    void revive();

    bool dead() const { return dead_; }
    bool suspect(Time at) const { return at < suspect_until_; }
    /// Its chain id is known since its last failure.
    bool checked() const { return checked_; }
    /// Of the last failure; empty when the last request was answered.
    const std::string& trouble() const { return trouble_; }

private:
    bool fail(const model::Error& error, bool counts, std::chrono::steady_clock::duration took, Time at);

    int failures_ = 0;
    /// When the last of them was counted.
    Time failed_at_{};
    bool dead_ = false;
    bool checked_ = false;
    Time suspect_until_{};
    std::string trouble_;
};

/// Whether a subscription to heads has fallen silent though its connection stands.
class Pushes {
public:
    /// So many polls in a row that saw a higher head than the one before, with nothing pushed in between.
    static constexpr int silent_polls = 2;

    void pushed() { heard_ = true; }
    /// True: it is to be made anew.
    bool polled(std::uint64_t head_number);

private:
    bool heard_ = true;
    std::uint64_t polled_ = 0;
    int silent_ = 0;
};

}  // namespace margind::adapters::rpc
