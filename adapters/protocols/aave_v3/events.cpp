// The logs of the pool and its tokens that tell whose stored state changed.
#include "adapters/protocols/aave_v3/events.hpp"

#include "adapters/protocols/aave_v3/facts.hpp"
#include "adapters/protocols/aave_v3/line.hpp"
#include "risk/model/keccak.hpp"

#include <algorithm>
#include <string_view>

namespace margind::adapters::protocols::aave_v3 {

using model::Address;
using model::Bytes32;

namespace {

/// Where an event names those whose state it changes: places among its topics, the signature being topic 0.
struct Event {
    Bytes32 signature;
    std::vector<std::size_t> owners;
    /// Empty: of both lines.
    std::optional<Line> line{};
};

/// Pool.sol, AToken.sol, VariableDebtToken.sol and StableDebtToken.sol of 3.0.x and 3.6. Every balance moves with a Transfer of its token and every
/// switch with an event of the pool, so half of these would do: one that a node omits is made good by the others.
const std::vector<Event>& events() {
    static const std::vector<Event> all = [] {
        std::vector<Event> list;
        const auto add = [&](std::string_view signature, std::vector<std::size_t> owners, std::optional<Line> line = {}) {
            list.push_back({model::keccak256(signature), std::move(owners), line});
        };
        add("Supply(address,address,address,uint256,uint16)", {2});
        add("Withdraw(address,address,address,uint256)", {2});
        add("Borrow(address,address,address,uint256,uint8,uint256,uint16)", {2});
        add("Repay(address,address,address,uint256,bool)", {2});
        add("LiquidationCall(address,address,address,uint256,uint256,address,bool)", {3});
        add("UserEModeSet(address,uint8)", {1});
        add("ReserveUsedAsCollateralEnabled(address,address)", {2});
        add("ReserveUsedAsCollateralDisabled(address,address)", {2});
        add("SwapBorrowRateMode(address,address,uint8)", {2}, Line::v3_0);
        add("RebalanceStableBorrowRate(address,address)", {2}, Line::v3_0);
        add("MintUnbacked(address,address,address,uint256,uint16)", {2}, Line::v3_0);
        // What is left of debts when the collateral is gone.
        add("DeficitCreated(address,address,uint256)", {1}, Line::v3_6);
        // Of all tokens; to or from the zero address where they are minted or burned.
        add("Transfer(address,address,uint256)", {1, 2});
        // Of aTokens.
        add("BalanceTransfer(address,address,uint256,uint256)", {1, 2});
        // Of aTokens and variable debt.
        add("Mint(address,address,uint256,uint256,uint256)", {2});
        add("Burn(address,address,uint256,uint256,uint256)", {1});
        // Of stable debt.
        add("Mint(address,address,uint256,uint256,uint256,uint256,uint256,uint256)", {2}, Line::v3_0);
        add("Burn(address,uint256,uint256,uint256,uint256,uint256)", {1}, Line::v3_0);
        return list;
    }();
    return all;
}

const Bytes32& liquidation_call() {
    static const Bytes32 signature = model::keccak256("LiquidationCall(address,address,address,uint256,uint256,address,bool)");
    return signature;
}

constexpr std::size_t word = 32;
constexpr std::size_t liquidator_word = 2;
constexpr std::size_t receives_a_tokens_word = 3;

Address last_20_bytes(std::span<const std::byte> of) {
    Address address;
    std::copy(of.end() - static_cast<std::ptrdiff_t>(address.bytes.size()), of.end(), address.bytes.begin());
    return address;
}

}  // namespace

std::optional<Watch> watch(const model::Facts& venue) {
    const auto pool = venue.address("pool");
    const auto line = line_of(venue);
    const auto listed = venue.u256("listed");
    if (!pool || !line || !listed) return std::nullopt;
    Watch watch;
    watch.addresses.push_back(*pool);
    for (unsigned id = 0; id < max_reserves; ++id) {
        if (!listed->bit(id)) continue;
        for (const char* token : {"a_token", "variable_debt_token", "stable_debt_token"}) {
            if (*line == Line::v3_6 && token == std::string_view("stable_debt_token")) continue;
            const auto address = venue.address(reserve_fact(id, token));
            if (!address) return std::nullopt;
            watch.addresses.push_back(*address);
        }
    }
    for (const Event& event : events())
        if (!event.line || event.line == line) watch.topics.push_back(event.signature);
    return watch;
}

std::vector<Address> touched(const Log& log) {
    std::vector<Address> owners;
    const auto add = [&owners](const Address& owner) {
        if (!owner.is_zero() && std::find(owners.begin(), owners.end(), owner) == owners.end()) owners.push_back(owner);
    };
    if (log.topics.empty()) return owners;
    for (const Event& event : events()) {
        if (event.signature != log.topics.front()) continue;
        for (const std::size_t place : event.owners)
            if (place < log.topics.size()) add(last_20_bytes(log.topics[place].bytes));
    }
    // The liquidator stands in the data, and is a user only when it takes aTokens.
    const std::span<const std::byte> data(log.data);
    if (log.topics.front() == liquidation_call() && data.size() >= (receives_a_tokens_word + 1) * word &&
        data[(receives_a_tokens_word + 1) * word - 1] != std::byte{0})
        add(last_20_bytes(data.subspan(liquidator_word * word, word)));
    return owners;
}

}  // namespace margind::adapters::protocols::aave_v3
