// What a FaultProxy answers: the node's own words, spoilt and forged as the plan says.
#include "tests/support/fault_answers.hpp"

#include "tests/support/fault_forge.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace margind::tests {

namespace asio = boost::asio;
using nlohmann::json;

FaultAnswers::FaultAnswers(asio::io_context& io, std::uint16_t node_port, FaultPlan plan)
    : io_(io), plan_(std::make_shared<const FaultPlan>(std::move(plan))), node_(io, node_port) {}

void FaultAnswers::set(FaultPlan plan) {
    auto next = std::make_shared<const FaultPlan>(std::move(plan));
    const std::lock_guard lock(mutex_);
    plan_ = std::move(next);
}

PlanPtr FaultAnswers::plan() const {
    const std::lock_guard lock(mutex_);
    return plan_;
}

void FaultAnswers::note(const Notes& notes) {
    for (const auto& [kind, what] : notes) record_.forged(kind, what);
}

std::pair<FaultMessage, Disruption> FaultAnswers::take(std::string text) {
    FaultMessage message = parse_message(next_message_++, std::move(text));
    record_.arrived(message.number, message.methods(), message.text.size());
    for (const json& call : message.calls)
        if (const auto range = log_range(call)) record_.asked_logs(range->first, range->second);
    const Disruption how = disruption_of(*plan(), message);
    if (how != Disruption::none) record_.forged(std::string(name(how)), message.methods().front());
    return {std::move(message), how};
}

asio::awaitable<void> FaultAnswers::wait(PlanPtr plan) {
    if (plan->delay.count() == 0) co_return;
    asio::steady_timer timer(io_, plan->delay);
    co_await timer.async_wait(asio::use_awaitable);
}

asio::awaitable<FaultAnswer> FaultAnswers::answer(std::string text) {
    const PlanPtr plan = this->plan();
    const auto [message, how] = take(std::move(text));
    FaultAnswer out;
    out.how = how;
    out.message = message.number;
    out.id = message.id();
    co_await wait(plan);
    std::optional<std::string> real(std::in_place);
    if (how == Disruption::none || spoils_an_answer(how)) {
        if (plan->forges()) {
            real = co_await forged_answer(plan, message);
        } else {
            real = co_await node_.exchange(message.text);
        }
    }
    if (!real) out.how = Disruption::drop_before;
    if (real) out.text = how == Disruption::none ? std::move(*real) : disrupted_text(how, message, *real);
    co_return out;
}

asio::awaitable<std::optional<std::string>> FaultAnswers::forged_answer(PlanPtr plan, FaultMessage message) {
    json all = json::array();
    for (const json& call : message.calls) {
        std::optional<json> one = co_await forged_call(plan, call);
        if (!one) co_return std::nullopt;
        all.push_back(std::move(*one));
    }
    if (!message.batch && all.size() == 1) co_return all.front().dump();
    co_return all.dump();
}

asio::awaitable<json> FaultAnswers::ask(std::string method, std::string params) {
    std::string body = fmt::format(R"({{"jsonrpc":"2.0","id":1,"method":"{}","params":{}}})", method, params);
    const std::optional<std::string> text = co_await node_.exchange(std::move(body));
    json answer = text ? json::parse(*text, nullptr, false) : json();
    json result = answer.is_object() ? answer.value("result", json()) : json();
    co_return result;
}

asio::awaitable<std::optional<std::uint64_t>> FaultAnswers::number_of(std::string hash) {
    const json header = co_await ask("eth_getBlockByHash", fmt::format(R"(["{}",false])", hash));
    std::optional<std::uint64_t> number;
    if (header.is_object()) number = quantity(header.at("number"));
    co_return number;
}

asio::awaitable<std::optional<json>> FaultAnswers::forged_call(PlanPtr plan, json call) {
    NodeView view;
    if (plan->lag > 0) {
        const json head = co_await ask("eth_blockNumber", "[]");
        if (!head.is_string()) co_return std::nullopt;
        const std::uint64_t number = quantity(head);
        view.head = number - std::min(plan->lag, number);
    }
    if (plan->frozen_at) view.head = std::min(view.head.value_or(*plan->frozen_at), *plan->frozen_at);
    view.real_hashes = real_hashes_;
    std::optional<std::string> hash = named_hash(call);
    if (hash && (view.head || plan->forked_from)) view.asked = co_await number_of(*hash);

    Notes notes;
    ForgedRequest request = forge_request(*plan, view, call, notes);
    json answer = std::move(request.call);
    if (!request.answered) {
        const std::optional<std::string> text = co_await node_.exchange(answer.dump());
        if (!text) co_return std::nullopt;
        // Another position, or another storage, that changes nothing of the answer is no lie.
        if (!notes.empty() && (notes.back().first == "position" || notes.back().first == "storage")) {
            const std::optional<std::string> honest = co_await node_.exchange(call.dump());
            if (honest == text) notes.clear();
        }
        answer = json::parse(*text, nullptr, false);
        forge_answer(*plan, view, call, answer, notes);
    }
    real_hashes_.merge(view.real_hashes);
    note(notes);
    std::optional<json> out(std::move(answer));
    co_return out;
}

asio::awaitable<std::optional<std::string>> FaultAnswers::head(std::string notification) {
    const PlanPtr plan = this->plan();
    co_await wait(plan);
    std::optional<std::string> out(std::move(notification));
    Notes notes;
    if (plan->disruption == Disruption::stall) {
        notes.emplace_back("stall", "newHeads");
        note(notes);
        co_return std::nullopt;
    }
    json message = plan->forges() ? json::parse(*out, nullptr, false) : json();
    json* header = message.is_object() && message.contains("params") ? &message["params"]["result"] : nullptr;
    if (header == nullptr || !header->is_object() || !header->contains("number")) co_return out;
    const std::uint64_t number = quantity(header->at("number"));
    const bool beyond = plan->frozen_at && number > *plan->frozen_at + plan->lag;
    if (beyond || plan->lag > number) {
        notes.emplace_back("lag", fmt::format("newHeads does not tell of block {}", number));
        note(notes);
        co_return std::nullopt;
    }
    if (plan->lag > 0) {
        std::string params = fmt::format(R"(["{}",false])", quantity(number - plan->lag));
        *header = co_await ask("eth_getBlockByNumber", std::move(params));
        notes.emplace_back("lag", fmt::format("newHeads tells of block {} at block {}", number - plan->lag, number));
    }
    NodeView view;
    const bool forked = forge_header(*plan, view, *header, notes);
    real_hashes_.merge(view.real_hashes);
    if (forked || plan->lag > 0) out = message.dump();
    note(notes);
    co_return out;
}

}  // namespace margind::tests
