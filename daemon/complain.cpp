// How a command says why it failed.
#include "daemon/complain.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <string_view>

namespace margind::daemon {

ExitCode complain(const model::Error& error, ExitCode code) {
    std::string_view rest = error.message;
    while (!rest.empty()) {
        const auto end = rest.find('\n');
        fmt::print(stderr, "margind: {}\n", rest.substr(0, end));
        rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
    }
    return code;
}

}  // namespace margind::daemon
