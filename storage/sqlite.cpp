// The only file that speaks to the SQLite library.
#include "storage/sqlite.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <limits>

namespace margind::storage::sqlite {
namespace {

model::Retry retry_of(int code) {
    switch (code & 0xff) {
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
        case SQLITE_FULL:
        case SQLITE_IOERR:
        case SQLITE_CANTOPEN:
        case SQLITE_PROTOCOL:
            return model::Retry::later;
        default:
            return model::Retry::never;
    }
}

}  // namespace

void Statement::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
void Connection::Close::operator()(sqlite3* connection) const { sqlite3_close_v2(connection); }

Statement::Run::~Run() {
    sqlite3_reset(statement_.handle_.get());
    sqlite3_clear_bindings(statement_.handle_.get());
}

void Statement::Run::note(int code) {
    ++next_;
    if (code != SQLITE_OK && error_ == SQLITE_OK) error_ = code;
}

Statement::Run& Statement::Run::bind(std::int64_t value) {
    note(sqlite3_bind_int64(statement_.handle_.get(), next_ + 1, value));
    return *this;
}

Statement::Run& Statement::Run::bind(std::uint64_t value) {
    if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
        note(SQLITE_TOOBIG);
        return *this;
    }
    return bind(static_cast<std::int64_t>(value));
}

Statement::Run& Statement::Run::bind(double value) {
    note(sqlite3_bind_double(statement_.handle_.get(), next_ + 1, value));
    return *this;
}

Statement::Run& Statement::Run::bind(std::string_view value) {
    note(sqlite3_bind_text64(statement_.handle_.get(), next_ + 1, value.data() == nullptr ? "" : value.data(), value.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
    return *this;
}

Statement::Run& Statement::Run::bind(const model::Bytes32& value) {
    note(sqlite3_bind_blob64(statement_.handle_.get(), next_ + 1, value.bytes.data(), value.bytes.size(), SQLITE_TRANSIENT));
    return *this;
}

Statement::Run& Statement::Run::bind(const std::optional<double>& value) {
    if (value) return bind(*value);
    note(sqlite3_bind_null(statement_.handle_.get(), next_ + 1));
    return *this;
}

Statement::Run& Statement::Run::bind(std::optional<std::int64_t> value) {
    if (value) return bind(*value);
    note(sqlite3_bind_null(statement_.handle_.get(), next_ + 1));
    return *this;
}

Result<bool> Statement::Run::step() {
    const char* sql = sqlite3_sql(statement_.handle_.get());
    if (error_ != SQLITE_OK) return statement_.connection_->error(error_, sql);
    const int code = sqlite3_step(statement_.handle_.get());
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    return statement_.connection_->error(code, sql);
}

Result<void> Statement::Run::done() {
    auto row = step();
    if (!row) return model::fail(row.error());
    return {};
}

bool Statement::Run::is_null(int column) const { return sqlite3_column_type(statement_.handle_.get(), column) == SQLITE_NULL; }

std::int64_t Statement::Run::integer(int column) const { return sqlite3_column_int64(statement_.handle_.get(), column); }

std::string Statement::Run::text(int column) const {
    const unsigned char* text = sqlite3_column_text(statement_.handle_.get(), column);
    const int size = sqlite3_column_bytes(statement_.handle_.get(), column);
    if (text == nullptr) return {};
    return std::string(reinterpret_cast<const char*>(text), static_cast<std::size_t>(size));
}

std::optional<double> Statement::Run::real(int column) const {
    if (is_null(column)) return std::nullopt;
    return sqlite3_column_double(statement_.handle_.get(), column);
}

Result<model::Bytes32> Statement::Run::bytes32(int column) const {
    const void* data = sqlite3_column_blob(statement_.handle_.get(), column);
    const int size = sqlite3_column_bytes(statement_.handle_.get(), column);
    model::Bytes32 out;
    if (data == nullptr || size != static_cast<int>(out.bytes.size()))
        return model::fail(model::ErrorCode::storage, fmt::format("{}: a hash of {} bytes where 32 are stored; the file is damaged, restore a copy",
                                                                  statement_.connection_->file_, size));
    std::copy_n(static_cast<const std::byte*>(data), out.bytes.size(), out.bytes.begin());
    return out;
}

Result<std::unique_ptr<Connection>> Connection::open(const std::filesystem::path& file, Mode mode, int busy_timeout_ms) {
    auto out = std::make_unique<Connection>();
    out->file_ = file.string();
    sqlite3* handle = nullptr;
    const int flags = (mode == Mode::read_write ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY) |
                      SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    const int code = sqlite3_open_v2(out->file_.c_str(), &handle, flags, nullptr);
    out->handle_.reset(handle);
    if (code != SQLITE_OK) return out->error(code, "opening it");
    sqlite3_busy_timeout(handle, busy_timeout_ms);
    return out;
}

Result<Statement*> Connection::statement(std::string_view sql) {
    const auto known = statements_.find(sql);
    if (known != statements_.end()) return &known->second;
    sqlite3_stmt* handle = nullptr;
    const int code = sqlite3_prepare_v3(handle_.get(), sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &handle, nullptr);
    if (code != SQLITE_OK) return error(code, sql);
    Statement& out = statements_[sql];
    out.connection_ = this;
    out.handle_.reset(handle);
    return &out;
}

Result<void> Connection::execute(const std::string& sql) {
    const int code = sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) return error(code, sql);
    return {};
}

Result<std::int64_t> Connection::integer(std::string_view sql) {
    auto prepared = statement(sql);
    if (!prepared) return model::fail(prepared.error());
    auto run = (*prepared)->run();
    auto row = run.step();
    if (!row) return model::fail(row.error());
    if (!*row) return model::fail(model::ErrorCode::storage, fmt::format("{}: no row from {}", file_, sql));
    return run.integer(0);
}

std::uint64_t Connection::last_row() const { return static_cast<std::uint64_t>(sqlite3_last_insert_rowid(handle_.get())); }

std::uint64_t Connection::changes() const { return static_cast<std::uint64_t>(sqlite3_changes64(handle_.get())); }

tl::unexpected<model::Error> Connection::error(int code, std::string_view doing) const {
    constexpr std::size_t shown = 60;
    const bool has_text = handle_ && sqlite3_extended_errcode(handle_.get()) == code;
    const char* words = has_text ? sqlite3_errmsg(handle_.get()) : sqlite3_errstr(code);
    return model::fail(model::ErrorCode::storage,
                       fmt::format("database {}: {} (SQLite {}) at: {}{}", file_, words, code, doing.substr(0, shown), doing.size() > shown ? "…" : ""),
                       retry_of(code));
}

Result<std::unique_ptr<Transaction>> Transaction::begin(Connection& connection) {
    auto begun = connection.execute("BEGIN IMMEDIATE");
    if (!begun) return model::fail(begun.error());
    return std::unique_ptr<Transaction>(new Transaction(connection));
}

Result<std::unique_ptr<Transaction>> Transaction::begin_reading(Connection& connection) {
    auto begun = connection.execute("BEGIN");
    if (!begun) return model::fail(begun.error());
    return std::unique_ptr<Transaction>(new Transaction(connection));
}

Transaction::~Transaction() {
    // A failed rollback means that SQLite has rolled back already.
    if (open_) static_cast<void>(connection_.execute("ROLLBACK"));
}

Result<void> Transaction::commit() {
    auto done = connection_.execute("COMMIT");
    if (done) open_ = false;
    return done;
}

}  // namespace margind::storage::sqlite
