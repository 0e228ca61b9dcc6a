// Whether an endpoint is worth asking, by what came of its last requests. Pure.
#include "adapters/rpc/health.hpp"

#include <algorithm>
#include <utility>

namespace margind::adapters::rpc {

using model::ErrorCode;
using model::Retry;

Standing standing_of(const model::Error* error) {
    if (error == nullptr) return Standing::own_word;
    switch (error->code) {
        case ErrorCode::unreachable: return Standing::silent;
        case ErrorCode::upstream:
        case ErrorCode::wrong_chain: return Standing::elsewhere;
        case ErrorCode::limit: return error->retry == Retry::never ? Standing::own_word : Standing::elsewhere;
        case ErrorCode::bad_input:
        case ErrorCode::out_of_range:
        case ErrorCode::decode:
        case ErrorCode::reverted:
        case ErrorCode::no_code:
        case ErrorCode::unknown_schema:
        case ErrorCode::unknown_revision:
        case ErrorCode::missing:
        case ErrorCode::reorged:
        case ErrorCode::storage: break;
    }
    return Standing::own_word;
}

model::Error of_little(model::Error error) {
    if (error.code == ErrorCode::limit && error.retry == Retry::never) {
        error.code = ErrorCode::upstream;
        error.retry = Retry::other_endpoint;
    }
    return error;
}

bool Health::fail(const model::Error& error, bool counts, std::chrono::steady_clock::duration took, Time at) {
    trouble_ = error.message;
    if (error.code != ErrorCode::limit) checked_ = false;
    suspect_until_ = at + suspicion;
    if (counts && at - took >= failed_at_) {
        ++failures_;
        failed_at_ = at;
    }
    const bool silent = error.code == ErrorCode::unreachable;
    const bool dies = failures_ >= deadly_failures || (silent && took >= deadly_silence) || error.code == ErrorCode::wrong_chain;
    return dies && !std::exchange(dead_, true);
}

bool Health::note(const model::Error* error, std::chrono::steady_clock::duration took, Time at, bool little) {
    const Standing standing = standing_of(error);
    if (standing != Standing::own_word)
        return fail(*error, standing == Standing::silent || (little && error->code != ErrorCode::limit), took, at);
    failures_ = 0;
    suspect_until_ = Time{};
    trouble_.clear();
    return false;
}

bool Health::note_check(const model::Error* error, std::chrono::steady_clock::duration took, Time at) {
    if (error != nullptr) return fail(*error, error->code != ErrorCode::limit, took, at);
    checked_ = true;
    return false;
}

void Health::revive() {
    failures_ = 0;
    dead_ = false;
    suspect_until_ = Time{};
    trouble_.clear();
}

bool Pushes::polled(std::uint64_t head_number) {
    const bool moved = head_number > std::exchange(polled_, head_number);
    const bool heard = std::exchange(heard_, false);
    if (heard) silent_ = 0;
    else if (moved) ++silent_;
    return silent_ >= silent_polls;
}

}  // namespace margind::adapters::rpc
