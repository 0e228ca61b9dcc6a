// One statement from its text to its end.
#pragma once

#include "storage/sqlite.hpp"

#include <string_view>
#include <utility>

namespace margind::storage::sqlite {

/// Prepares, binds by `bind` and runs a statement that gives no rows.
template <class Bind>
Result<void> execute(Connection& connection, std::string_view sql, Bind&& bind) {
    auto statement = connection.statement(sql);
    if (!statement) return model::fail(statement.error());
    Statement::Run run = (*statement)->run();
    bind(run);
    return run.done();
}

/// Calls `read` on each row; `read` gives Result<bool>, false to stop.
template <class Bind, class Read>
Result<void> query(Connection& connection, std::string_view sql, Bind&& bind, Read&& read) {
    auto statement = connection.statement(sql);
    if (!statement) return model::fail(statement.error());
    Statement::Run run = (*statement)->run();
    bind(run);
    for (;;) {
        const Result<bool> row = run.step();
        if (!row) return model::fail(row.error());
        if (!*row) return {};
        const Result<void> done = read(std::as_const(run));
        if (!done) return done;
    }
}

}  // namespace margind::storage::sqlite
