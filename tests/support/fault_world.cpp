// Three operators that can be made to fail and lie, in front of one local chain, and what daemons say of it.
#include "tests/support/fault_world.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <fstream>
#include <stdexcept>

namespace margind::tests {

using nlohmann::json;

FaultWorld::FaultWorld(const std::vector<std::string>& chain_options) : chain_(std::make_unique<ChainProcess>(chain_options)) {
    for (auto& proxy : proxies_) proxy = std::make_unique<FaultProxy>(chain_->rpc_url());
}

const char* FaultWorld::name(std::size_t place) {
    static constexpr std::array<const char*, count> names{"alpha", "beta", "gamma"};
    return names.at(place);
}

std::vector<ConfigEndpoint> FaultWorld::endpoints(std::optional<double> requests_per_second) const {
    std::vector<ConfigEndpoint> out;
    for (std::size_t i = 0; i < count; ++i)
        out.push_back({name(i), i == 1 ? proxies_[i]->url() : proxies_[i]->ws_url(), requests_per_second, std::nullopt});
    return out;
}

std::vector<ConfigEndpoint> FaultWorld::honest_endpoints() const {
    std::vector<ConfigEndpoint> out;
    for (std::size_t i = 0; i < count; ++i) out.push_back({name(i), fmt::format("{}/?operator={}", chain_->rpc_url(), name(i)), std::nullopt, std::nullopt});
    return out;
}

void FaultWorld::await_searched(const DaemonProcess& daemon) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(40);
    while (true) {
        chain_->rpc("evm_mine");
        json block = json::object();
        block["hash"] = chain_->head().hash.to_string();
        daemon.await_block(block);
        const std::string accounts = daemon.get("/v1/portfolios/desk/accounts").text;
        if (accounts.find("searching") == std::string::npos) return;
        if (std::chrono::steady_clock::now() > until) throw std::runtime_error("the search does not end; last: " + accounts);
    }
}

std::vector<std::string> FaultWorld::open_accounts() {
    struct Account {
        const char* collateral;
        const char* amount;
        const char* debt;
        const char* borrowed;
    };
    const std::vector<Account> accounts{{"WETH", "10", "USDC", "22000"}, {"WBTC", "5", "USDC", "200000"}, {"WETH", "8", "DAI", "9000"}};
    std::vector<std::string> owners;
    for (std::size_t i = 0; i < accounts.size(); ++i) {
        verb("aave_supply", {{"user", i}, {"asset", accounts[i].collateral}, {"amount", accounts[i].amount}});
        verb("aave_borrow", {{"user", i}, {"asset", accounts[i].debt}, {"amount", accounts[i].borrowed}});
        owners.push_back(user(i));
    }
    return owners;
}

std::map<std::string, std::string> FaultWorld::truth_of(const std::string& owner, const std::string& block) {
    static const std::vector<std::string> names{"totalCollateralBase",         "totalDebtBase", "availableBorrowsBase",
                                                "currentLiquidationThreshold", "ltv",           "healthFactor"};
    const model::U256 user = word_of(model::Address::parse(owner).value());
    const auto words = words_of(chain_->call(chain_->address("/aave/pool"), call_data("getUserAccountData(address)", {user}), block));
    std::map<std::string, std::string> out;
    for (std::size_t i = 0; i < names.size(); ++i) out[names[i]] = words.at(i).to_decimal();
    return out;
}

std::vector<std::string> FaultWorld::failures() const {
    std::vector<std::string> out;
    for (const auto& proxy : proxies_)
        for (const std::string& failure : proxy->record().failures()) out.push_back(failure);
    return out;
}

std::multiset<Page> PageReader::next() {
    static const std::set<std::string> paging{"call", "critical", "liquidatable"};
    std::multiset<Page> out;
    for (;;) {
        const Answer answer = daemon_.get(fmt::format("/v1/incidents?after={}&limit=1000", after_));
        if (answer.status != 200) throw std::runtime_error("incidents: " + answer.text);
        const json& events = answer.body.at("events");
        for (const json& event : events) {
            const std::string level = event.at("level");
            const json from = event.value("from", json());
            if (paging.contains(level) || (from.is_string() && paging.contains(from.get<std::string>())))
                out.insert(Page{event.at("id"), event.at("type"), event.value("account_key", json()).dump(), level});
        }
        after_ = answer.body.at("next_after");
        if (events.empty()) return out;
    }
}

std::map<std::string, AccountState> account_states(const DaemonProcess& daemon) {
    std::map<std::string, AccountState> out;
    const Answer answer = daemon.get("/v1/portfolios/desk/accounts");
    if (answer.status != 200) throw std::runtime_error("accounts: " + answer.text);
    for (const json& account : answer.body.at("accounts")) {
        AccountState& state = out[account.at("key").get<std::string>()];
        state.level = account.at("level");
        state.grade = account.at("grade").at("kind");
        if (account.at("native").is_array())
            for (const json& figure : account.at("native")) state.native[figure.at("name").get<std::string>()] = figure.at("value").get<std::string>();
    }
    return out;
}

json bare_accounts(const DaemonProcess& daemon) {
    const Answer answer = daemon.get("/v1/portfolios/desk/accounts");
    if (answer.status != 200) throw std::runtime_error("accounts: " + answer.text);
    json accounts = answer.body.at("accounts");
    for (json& account : accounts) {
        account.erase("remembered");
        account.erase("views");
        json& kind = account.at("grade").at("kind");
        if (kind == "recomputed") kind = "verified";
    }
    return accounts;
}

std::size_t peak_memory_kib(pid_t process) {
    std::ifstream status(fmt::format("/proc/{}/status", process));
    std::string word;
    std::size_t kib = 0;
    while (status >> word)
        if (word == "VmHWM:" && status >> kib) return kib;
    throw std::runtime_error("no VmHWM of a process");
}

double disputes(const DaemonProcess& daemon, const std::string& operator_name) {
    const std::string text = daemon.get("/metrics").text;
    std::size_t at = 0;
    while ((at = text.find("margind_disputes_total{", at)) != std::string::npos) {
        const std::string line = text.substr(at, text.find('\n', at) - at);
        if (line.find("\"" + operator_name + "\"") != std::string::npos) {
            double value = 0;
            const char* first = line.data() + line.rfind(' ') + 1;
            std::from_chars(first, line.data() + line.size(), value);
            return value;
        }
        ++at;
    }
    return 0;
}

}  // namespace margind::tests
