// What the rows of several sections have in common: names, chains, and identities that are given once.
#pragma once

#include "config/reader.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace margind::config {

constexpr std::int64_t max_chain = std::numeric_limits<std::int64_t>::max();

/// Names become parts of URLs, rows of the outbox and labels of metrics.
std::optional<std::string> read_name(TableReader& row, std::string_view key);
void check_known(TableReader& row, std::string_view key, model::ChainId chain, const Settings& settings);
/// The row's `chain`.
std::optional<model::ChainId> read_chain_id(TableReader& row, const Settings& settings);

/// Reports the second row of one identity in one file.
template <class Id>
class Once {
public:
    bool first(TableReader& row, std::string_view key, const Id& id, const std::string& text) {
        const auto [it, inserted] = lines_.try_emplace(id, row.line());
        if (!inserted) row.problem(key, fmt::format("{} is given twice, first in line {}; remove one", text, it->second));
        return inserted;
    }

private:
    std::map<Id, std::size_t> lines_;
};

}  // namespace margind::config
