// The rows of searches over a chain.
#include "storage/searches.hpp"

#include "storage/statements.hpp"

namespace margind::storage {

using model::fail;
using sqlite::Connection;
using sqlite::execute;
using sqlite::query;
using Run = sqlite::Statement::Run;

Result<std::optional<SearchText>> read_search(Connection& connection, const model::Bytes32& id) {
    auto transaction = sqlite::Transaction::begin_reading(connection);
    if (!transaction) return fail(transaction.error());
    std::optional<SearchText> found;
    const auto bind = [&](Run& run) { run.bind(id); };
    auto done = query(connection, "SELECT next, agreed, points FROM searches WHERE id = ?", bind, [&](const Run& row) -> Result<void> {
        found = SearchText{id, static_cast<std::uint64_t>(row.integer(0)), static_cast<std::uint64_t>(row.integer(1)), row.text(2), {}, 0};
        return {};
    });
    if (!done) return fail(done.error());
    if (!found) return found;
    done = query(connection, "SELECT number, log_index, json FROM found_logs WHERE search = ? ORDER BY number, log_index, json", bind, [&](const Run& row) -> Result<void> {
        found->found.push_back({static_cast<std::uint64_t>(row.integer(0)), static_cast<std::uint32_t>(row.integer(1)), row.text(2)});
        return {};
    });
    if (!done) return fail(done.error());
    return found;
}

namespace {

Result<void> write(Connection& connection, const SearchText& search) {
    auto done = execute(connection, "INSERT INTO searches (id, next, agreed, points) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET next = excluded.next, agreed = excluded.agreed, points = excluded.points",
                        [&](Run& run) { run.bind(search.id).bind(search.next).bind(search.agreed).bind(search.points); });
    if (!done) return done;
    done = execute(connection, "DELETE FROM found_logs WHERE search = ? AND number >= ?", [&](Run& run) { run.bind(search.id).bind(search.found_from); });
    if (!done) return done;
    for (const FoundText& one : search.found) {
        if (one.number < search.found_from) continue;
        done = execute(connection, "INSERT OR IGNORE INTO found_logs (search, number, log_index, json) VALUES (?, ?, ?, ?)",
                       [&](Run& run) { run.bind(search.id).bind(one.number).bind(std::uint64_t{one.index}).bind(one.json); });
        if (!done) return done;
    }
    return done;
}

}  // namespace

Result<void> write_searches(Connection& connection, std::span<const SearchText> searches) {
    auto transaction = sqlite::Transaction::begin(connection);
    if (!transaction) return fail(transaction.error());
    for (const SearchText& search : searches)
        if (auto done = write(connection, search); !done) return done;
    return (*transaction)->commit();
}

}  // namespace margind::storage
