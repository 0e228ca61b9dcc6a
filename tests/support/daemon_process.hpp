// The real margind as a test's own process on a local chain, and a receiver of its web-hooks.
#pragma once

#include "tests/support/chain_process.hpp"

#include <nlohmann/json.hpp>

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <sys/types.h>
#include <thread>
#include <vector>

namespace httplib {
class Server;
}

namespace margind::tests {

/// A folder of its own below the system's temporary one, gone with the object.
class TempFolder {
public:
    TempFolder();
    ~TempFolder();
    TempFolder(const TempFolder&) = delete;
    TempFolder& operator=(const TempFolder&) = delete;
    const std::filesystem::path& path() const { return path_; }
    /// Writes a file and gives its path.
    std::string write(const std::string& name, const std::string& text) const;

private:
    std::filesystem::path path_;
};

struct ConfigEndpoint {
    std::string operator_name;
    std::string url;
    std::optional<double> requests_per_second{};
    std::optional<double> compute_units_per_second{};
};

struct ConfigOptions {
    std::vector<std::string> owners{};
    /// Of the same portfolio.
    std::vector<std::string> wallets{};
    /// The only endpoint where `endpoints` is empty; empty: the chain's own.
    std::string rpc_url{};
    std::vector<ConfigEndpoint> endpoints{};
    std::uint64_t chain_id = 31337;
    std::optional<std::string> web_hook{};
    /// False: nothing is stored.
    bool storage = true;
    std::uint32_t verify_every_blocks = 32;
    /// False: a chain without new blocks is stale.
    bool quiet = true;
    double block_time_s = 12;
    bool aave = true;
    /// Perp V2 beside Aave.
    bool perp = true;
    /// Further TOML, before the first table.
    std::string more{};
};

/// A configuration for Aave and Perp V2, for what else the chain has (the markets of Morpho found by logs), all assets and feeds of the local
/// chain; the daemon takes any free port.
std::string config_text(const ChainProcess& chain, const ConfigOptions& options);
/// The part of it that is of one chain: endpoints, venues, assets, feeds.
std::string chain_text(const ChainProcess& chain, const ConfigOptions& options);
/// The doubles' venues, with what assets they have besides the chain's tokens. `lists` are addresses of owners by mode.
std::string hyperliquid_text(const ChainProcess& chain, std::uint64_t chain_id, const std::string& unified_accounts = {});
std::string gmx_v2_text(const ChainProcess& chain, std::uint64_t chain_id);

struct Finished {
    int code = -1;
    std::string out;
    std::string err;
};

/// Runs margind to its end; throws when it takes longer than 60 s.
Finished run_margind(const std::vector<std::string>& arguments);

struct Answer {
    int status = 0;
    std::string content_type;
    std::string text;
    nlohmann::json body;
};

/// `margind run`, from construction, when it serves, to destruction.
class DaemonProcess {
public:
    DaemonProcess(const TempFolder& folder, const std::string& config);
    ~DaemonProcess();
    DaemonProcess(const DaemonProcess&) = delete;
    DaemonProcess& operator=(const DaemonProcess&) = delete;

    int port() const { return port_; }
    pid_t pid() const { return process_; }
    Answer get(const std::string& path) const;
    /// Asks until `good` holds for the answer; throws with the last answer after `within`.
    Answer await(const std::string& path, const std::function<bool(const Answer&)>& good,
                 std::chrono::milliseconds within = std::chrono::seconds(20)) const;
    /// Until the state stands on this block.
    void await_block(const nlohmann::json& block) const;
    /// SIGTERM, and the exit code.
    int stop();
    /// SIGKILL.
    void kill();
    std::string log() const;

private:
    void reap();

    std::filesystem::path log_;
    pid_t process_ = -1;
    int port_ = 0;
};

/// Answers the first `failures` deliveries with 500, the others with 204.
class WebHookReceiver {
public:
    explicit WebHookReceiver(int failures);
    ~WebHookReceiver();
    std::string url() const;

    struct Delivery {
        int answered = 0;
        std::string key;
        nlohmann::json body;
    };
    std::vector<Delivery> deliveries() const;
    /// Until an accepted delivery is good; throws after 20 s.
    Delivery await(const std::function<bool(const Delivery&)>& good) const;

private:
    int failures_;
    int port_ = 0;
    mutable std::mutex mutex_;
    std::vector<Delivery> deliveries_;
    std::unique_ptr<httplib::Server> server_;
    std::thread thread_;
};

}  // namespace margind::tests
