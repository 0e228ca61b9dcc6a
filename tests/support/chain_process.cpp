// The local chain as a test's own process, and a second way to ask it: none of this uses our client or codec.
#include "tests/support/chain_process.hpp"

#include "risk/model/keccak.hpp"

#include <fmt/format.h>
#include <httplib.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <stdexcept>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <utility>

namespace margind::tests {

namespace {

using Clock = std::chrono::steady_clock;
using nlohmann::json;

/// A first run installs the chain's packages.
constexpr std::chrono::seconds ready_within{300};
constexpr std::chrono::seconds stopped_within{10};

[[noreturn]] void broken(const std::string& what) { throw std::runtime_error("chain process: " + what); }

struct Pipe {
    int read = -1;
    int write = -1;
    Pipe() {
        int ends[2];
        if (::pipe2(ends, O_CLOEXEC) != 0) broken(std::string("pipe: ") + std::strerror(errno));
        read = ends[0];
        write = ends[1];
    }
};

/// The first line that arrives, without its end; empty at the end of the file or after the time.
std::string first_line(int file) {
    std::string line;
    const auto until = Clock::now() + ready_within;
    for (;;) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
        pollfd waiting{file, POLLIN, 0};
        if (left <= 0 || ::poll(&waiting, 1, static_cast<int>(left)) <= 0) return {};
        char buffer[4096];
        const ssize_t size = ::read(file, buffer, sizeof buffer);
        if (size <= 0) return {};
        line.append(buffer, static_cast<std::size_t>(size));
        if (const std::size_t end = line.find('\n'); end != std::string::npos) return line.substr(0, end);
    }
}

void stop(pid_t process) {
    ::kill(process, SIGTERM);
    const auto until = Clock::now() + stopped_within;
    while (::waitpid(process, nullptr, WNOHANG) == 0) {
        if (Clock::now() > until) {
            ::kill(process, SIGKILL);
            ::waitpid(process, nullptr, 0);
            return;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
}

json post(const std::string& url, const std::string& path, const json& body) {
    httplib::Client client(url);
    client.set_read_timeout(120);
    const auto response = client.Post(path, body.dump(), "application/json");
    if (!response) broken(fmt::format("{}{}: {}", url, path, httplib::to_string(response.error())));
    json reply = json::parse(response->body, nullptr, false);
    if (response->status != 200 || reply.is_discarded())
        broken(fmt::format("{}{}: status {}: {}", url, path, response->status, response->body));
    return reply;
}

}  // namespace

ChainProcess::ChainProcess(const std::vector<std::string>& options) {
    std::vector<std::string> words{"node", MARGIND_SOURCE_DIR "/tests/chain/chain.mjs", "serve", "--parent-stdin"};
    words.insert(words.end(), options.begin(), options.end());
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);

    const Pipe input;
    const Pipe output;
    process_ = ::fork();
    if (process_ < 0) broken(std::string("fork: ") + std::strerror(errno));
    if (process_ == 0) {
        ::dup2(input.read, STDIN_FILENO);
        ::dup2(output.write, STDOUT_FILENO);
        ::execvp(argv.front(), argv.data());
        ::_exit(127);
    }
    ::close(input.read);
    ::close(output.write);
    stdin_ = input.write;
    const std::string line = first_line(output.read);
    ::close(output.read);
    ready_ = json::parse(line, nullptr, false);
    if (!ready_.is_object()) {
        ::close(stdin_);
        stop(process_);
        broken(fmt::format("not ready; its first line: \"{}\"", line));
    }
}

ChainProcess::~ChainProcess() {
    ::close(stdin_);
    stop(process_);
}

model::Address ChainProcess::address(const std::string& place) const {
    return model::Address::parse(ready_.at("addresses").at(json::json_pointer(place)).get<std::string>()).value();
}

json ChainProcess::verb(const std::string& name, const json& arguments) const {
    return post(ready_.at("control_url").get<std::string>(), "/" + name, arguments);
}

json ChainProcess::rpc(const std::string& method, const json& params) const {
    json request = json::object();
    request["jsonrpc"] = "2.0";
    request["id"] = 1;
    request["method"] = method;
    request["params"] = params;
    const json reply = post(rpc_url(), "/", request);
    const auto result = reply.find("result");
    if (result == reply.end()) broken(fmt::format("{}: {}", method, reply.dump()));
    return *result;
}

model::Bytes ChainProcess::call(const model::Address& to, const model::Bytes& data, const std::string& block) const {
    json transaction = json::object();
    transaction["to"] = to.to_string();
    transaction["data"] = model::to_hex(data);
    json at = block;
    if (block.size() == 66) {
        at = json::object();
        at["blockHash"] = block;
    }
    json params = json::array();
    params.push_back(std::move(transaction));
    params.push_back(std::move(at));
    return model::bytes_from_hex(rpc("eth_call", params).get<std::string>()).value();
}

model::BlockRef ChainProcess::head() const {
    json params = json::array();
    params.push_back("latest");
    params.push_back(false);
    const json block = rpc("eth_getBlockByNumber", params);
    const auto quantity = [&](const char* name) {
        return model::U256::from_hex(block.at(name).get<std::string>()).value().to_u64().value();
    };
    return {model::ChainId{ready_.at("chain_id").get<std::uint64_t>()}, quantity("number"),
            model::Bytes32::parse(block.at("hash").get<std::string>()).value(),
            static_cast<std::int64_t>(quantity("timestamp"))};
}

model::Bytes call_data(std::string_view signature, const std::vector<model::U256>& words) {
    const model::Bytes32 hash = model::keccak256(signature);
    model::Bytes out(hash.bytes.begin(), hash.bytes.begin() + 4);
    for (const model::U256& word : words) {
        const auto bytes = word.to_big_endian();
        out.insert(out.end(), bytes.begin(), bytes.end());
    }
    return out;
}

model::U256 word_of(const model::Address& address) { return model::U256::from_hex(model::to_hex(address.bytes)).value(); }

std::vector<model::U256> words_of(const model::Bytes& reply) {
    if (reply.size() % 32 != 0) broken(fmt::format("a reply of {} bytes is not made of words", reply.size()));
    std::vector<model::U256> out;
    for (std::size_t at = 0; at < reply.size(); at += 32)
        out.push_back(model::U256::from_big_endian(std::span<const std::byte, 32>(reply.data() + at, 32)));
    return out;
}

}  // namespace margind::tests
