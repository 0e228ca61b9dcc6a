// The recorder, and its requests again.
#include "tests/bench/recorder.hpp"

#include "adapters/evm/abi_reader.hpp"
#include "adapters/evm/multicall.hpp"

#include <httplib.h>
#include <nlohmann/json.hpp>

#include <atomic>
#include <iterator>
#include <mutex>
#include <span>
#include <stdexcept>
#include <thread>
#include <utility>

namespace margind::tests::bench {

struct Recorder::Server {
    explicit Server(std::string to) : node(std::move(to)) {
        server.Post("/", [this](const httplib::Request& request, httplib::Response& response) {
            httplib::Client client(node);
            const auto answer = client.Post("/", request.body, "application/json");
            const std::lock_guard lock(mutex);
            bodies.push_back(request.body);
            response.set_content(answer->body, "application/json");
        });
        port = server.bind_to_any_port("127.0.0.1");
        thread = std::jthread([this] { server.listen_after_bind(); });
    }
    ~Server() { server.stop(); }

    std::string node;
    httplib::Server server;
    int port = 0;
    std::mutex mutex;
    std::vector<std::string> bodies;
    std::jthread thread;
};

Recorder::Recorder(const std::string& node) : server_(std::make_unique<Server>(node)) {}
Recorder::~Recorder() = default;

std::string Recorder::url() const { return "http://127.0.0.1:" + std::to_string(server_->port); }

std::vector<std::string> Recorder::take() {
    const std::lock_guard lock(server_->mutex);
    return std::exchange(server_->bodies, {});
}

void send_raw(const std::string& node, const std::vector<std::string>& bodies, std::size_t at_once) {
    std::atomic<std::size_t> next = 0;
    std::atomic<bool> refused = false;
    {
        std::vector<std::jthread> threads;
        for (std::size_t i = 0; i < at_once; ++i)
            threads.emplace_back([&] {
                httplib::Client client(node);
                client.set_keep_alive(true);
                client.set_tcp_nodelay(true);
                for (std::size_t at = next++; at < bodies.size(); at = next++)
                    if (const auto answer = client.Post("/", bodies[at], "application/json"); !answer || answer->status != 200) refused = true;
            });
    }
    if (refused) throw std::runtime_error("the node refused a request that it had answered");
}

std::vector<adapters::Call> calls_of(const std::vector<std::string>& bodies) {
    std::vector<adapters::Call> calls;
    for (const std::string& body : bodies) {
        const auto request = nlohmann::json::parse(body);
        if (request.at("method") != "eth_call") continue;
        const auto& call = request.at("params").at(0);
        const model::Address to = model::Address::parse(call.at("to").get<std::string>()).value();
        const model::Bytes data = model::bytes_from_hex(call.at("data").get<std::string>()).value();
        if (to != adapters::evm::multicall3_address()) {
            calls.push_back({to, data, {}, {}, false});
            continue;
        }
        const std::span<const std::byte> arguments = std::span<const std::byte>(data).subspan(4);
        adapters::evm::AbiReader reader(arguments, "aggregate3");
        auto packed = reader.array(data.size(), [](adapters::evm::AbiReader& item) {
            adapters::evm::AbiReader fields = item.tuple();
            adapters::Call one;
            one.to = fields.address();
            fields.boolean();
            const auto bytes = fields.bytes();
            one.data.assign(bytes.begin(), bytes.end());
            return one;
        });
        if (reader.error() != nullptr) throw std::runtime_error(reader.error()->message);
        std::move(packed.begin(), packed.end(), std::back_inserter(calls));
    }
    return calls;
}

}  // namespace margind::tests::bench
