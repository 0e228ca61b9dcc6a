// The real margind as a test's own process on a local chain, and a receiver of its web-hooks.
#include "tests/support/daemon_process.hpp"

#include <fmt/format.h>
#include <httplib.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <sys/wait.h>
#include <unistd.h>

namespace margind::tests {
namespace {

using nlohmann::json;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr const char* binary = MARGIND_BINARY_DIR "/daemon/margind";
constexpr milliseconds pause_between_looks{20};

[[noreturn]] void broken(const std::string& what) { throw std::runtime_error("daemon process: " + what); }

std::string text_of(const std::filesystem::path& file) {
    std::ifstream stream(file, std::ios::binary);
    std::ostringstream text;
    text << stream.rdbuf();
    return text.str();
}

pid_t start(std::vector<std::string> words, const std::filesystem::path& out, const std::filesystem::path& err) {
    words.insert(words.begin(), binary);
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    const pid_t process = ::fork();
    if (process < 0) broken(std::string("fork: ") + std::strerror(errno));
    if (process == 0) {
        const auto redirect = [](const std::filesystem::path& file, int to) {
            const int opened = ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
            if (opened < 0 || ::dup2(opened, to) < 0) ::_exit(126);
        };
        redirect(out, STDOUT_FILENO);
        redirect(err, STDERR_FILENO);
        ::unsetenv("MARGIND_RPC");
        ::execv(binary, argv.data());
        ::_exit(127);
    }
    return process;
}

// The exit code, or empty while it runs.
std::optional<int> ended(pid_t process) {
    int status = 0;
    const pid_t waited = ::waitpid(process, &status, WNOHANG);
    if (waited == 0) return std::nullopt;
    if (waited < 0) broken(std::string("waitpid: ") + std::strerror(errno));
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

std::optional<int> await_end(pid_t process, seconds within) {
    const auto until = Clock::now() + within;
    while (Clock::now() < until) {
        if (const auto code = ended(process)) return code;
        std::this_thread::sleep_for(pause_between_looks);
    }
    return std::nullopt;
}

std::string quoted(const std::string& text) { return json(text).dump(); }

}  // namespace

TempFolder::TempFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "margind_test_XXXXXX").string();
    if (!::mkdtemp(pattern.data())) broken(std::string("mkdtemp: ") + std::strerror(errno));
    path_ = pattern;
}

TempFolder::~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

std::string TempFolder::write(const std::string& name, const std::string& text) const {
    const std::filesystem::path file = path_ / name;
    std::ofstream stream(file, std::ios::binary);
    stream << text;
    if (!stream.flush()) broken("cannot write " + file.string());
    return file.string();
}

std::string config_text(const ChainProcess& chain, const ConfigOptions& options) {
    std::string text = options.more + "\n";
    if (options.storage) text += "[storage]\npath = \"margind.sqlite\"\n";
    text += fmt::format("[[portfolio]]\nname = \"desk\"\nowners = {}\n", json(options.owners).dump());
    if (!options.wallets.empty()) text += fmt::format("wallets = {}\n", json(options.wallets).dump());
    text += chain_text(chain, options);
    text += "[http]\nport = 0\n[sinks]\nlog = true\n";
    if (options.web_hook) text += fmt::format("[[sinks.web_hook]]\nname = \"test\"\nurl = {}\ndeadline_s = 2\n", quoted(*options.web_hook));
    return text;
}

std::string hyperliquid_text(const ChainProcess& chain, std::uint64_t chain_id, const std::string& unified_accounts) {
    std::string text = fmt::format("[[venue]]\nid = \"hyperliquid:{}\"\naddresses = {{ multicall = {} }}\n", chain_id,
                                   quoted(chain.address("/multicall3").to_string()));
    text += fmt::format("lists.standard_accounts = []\nlists.unified_accounts = [{}]\nlists.portfolio_accounts = []\n", unified_accounts);
    // Builder dex 1 with USDC; HYPE (150) priced by pair 107.
    text += fmt::format("ids.dexes = [\"0x{:016x}{:048}\"]\nids.margin_tiers = []\nids.spot_tokens = [\"0x{:016x}{:016x}{:032}\"]\n", 1, 0, 150, 107, 0);
    for (const auto& [token, label] : {std::pair("0x2000000000000000000000000000000000000000", "USDC"), std::pair("0x5045525000000000000000000000000000000001", "ETH"),
                                       std::pair("0x5045525000000000000000000000000000000000", "BTC"), std::pair("0x2000000000000000000000000000000000000096", "HYPE")})
        text += fmt::format("[[asset]]\nchain = {}\ntoken = \"{}\"\nunderlying = \"{}\"\nlabel = \"{}\"\n", chain_id, token, label, label);
    return text;
}

std::string gmx_v2_text(const ChainProcess& chain, std::uint64_t chain_id) {
    const json& gmx = chain.ready().at("addresses").at("gmx_v2");
    return fmt::format("[[venue]]\nid = \"gmx_v2:{}\"\naddresses = {{ reader = {}, data_store = {}, referral_storage = {}, price_provider = {} }}\n"
                       "ids.token_decimals = []\n[[asset]]\nchain = {}\ntoken = {}\nunderlying = \"BTC\"\nlabel = \"BTC\"\n",
                       chain_id, gmx.at("reader").dump(), gmx.at("data_store").dump(), gmx.at("reader").dump(), gmx.at("price_provider").dump(), chain_id,
                       gmx.at("synthetic").at("BTC").dump());
}

std::string chain_text(const ChainProcess& chain, const ConfigOptions& options) {
    const json& ready = chain.ready();
    const json& addresses = ready.at("addresses");
    const std::uint64_t id = options.chain_id;
    std::string text =
        fmt::format("[[chain]]\nid = {}\nname = \"local\"\nblock_time_s = {}\npoll_interval_s = 0.1\nquiet_chain = {}\nverify_every_blocks = {}\n", id,
                    options.block_time_s, options.quiet, options.verify_every_blocks);
    std::vector<ConfigEndpoint> endpoints = options.endpoints;
    if (endpoints.empty()) endpoints.push_back({"local", options.rpc_url.empty() ? chain.rpc_url() : options.rpc_url});
    for (const ConfigEndpoint& endpoint : endpoints) {
        text += fmt::format("[[endpoint]]\nchain = {}\noperator = {}\nurl = {}\n", id, quoted(endpoint.operator_name), quoted(endpoint.url));
        if (endpoint.requests_per_second) text += fmt::format("requests_per_second = {}\n", *endpoint.requests_per_second);
        if (endpoint.compute_units_per_second) text += fmt::format("compute_units_per_second = {}\n", *endpoint.compute_units_per_second);
    }
    if (options.aave)
        text += fmt::format("[[venue]]\nid = \"aave_v3:{}\"\naddresses = {{ addresses_provider = {} }}\n", id,
                            addresses.at("aave").at("addresses_provider").dump());
    json base_tokens = json::array();
    for (const auto& [market, token] : addresses.at("perp").at("base_tokens").items()) base_tokens.push_back(token);
    json collateral = json::array();
    collateral.push_back(addresses.at("tokens").at("WETH").at("address"));
    if (options.perp)
        text += fmt::format(
            "[[venue]]\nid = \"perp_v2:{}\"\naddresses = {{ clearing_house = {} }}\nlists = {{ base_tokens = {}, collateral_tokens = {} }}\n", id,
            addresses.at("perp").at("clearing_house").dump(), base_tokens.dump(), collateral.dump());
    if (addresses.contains("morpho"))
        text += fmt::format(
            "[[venue]]\nid = \"morpho_blue:{}\"\naddresses = {{ morpho = {} }}\nids = {{ markets = [] }}\n"
            "lists = {{ pre_liquidations = [], pre_liquidation_factories = [{}] }}\n",
            id, addresses.at("morpho").at("morpho").dump(), addresses.at("morpho").at("pre_liquidation_factory").dump());
    if (addresses.contains("compound"))
        for (const auto& [base, comet] : addresses.at("compound").items())
            text += fmt::format("[[venue]]\nid = \"compound_v3:{}/{}\"\naddresses = {{ comet = {} }}\n", id, base, comet.at("comet").dump());
    if (addresses.contains("aave_v36"))
        text += fmt::format("[[venue]]\nid = \"aave_v3:{}/v36\"\naddresses = {{ addresses_provider = {} }}\n", id,
                            addresses.at("aave_v36").at("addresses_provider").dump());
    if (addresses.contains("lyra"))
        text += fmt::format("[[venue]]\nid = \"lyra_avalon:{}\"\naddresses = {{ option_market_viewer = {} }}\n", id,
                            addresses.at("lyra").at("option_market_viewer").dump());
    if (addresses.contains("derive"))
        text += fmt::format(
            "[[venue]]\nid = \"derive:{}\"\naddresses = {{ standard_manager = {}, matching = {} }}\nlists = {{ portfolio_managers = [{}] }}\n", id,
            addresses.at("derive").at("standard").dump(), addresses.at("derive").at("matching").dump(),
            addresses.at("derive").at("portfolio").dump());
    const auto asset = [&](const std::string& token, const std::string& underlying, const std::string& label) {
        text += fmt::format("[[asset]]\nchain = {}\ntoken = {}\nunderlying = {}\nlabel = {}\n", id, quoted(token), quoted(underlying), quoted(label));
    };
    for (const auto& [label, token] : addresses.at("tokens").items()) asset(token.at("address"), token.at("feed"), label);
    for (const auto& [market, token] : addresses.at("perp").at("base_tokens").items()) asset(token, market, "v" + market);
    if (addresses.contains("aave_v36"))
        for (const auto& [label, token] : addresses.at("aave_v36").at("tokens").items()) asset(token.at("address"), token.at("feed"), label);
    if (addresses.contains("lyra")) {
        asset(addresses.at("lyra").at("quote"), "USD", "sUSD");
        for (const auto& [market, parts] : addresses.at("lyra").at("markets").items()) asset(parts.at("base"), market, "s" + market);
    }
    if (addresses.contains("derive")) {
        asset(addresses.at("derive").at("cash"), "USDC", "cash");
        for (const char* market : {"ETH", "BTC"})
            for (const char* kind : {"option", "perp", "base"})
                asset(addresses.at("derive").at(market).at(kind), market, fmt::format("{} {}", market, kind));
    }
    if (addresses.contains("wallet")) {
        const auto growing = [&](const char* label, const char* ratio, const char* base) {
            asset(addresses.at("wallet").at(label).at("address"), label, label);
            text += fmt::format("ratio = {}\nbase = {}\n", quoted(ratio), quoted(base));
        };
        growing("vUSDC", "erc4626", "USDC");
        growing("vWETH", "erc4626", "ETH");
        growing("wstETH", "wsteth", "ETH");
    }
    for (const auto& [underlying, feed] : addresses.at("feeds").items())
        text += fmt::format("[[feed]]\nchain = {}\nasset = {}\naddress = {}\nheartbeat_s = 86400\ndeviation_ppm = 5000\n"
                            "description = \"v0.8/tests/MockV3Aggregator.sol\"\n", id, quoted(underlying), feed.dump());
    return text;
}

Finished run_margind(const std::vector<std::string>& arguments) {
    const TempFolder folder;
    const auto out = folder.path() / "out";
    const auto err = folder.path() / "err";
    const pid_t process = start(arguments, out, err);
    const auto code = await_end(process, seconds(60));
    if (!code) {
        ::kill(process, SIGKILL);
        ::waitpid(process, nullptr, 0);
        broken("still running after 60 s; stderr: " + text_of(err));
    }
    return Finished{*code, text_of(out), text_of(err)};
}

DaemonProcess::DaemonProcess(const TempFolder& folder, const std::string& config) : log_(folder.path() / "log") {
    const std::size_t before = text_of(log_).size();
    process_ = start({"run", "--config", folder.write("margind.toml", config)}, folder.path() / "out", log_);
    const auto until = Clock::now() + seconds(30);
    while (port_ == 0) {
        const std::string text = log().substr(before);
        if (const auto started = text.find("event=started"); started != std::string::npos && text.find('\n', started) != std::string::npos) {
            const std::string mark = "url=http://127.0.0.1:";
            port_ = std::atoi(text.c_str() + text.find(mark, started) + mark.size());
        } else if (const auto code = ended(process_)) {
            process_ = -1;
            broken(fmt::format("ended with {}: {}", *code, text));
        } else if (Clock::now() > until) {
            reap();
            broken("does not serve: " + text);
        } else {
            std::this_thread::sleep_for(pause_between_looks);
        }
    }
}

DaemonProcess::~DaemonProcess() { reap(); }

void DaemonProcess::reap() {
    if (process_ < 0) return;
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
    process_ = -1;
}

Answer DaemonProcess::get(const std::string& path) const {
    httplib::Client client("127.0.0.1", port_);
    client.set_read_timeout(20);
    const auto result = client.Get(path);
    if (!result) broken(fmt::format("GET {}: {}; log: {}", path, httplib::to_string(result.error()), log()));
    return Answer{result->status, result->get_header_value("Content-Type"), result->body, json::parse(result->body, nullptr, false)};
}

Answer DaemonProcess::await(const std::string& path, const std::function<bool(const Answer&)>& good, milliseconds within) const {
    const auto until = Clock::now() + within;
    for (;;) {
        Answer answer = get(path);
        if (good(answer)) return answer;
        if (Clock::now() > until) broken(fmt::format("GET {} did not become good; last: {} {}; log: {}", path, answer.status, answer.text, log()));
        std::this_thread::sleep_for(pause_between_looks);
    }
}

void DaemonProcess::await_block(const json& block) const {
    await("/v1/portfolios",
          [&](const Answer& answer) { return answer.status == 200 && answer.body.at("as_of").at(0).at("hash") == block.at("hash"); });
}

int DaemonProcess::stop() {
    ::kill(process_, SIGTERM);
    const auto code = await_end(process_, seconds(15));
    if (!code) broken("does not stop; log: " + log());
    process_ = -1;
    return *code;
}

void DaemonProcess::kill() { reap(); }

std::string DaemonProcess::log() const { return text_of(log_); }

WebHookReceiver::WebHookReceiver(int failures) : failures_(failures), server_(std::make_unique<httplib::Server>()) {
    server_->Post("/hook", [this](const httplib::Request& request, httplib::Response& response) {
        const std::lock_guard lock(mutex_);
        response.status = failures_ > 0 ? 500 : 204;
        if (failures_ > 0) --failures_;
        deliveries_.push_back(Delivery{response.status, request.get_header_value("Idempotency-Key"), json::parse(request.body, nullptr, false)});
    });
    port_ = server_->bind_to_any_port("127.0.0.1");
    if (port_ <= 0) broken("the web-hook receiver finds no port");
    thread_ = std::thread([this] { server_->listen_after_bind(); });
    while (!server_->is_running()) std::this_thread::sleep_for(milliseconds(1));
}

WebHookReceiver::~WebHookReceiver() {
    server_->stop();
    thread_.join();
}

std::string WebHookReceiver::url() const { return fmt::format("http://127.0.0.1:{}/hook", port_); }

std::vector<WebHookReceiver::Delivery> WebHookReceiver::deliveries() const {
    const std::lock_guard lock(mutex_);
    return deliveries_;
}

WebHookReceiver::Delivery WebHookReceiver::await(const std::function<bool(const Delivery&)>& good) const {
    const auto until = Clock::now() + seconds(20);
    for (;;) {
        const auto all = deliveries();
        for (const Delivery& delivery : all)
            if (delivery.answered == 204 && good(delivery)) return delivery;
        if (Clock::now() > until) broken(fmt::format("no such delivery among {}", all.size()));
        std::this_thread::sleep_for(pause_between_looks);
    }
}

}  // namespace margind::tests
