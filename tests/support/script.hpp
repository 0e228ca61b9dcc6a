// A reading that asks for the given rounds of requests, and keeps all replies.
#pragma once

#include "adapters/adapter.hpp"

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

namespace margind::tests {

class Script : public adapters::Reading<std::vector<adapters::Reply>> {
public:
    explicit Script(std::vector<std::vector<adapters::Request>> rounds) : rounds_(std::move(rounds)) {}
    std::vector<adapters::Request> next(std::span<const adapters::Reply> replies) override {
        replies_.insert(replies_.end(), replies.begin(), replies.end());
        return turn_ < rounds_.size() ? rounds_[turn_++] : std::vector<adapters::Request>{};
    }
    model::Result<std::vector<adapters::Reply>> result() override { return replies_; }

private:
    std::vector<std::vector<adapters::Request>> rounds_;
    std::size_t turn_ = 0;
    std::vector<adapters::Reply> replies_;
};

}  // namespace margind::tests
