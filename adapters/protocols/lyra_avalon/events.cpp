// The logs of option tokens that tell whose options changed.
#include "adapters/evm/topic.hpp"
#include "adapters/protocols/lyra_avalon/facts.hpp"
#include "adapters/protocols/lyra_avalon/readings.hpp"
#include "risk/model/keccak.hpp"

#include <algorithm>
#include <array>

namespace margind::adapters::protocols::lyra_avalon {

namespace {

using model::Address;
using model::Bytes32;

/// Each change of a position emits this one, its owner in topic 2; a transfer moves it without.
const Bytes32& position_updated() {
    static const Bytes32 signature =
        model::keccak256("PositionUpdated(uint256,address,uint8,(uint256,uint256,uint8,uint256,uint256,uint8),uint256)");
    return signature;
}

const Bytes32& transfer() {
    static const Bytes32 signature = model::keccak256("Transfer(address,address,uint256)");
    return signature;
}

}  // namespace

std::optional<Watch> watch(const model::Facts& venue) {
    FactReader known(venue);
    Watch watch;
    const std::uint64_t markets = known.count("markets", max_markets);
    for (std::size_t i = 0; i < markets; ++i) watch.addresses.push_back(known.address(of_market(i, "option_token")));
    watch.topics = {position_updated(), transfer()};
    if (!known.ok() || watch.addresses.empty()) return std::nullopt;
    return watch;
}

std::vector<Address> touched(const Log& log) {
    std::vector<Address> owners;
    if (log.topics.size() < 3) return owners;
    const auto add = [&](const Bytes32& topic) {
        const Address owner = evm::address_in(topic);
        if (!owner.is_zero() && std::find(owners.begin(), owners.end(), owner) == owners.end()) owners.push_back(owner);
    };
    if (log.topics[0] == position_updated()) add(log.topics[2]);
    if (log.topics[0] == transfer()) {
        add(log.topics[1]);
        add(log.topics[2]);
    }
    return owners;
}

}  // namespace margind::adapters::protocols::lyra_avalon
