// A thin RAII layer over SQLite: connections, prepared statements, transactions; every failure is a Result.
#pragma once

#include "risk/model/ids.hpp"
#include "risk/model/result.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace margind::storage::sqlite {

using model::Result;

class Connection;

/// Parameters and columns count from 0. A statement is reset when its Run ends, so it can be used again.
class Statement {
public:
    /// Rows of one execution. Errors of binding are kept and come out of the first step.
    class Run {
    public:
        explicit Run(Statement& statement) : statement_(statement) {}
        ~Run();
        Run(const Run&) = delete;
        Run& operator=(const Run&) = delete;

        Run& bind(std::int64_t value);
        /// The error of a number above 2^63 - 1 comes out of the first step.
        Run& bind(std::uint64_t value);
        Run& bind(double value);
        Run& bind(std::string_view value);
        /// A literal would otherwise become a bool and then a number.
        Run& bind(const char* value) { return bind(std::string_view(value)); }
        Run& bind(const model::Bytes32& value);
        Run& bind(const std::optional<double>& value);
        Run& bind(std::optional<std::int64_t> value);

        /// True while there is a row.
        Result<bool> step();
        /// Runs a statement that gives no rows.
        Result<void> done();

        bool is_null(int column) const;
        std::int64_t integer(int column) const;
        std::string text(int column) const;
        std::optional<double> real(int column) const;
        /// Fails with ErrorCode::storage when the column does not hold 32 bytes.
        Result<model::Bytes32> bytes32(int column) const;

    private:
        void note(int code);
        Statement& statement_;
        int next_ = 0;
        int error_ = 0;
    };

    Run run() { return Run(*this); }

private:
    friend class Connection;
    struct Finalize {
        void operator()(sqlite3_stmt* statement) const;
    };
    Connection* connection_ = nullptr;
    std::unique_ptr<sqlite3_stmt, Finalize> handle_;
};

enum class Mode : std::uint8_t { read_write, read_only };

/// One connection, used by one thread at a time.
class Connection {
public:
    static Result<std::unique_ptr<Connection>> open(const std::filesystem::path& file, Mode mode, int busy_timeout_ms);

    /// Prepared once; valid as long as the connection. `sql` is a literal.
    Result<Statement*> statement(std::string_view sql);
    /// One or more statements without parameters or rows.
    Result<void> execute(const std::string& sql);
    Result<std::int64_t> integer(std::string_view sql);
    std::uint64_t last_row() const;
    std::uint64_t changes() const;
    /// The error for a SQLite result code of this connection: the file, what was done and SQLite's words.
    tl::unexpected<model::Error> error(int code, std::string_view doing) const;

private:
    struct Close {
        void operator()(sqlite3* connection) const;
    };
    friend class Statement;
    friend class Statement::Run;
    std::string file_;
    std::unique_ptr<sqlite3, Close> handle_;
    /// Destroyed before the connection.
    std::map<std::string_view, Statement> statements_;
};

/// Rolls back unless committed.
class Transaction {
public:
    /// Takes the write lock at once, so that a full wait happens before any work.
    static Result<std::unique_ptr<Transaction>> begin(Connection& connection);
    /// All that is read in it stands on one commit.
    static Result<std::unique_ptr<Transaction>> begin_reading(Connection& connection);
    ~Transaction();
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;
    Result<void> commit();

private:
    explicit Transaction(Connection& connection) : connection_(connection) {}
    Connection& connection_;
    bool open_ = true;
};

}  // namespace margind::storage::sqlite
