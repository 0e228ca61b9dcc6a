// What the process answers its caller.
#include "daemon/exit_code.hpp"

namespace margind::daemon {

ExitCode exit_code_of(const model::Headline& headline) {
    switch (headline.level) {
        case model::Level::liquidatable:
        case model::Level::critical: return ExitCode::critical;
        case model::Level::call:
        case model::Level::warn: return ExitCode::warned;
        case model::Level::unknown: return ExitCode::unknown;
        case model::Level::watch:
        case model::Level::ok: return headline.doubtful_price ? ExitCode::unknown : ExitCode::ok;
    }
    return ExitCode::internal;
}

ExitCode exit_code_of(const model::Error& error) {
    switch (error.code) {
        case model::ErrorCode::unreachable:
        case model::ErrorCode::upstream:
        case model::ErrorCode::reorged:
        case model::ErrorCode::limit: return ExitCode::no_upstream;
        case model::ErrorCode::wrong_chain:
        case model::ErrorCode::no_code:
        case model::ErrorCode::bad_input:
        case model::ErrorCode::out_of_range:
        case model::ErrorCode::missing: return ExitCode::config;
        case model::ErrorCode::decode:
        case model::ErrorCode::reverted:
        case model::ErrorCode::unknown_schema:
        case model::ErrorCode::unknown_revision:
        case model::ErrorCode::storage: return ExitCode::internal;
    }
    return ExitCode::internal;
}

}  // namespace margind::daemon
