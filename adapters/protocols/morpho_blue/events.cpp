// The logs of Morpho Blue that tell whose stored state changed.
#include "adapters/protocols/morpho_blue/events.hpp"

#include "adapters/evm/topic.hpp"
#include "risk/model/keccak.hpp"

#include <string_view>

namespace margind::adapters::protocols::morpho_blue {

using model::Address;
using model::Bytes32;

namespace {

/// EventsLib.sol: which topic names the owner, the signature being topic 0.
struct Event {
    Bytes32 signature;
    std::size_t owner;
};

const std::vector<Event>& events() {
    static const std::vector<Event> all = [] {
        std::vector<Event> list;
        const auto add = [&](std::string_view signature, std::size_t owner) { list.push_back({model::keccak256(signature), owner}); };
        add("Supply(bytes32,address,address,uint256,uint256)", 3);
        add("Withdraw(bytes32,address,address,address,uint256,uint256)", 2);
        add("Borrow(bytes32,address,address,address,uint256,uint256)", 2);
        add("Repay(bytes32,address,address,uint256,uint256)", 3);
        add("SupplyCollateral(bytes32,address,address,uint256)", 3);
        add("WithdrawCollateral(bytes32,address,address,address,uint256)", 2);
        add("Liquidate(bytes32,address,address,uint256,uint256,uint256,uint256,uint256)", 3);
        add("SetAuthorization(address,address,address,bool)", 2);
        return list;
    }();
    return all;
}

}  // namespace

std::optional<Watch> watch(const model::Facts& venue) {
    const auto morpho = venue.address("morpho");
    if (!morpho) return std::nullopt;
    Watch watch;
    watch.addresses.push_back(*morpho);
    for (const Event& event : events()) watch.topics.push_back(event.signature);
    return watch;
}

std::vector<Address> touched(const Log& log) {
    for (const Event& event : events()) {
        if (log.topics.empty() || event.signature != log.topics.front() || event.owner >= log.topics.size()) continue;
        return {evm::address_in(log.topics[event.owner])};
    }
    return {};
}

}  // namespace margind::adapters::protocols::morpho_blue
