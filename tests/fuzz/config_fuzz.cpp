// Fuzz entry of configuration files: what is accepted describes itself as a file that loads as the same settings.
#include "config/settings.hpp"

#include <cstdint>
#include <cstdlib>

using namespace margind;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const config::Environment environment = [](const std::string&) { return std::optional<std::string>("http://127.0.0.1/key"); };
    const auto settings = config::parse(text, "fuzz.toml", environment);
    if (!settings) {
        // Each line names the file, and no secret is in any.
        if (!settings.error().message.starts_with("fuzz.toml:") || settings.error().message.find("/key") != std::string::npos) std::abort();
        return 0;
    }
    if (!settings->endpoints.empty() || !settings->sinks.web_hooks.empty()) return 0;
    const std::string described = config::describe(*settings);
    const auto again = config::parse(described, "fuzz.toml", environment);
    if (!again || config::describe(*again) != described) std::abort();
    return 0;
}
