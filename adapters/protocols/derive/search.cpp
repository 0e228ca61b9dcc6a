// By which logs the subaccounts of an owner are found.
#include "adapters/protocols/derive/search.hpp"

#include "adapters/evm/topic.hpp"
#include "risk/model/keccak.hpp"

#include <algorithm>

namespace margind::adapters::protocols::derive {

using model::Bytes32;
using model::U256;

namespace {

/// Of Matching; the number is its first indexed field.
const Bytes32 deposited = model::keccak256("DepositedSubAccount(uint256,address)");
/// Of SubAccounts, a token of which is a subaccount; the number is its third.
const Bytes32 transfer = model::keccak256("Transfer(address,address,uint256)");

}  // namespace

std::vector<Search> owner_searches(const model::Facts& config, const model::Address& owner, std::uint64_t from_block) {
    const auto matching = config.address("matching");
    const auto subaccounts = config.address("subaccounts");
    if (!matching || !subaccounts) return {};
    Search search;
    search.filter.addresses = {*matching, *subaccounts};
    // Both name the new owner second.
    search.filter.topics = {{deposited, transfer}, {}, {evm::topic_of(owner)}};
    search.from_block = from_block;
    return {search};
}

std::vector<U256> subaccounts_in(std::span<const Log> logs) {
    std::vector<U256> found;
    for (const Log& log : logs) {
        if (log.topics.size() == 3 && log.topics[0] == deposited) found.push_back(U256::from_big_endian(log.topics[1].bytes));
        if (log.topics.size() == 4 && log.topics[0] == transfer) found.push_back(U256::from_big_endian(log.topics[3].bytes));
    }
    std::sort(found.begin(), found.end());
    found.erase(std::unique(found.begin(), found.end()), found.end());
    return found;
}

}  // namespace margind::adapters::protocols::derive
