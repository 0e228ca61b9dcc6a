// Three operators that can be made to fail and lie, in front of one local chain, and what daemons say of it.
#pragma once

#include "tests/support/daemon_process.hpp"
#include "tests/support/fault_proxy.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace margind::tests {

class FaultWorld {
public:
    static constexpr std::size_t count = 3;

    explicit FaultWorld(const std::vector<std::string>& chain_options = {});

    ChainProcess& chain() { return *chain_; }
    FaultProxy& proxy(std::size_t place) { return *proxies_.at(place); }
    static const char* name(std::size_t place);
    /// The three proxies: the first and the last over WebSockets.
    std::vector<ConfigEndpoint> endpoints(std::optional<double> requests_per_second = {}) const;
    /// As many operators, each straight at the node.
    std::vector<ConfigEndpoint> honest_endpoints() const;

    std::string user(std::size_t index) const { return chain_->ready().at("accounts").at(index).get<std::string>(); }
    nlohmann::json verb(const std::string& verb, const nlohmann::json& arguments) { return chain_->verb(verb, arguments).at("block"); }
    /// Mines until the daemon, which takes up what was searched with each new head, searches for nothing more.
    void await_searched(const DaemonProcess& daemon);
    /// 10 WETH against 22,000 USDC for the first: liquidated at 2667 dollars; 5 WBTC against 200,000 USDC for the second: at 51,282;
    /// 8 WETH against 9,000 DAI for the third.
    std::vector<std::string> open_accounts();
    /// getUserAccountData at that block hash, by another client: figures by their names, as decimals.
    std::map<std::string, std::string> truth_of(const std::string& owner, const std::string& block);
    /// What all proxies recorded as broken of themselves.
    std::vector<std::string> failures() const;

private:
    std::unique_ptr<ChainProcess> chain_;
    std::array<std::unique_ptr<FaultProxy>, count> proxies_;
};

/// An event that pages: of an incident at CALL or worse, or one that was.
struct Page {
    std::string id;
    std::string type;
    std::string account;
    std::string level;
    auto operator<=>(const Page&) const = default;
};

/// Reads a daemon's incidents on from where it stopped.
class PageReader {
public:
    explicit PageReader(const DaemonProcess& daemon) : daemon_(daemon) {}
    /// The pages since the last call.
    std::multiset<Page> next();

private:
    const DaemonProcess& daemon_;
    std::uint64_t after_ = 0;
};

/// Each account's level, grade and the venue's own figures, by its key.
struct AccountState {
    std::string level;
    std::string grade;
    std::map<std::string, std::string> native;
    bool operator==(const AccountState&) const = default;
};
std::map<std::string, AccountState> account_states(const DaemonProcess& daemon);
/// The accounts of /v1/portfolios/desk/accounts without what depends on what a daemon remembers, and on whether it carried an account
/// forward or read it with its views.
nlohmann::json bare_accounts(const DaemonProcess& daemon);

/// VmHWM of a process in KiB: the most memory that it has held at once.
std::size_t peak_memory_kib(pid_t process);
/// margind_disputes_total of an operator.
double disputes(const DaemonProcess& daemon, const std::string& operator_name);

}  // namespace margind::tests
