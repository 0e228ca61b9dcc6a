// What the rows of several sections have in common.
#include "config/row.hpp"

#include "risk/model/in_quotes.hpp"

#include <algorithm>

namespace margind::config {
namespace {

using model::in_quotes;

bool is_name(std::string_view text) {
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
    };
    return !text.empty() && text.size() <= 64 && text.front() != '.' && std::ranges::all_of(text, allowed);
}

}  // namespace

std::optional<std::string> read_name(TableReader& row, std::string_view key) {
    auto name = row.text(key, Need::required);
    if (name && !is_name(*name)) {
        row.problem(key, fmt::format("{} is no name; give 1 to 64 letters, digits, '_', '-' or '.'", in_quotes(*name)));
        return std::nullopt;
    }
    return name;
}

void check_known(TableReader& row, std::string_view key, model::ChainId chain, const Settings& settings) {
    if (!settings.chains.contains(chain))
        row.problem(key, fmt::format("chain {0} is not known; add a [[chain]] with id = {0}", chain.value));
}

std::optional<model::ChainId> read_chain_id(TableReader& row, const Settings& settings) {
    const auto value = row.whole("chain", 1, max_chain, Need::required);
    if (!value) return std::nullopt;
    const model::ChainId chain{static_cast<std::uint64_t>(*value)};
    check_known(row, "chain", chain, settings);
    return chain;
}

}  // namespace margind::config
