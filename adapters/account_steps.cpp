// What an account that was written down is made of.
#include "adapters/account_steps.hpp"

#include "risk/model/json_text.hpp"
#include "risk/model/money.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <iterator>

namespace margind::adapters {

void AccountSteps::add(std::string what, const model::I256& raw, std::uint8_t decimals) { add(std::move(what), model::decimal_text(raw, decimals)); }

AccountFileAnswer AccountSteps::answer(std::unique_ptr<model::PreparedAccount> account) const {
    AccountFileAnswer answer;
    nlohmann::json document = nlohmann::json::object();
    document["format"] = format_;
    document["steps"] = nlohmann::json::array();
    for (const auto& [what, value] : rows_) {
        fmt::format_to(std::back_inserter(answer.text), "{:<36}{:>32}\n", what, value);
        nlohmann::json row = nlohmann::json::object();
        row["what"] = what;
        row["value"] = value;
        document["steps"].push_back(std::move(row));
    }
    answer.json = model::print_json(document);
    answer.account = std::move(account);
    return answer;
}

}  // namespace margind::adapters
