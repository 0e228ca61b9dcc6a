// What an account that was written down is made of, step by step, as text and as JSON.
#pragma once

#include "adapters/adapter.hpp"

#include <string>
#include <utility>
#include <vector>

namespace margind::adapters {

class AccountSteps {
public:
    explicit AccountSteps(std::string format) : format_(std::move(format)) {}
    void add(std::string what, std::string value) { rows_.emplace_back(std::move(what), std::move(value)); }
    void add(std::string what, const model::I256& raw, std::uint8_t decimals);
    /// The steps, and the account for what follows: N, M, I and the prices of liquidation.
    AccountFileAnswer answer(std::unique_ptr<model::PreparedAccount> account) const;

private:
    std::string format_;
    std::vector<std::pair<std::string, std::string>> rows_;
};

}  // namespace margind::adapters
