// The calibration in force: the configured file, or the one that is built in.
#include "daemon/market_file.hpp"

#include "config/resources.hpp"
#include "daemon/text_file.hpp"
#include "risk/market_file.hpp"

#include <fmt/format.h>
namespace margind::daemon {
namespace {

constexpr std::size_t largest = std::size_t{16} << 20;

model::Result<model::Market> parse(std::string_view text, const std::string& name) {
    auto market = risk::parse_market(text);
    if (!market) return model::fail(market.error().code, fmt::format("calibration {}: {}", name, market.error().message));
    return market;
}

}  // namespace

model::Result<model::Market> load_market(const config::Settings& settings) {
    if (!settings.market_file) return parse(config::resource("market.json"), "built in");
    const std::string name = settings.market_file->string();
    const auto text = read_text_file(name, largest);
    if (!text) return model::fail(text.error());
    return parse(*text, name);
}

}  // namespace margind::daemon
