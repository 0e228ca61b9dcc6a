// A feed is read by the folder of its kind.
#include "adapters/oracles/oracle.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace margind::adapters::oracles {
namespace {

const Kind& kind_of(const config::Feed& feed) {
    const std::string_view name = config::kind_of(feed.source);
    const auto kinds = all_kinds();
    const auto found = std::find_if(kinds.begin(), kinds.end(), [&](const Kind& kind) { return kind.name == name; });
    if (found == kinds.end()) throw std::logic_error("no folder of oracles reads " + std::string(name));
    return *found;
}

}  // namespace

std::unique_ptr<Reading<Observation>> read_price(const config::Feed& feed, Before before, const model::BlockRef& block) {
    return kind_of(feed).read_price(feed, std::move(before), block);
}

std::unique_ptr<Reading<std::string>> read_description(const config::Feed& feed) { return kind_of(feed).read_description(feed); }

std::string source_of(const config::Feed& feed) {
    const auto* packages = std::get_if<config::RedstoneFeed>(&feed.source);
    return std::string(config::kind_of(feed.source)) + ":" + std::to_string(feed.chain.value) + ":" +
           (packages ? packages->data_feed : feed.address.to_string());
}

}  // namespace margind::adapters::oracles
