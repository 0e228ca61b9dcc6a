// Signed packages from a gateway: whatever comes, it is packages or an error, and a payload says what its bytes say.
#include "adapters/oracles/redstone/kind.hpp"
#include "adapters/oracles/redstone/package.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string_view>

namespace {

using namespace margind;
namespace redstone = adapters::oracles::redstone;

void check(const std::vector<adapters::oracles::SignedPackage>& packages) {
    if (packages.size() > 1'024) std::abort();
    adapters::oracles::Delivery delivery;
    delivery.packages = packages;
    config::RedstoneFeed source{"ETH", config::Secret("http://localhost", "fuzz"), {}, 1};
    for (const auto& package : packages) {
        if (package.points.empty()) std::abort();
        if (package.signer) source.signers.push_back(*package.signer);
    }
    const auto verdict = redstone::judge(source, 96, &delivery, std::nullopt, 1'719'856'900);
    // Without a signer nothing is worth anything.
    if (verdict.refused.empty() && source.signers.empty()) std::abort();
    if (verdict.refused.empty() && (verdict.answer.raw.is_negative() || verdict.answer.raw.is_zero())) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const redstone::Wanted wanted{redstone::data_feed_id("ETH")};
    const auto bytes = std::as_bytes(std::span(data, size));
    if (const auto packages = redstone::parse_payload(bytes, wanted)) check(*packages);
    if (const auto packages = redstone::parse_delivery(std::string_view(reinterpret_cast<const char*>(data), size), wanted)) check(*packages);
    return 0;
}
