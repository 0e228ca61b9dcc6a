// Reads one table of a document field by field and collects every problem instead of stopping at the first.
#pragma once

#include "config/document.hpp"
#include "config/secret.hpp"
#include "config/settings.hpp"
#include "risk/model/ids.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace margind::config {

class Problems {
public:
    explicit Problems(std::string file) : file_(std::move(file)) {}
    void add(std::size_t line, const std::string& key, const std::string& text);
    bool empty() const { return rows_.empty(); }
    const std::string& file() const { return file_; }
    /// Sorted by line, one "file:line: key: text" per line, without a last line end.
    std::string text() const;

private:
    struct Row {
        std::size_t line;
        std::string text;
    };
    std::string file_;
    std::vector<Row> rows_;
};

/// Where relative paths and references to the environment are resolved.
struct Context {
    Problems& problems;
    std::filesystem::path directory;
    const Environment& environment;
};

enum class Need : std::uint8_t { required, optional };

/// Every getter marks its key as known; a value of the wrong kind or outside its range is a problem and gives none.
class TableReader {
public:
    TableReader(Context& context, std::string path, const Value& value);
    TableReader(Context& context, std::string path, const Table& table, std::size_t line);

    std::optional<std::string> text(std::string_view key, Need need = Need::optional);
    std::optional<bool> boolean(std::string_view key);
    std::optional<std::int64_t> whole(std::string_view key, std::int64_t min, std::int64_t max, Need need = Need::optional);
    /// A whole number is accepted too; not a number and infinity are refused.
    std::optional<double> number(std::string_view key, double min, double max, Need need = Need::optional);
    /// Seconds with up to three decimals.
    std::optional<std::chrono::milliseconds> seconds(std::string_view key, double min, double max,
                                                     Need need = Need::optional);
    std::optional<model::Address> address(std::string_view key, Need need = Need::optional);
    /// Repeated addresses are a problem.
    std::optional<std::vector<model::Address>> addresses(std::string_view key, Need need = Need::optional);
    /// Of 32 bytes; repeated ones are a problem.
    std::optional<std::vector<model::Bytes32>> ids(std::string_view key, Need need = Need::optional);
    std::optional<std::vector<std::string>> texts(std::string_view key);
    std::optional<std::filesystem::path> path(std::string_view key);
    /// "…", { env = "NAME" } or { file = "path" }; with `reference_only` a value in the file itself is refused.
    std::optional<Secret> secret(std::string_view key, bool reference_only, Need need = Need::optional);
    /// The same, and it must be an http:// or https:// URL.
    std::optional<Secret> url(std::string_view key, Need need = Need::optional);
    /// The same, and it must be an http(s):// or ws(s):// URL or ipc:/path.
    std::optional<Secret> endpoint_url(std::string_view key, Need need = Need::optional);
    /// Marks the key as known; where it is given, that is a problem.
    void refuse(std::string_view key, const std::string& text);
    /// Each table of the array of tables `key`, with its path and its line.
    void each(std::string_view key, const std::function<void(TableReader&)>& read);
    /// The table `key`.
    void table(std::string_view key, const std::function<void(TableReader&)>& read);

    /// Every key that no getter asked for is a problem, with the nearest known name.
    void finish();
    /// A problem of this table as a whole, or of one of its keys.
    void problem(const std::string& text) const { context_.problems.add(line_, path_, text); }
    void problem(std::string_view key, const std::string& text) const;
    bool has(std::string_view key) const;
    std::size_t line() const { return line_; }
    const std::string& name() const { return path_; }
    /// Keys in the table, for tables whose keys are names.
    std::vector<std::string> keys() const;

private:
    template <class T, class Parse>
    std::optional<std::vector<T>> different(std::string_view key, Need need, const char* many, const char* one, Parse parse);
    const Value* find(std::string_view key, Need need);
    std::string path_of(std::string_view key) const;
    void wrong_kind(std::string_view key, const Value& value, const std::string& wanted) const;

    Context& context_;
    std::string path_;
    const Table* table_ = nullptr;
    std::size_t line_ = 0;
    std::vector<std::string> known_;
};

}  // namespace margind::config
