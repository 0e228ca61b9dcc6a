// The value or the reason: how everything that outside input can make fail is returned.
#pragma once

#include <tl/expected.hpp>

#include <cstdint>
#include <string>
#include <utility>

namespace margind::model {

/// What a caller branches on; the text is for people.
enum class ErrorCode : std::uint8_t {
    bad_input,           ///< malformed text, JSON, configuration or command line
    out_of_range,        ///< a number does not fit its type or documented range
    decode,              ///< bytes from a chain do not have the expected layout
    reverted,            ///< a contract call reverted
    no_code,             ///< an address holds no contract
    unknown_schema,      ///< facts of a schema or version that no rule knows
    unknown_revision,    ///< a deployment's revision that the rule does not know
    missing,             ///< a named thing (fact, asset, block, row) is absent
    unreachable,         ///< no connection, time-out, connection lost
    upstream,            ///< an endpoint answered with an error or nonsense
    wrong_chain,         ///< an endpoint serves another chain
    reorged,             ///< a pinned block is no longer known
    storage,             ///< the database refused
    limit,               ///< a bound (size, depth, count, rate) was exceeded
};
const char* to_string(ErrorCode code);

enum class Retry : std::uint8_t { never, later, other_endpoint };

/// `message` is one sentence that contains the offending value and what to do.
struct Error {
    ErrorCode code = ErrorCode::bad_input;
    std::string message;
    Retry retry = Retry::never;
};

template <class T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
public:
    using tl::expected<T, Error>::expected;
    Result(tl::expected<T, Error> base) : tl::expected<T, Error>(std::move(base)) {}
};

inline tl::unexpected<Error> fail(ErrorCode code, std::string message, Retry retry = Retry::never) {
    return tl::unexpected<Error>(Error{code, std::move(message), retry});
}
inline tl::unexpected<Error> fail(Error error) { return tl::unexpected<Error>(std::move(error)); }

}  // namespace margind::model
