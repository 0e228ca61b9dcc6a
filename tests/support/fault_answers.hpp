// What a FaultProxy answers: the node's own words, spoilt and forged as the plan says.
#pragma once

#include "tests/support/fault_message.hpp"
#include "tests/support/fault_record.hpp"
#include "tests/support/fault_upstream.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace margind::tests {

using PlanPtr = std::shared_ptr<const FaultPlan>;

/// Used from the thread of `io` alone, but for set(), plan() and record(), which any thread may call.
class FaultAnswers {
public:
    FaultAnswers(boost::asio::io_context& io, std::uint16_t node_port, FaultPlan plan);

    void set(FaultPlan plan);
    PlanPtr plan() const;
    FaultRecord& record() { return record_; }
    const FaultRecord& record() const { return record_; }

    /// The message, counted, and how the plan disrupts it.
    std::pair<FaultMessage, Disruption> take(std::string text);
    boost::asio::awaitable<FaultAnswer> answer(std::string text);
    /// What a subscriber is told in place of this notification; empty: nothing.
    boost::asio::awaitable<std::optional<std::string>> head(std::string notification);

private:
    boost::asio::awaitable<void> wait(PlanPtr plan);
    boost::asio::awaitable<std::optional<std::string>> forged_answer(PlanPtr plan, FaultMessage message);
    boost::asio::awaitable<std::optional<nlohmann::json>> forged_call(PlanPtr plan, nlohmann::json call);
    boost::asio::awaitable<nlohmann::json> ask(std::string method, std::string params);
    boost::asio::awaitable<std::optional<std::uint64_t>> number_of(std::string hash);
    void note(const std::vector<std::pair<std::string, std::string>>& notes);

    boost::asio::io_context& io_;
    mutable std::mutex mutex_;
    PlanPtr plan_;
    FaultRecord record_;
    Upstream node_;
    std::uint64_t next_message_ = 0;
    /// Of a branch of its own.
    std::map<std::string, std::string> real_hashes_;
};

}  // namespace margind::tests
