// The logs of a comet that tell whose stored state changed.
#include "adapters/protocols/compound_v3/events.hpp"

#include "adapters/evm/topic.hpp"
#include "risk/model/keccak.hpp"

#include <algorithm>
#include <string_view>

namespace margind::adapters::protocols::compound_v3 {

using model::Address;
using model::Bytes32;

namespace {

/// CometMainInterface: which topics name those whose state it changes, the signature being topic 0.
struct Event {
    Bytes32 signature;
    std::vector<std::size_t> owners;
};

const std::vector<Event>& events() {
    static const std::vector<Event> all = [] {
        std::vector<Event> list;
        const auto add = [&](std::string_view signature, std::vector<std::size_t> owners) {
            list.push_back({model::keccak256(signature), std::move(owners)});
        };
        add("Supply(address,address,uint256)", {2});
        add("Withdraw(address,address,uint256)", {1});
        // Of the base token; to or from the zero address where it is supplied or withdrawn.
        add("Transfer(address,address,uint256)", {1, 2});
        add("SupplyCollateral(address,address,address,uint256)", {2});
        add("WithdrawCollateral(address,address,address,uint256)", {1});
        add("TransferCollateral(address,address,address,uint256)", {1, 2});
        add("AbsorbDebt(address,address,uint256,uint256)", {2});
        add("AbsorbCollateral(address,address,address,uint256,uint256)", {2});
        return list;
    }();
    return all;
}

}  // namespace

std::optional<Watch> watch(const model::Facts& venue) {
    const auto comet = venue.address("comet");
    if (!comet) return std::nullopt;
    Watch watch;
    watch.addresses.push_back(*comet);
    for (const Event& event : events()) watch.topics.push_back(event.signature);
    return watch;
}

std::vector<Address> touched(const Log& log) {
    std::vector<Address> owners;
    for (const Event& event : events()) {
        if (log.topics.empty() || event.signature != log.topics.front()) continue;
        for (const std::size_t place : event.owners) {
            if (place >= log.topics.size()) continue;
            const Address owner = evm::address_in(log.topics[place]);
            if (!owner.is_zero() && std::find(owners.begin(), owners.end(), owner) == owners.end()) owners.push_back(owner);
        }
    }
    return owners;
}

}  // namespace margind::adapters::protocols::compound_v3
