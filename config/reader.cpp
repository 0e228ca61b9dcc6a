// Fields of a table, with ranges, and the problems found in them.
#include "config/reader.hpp"

#include "risk/model/in_quotes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <initializer_list>
#include <numeric>
#include <set>
#include <sstream>

namespace margind::config {
namespace {

using model::in_quotes;

constexpr std::size_t max_secret_bytes = 16384;

std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t above = row[j];
            row[j] = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
            diagonal = above;
        }
    }
    return row[b.size()];
}

bool has_control(std::string_view text) {
    return std::ranges::any_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

/// The text after the first of these that it begins with, if it begins with one.
std::optional<std::string_view> after_scheme(std::string_view text, std::initializer_list<std::string_view> schemes) {
    for (const std::string_view scheme : schemes)
        if (text.starts_with(scheme)) return text.substr(scheme.size());
    return std::nullopt;
}

bool is_authority_and_path(std::string_view rest) {
    return !rest.empty() && rest.front() != '/' && rest.find(' ') == std::string_view::npos && !has_control(rest);
}

bool is_http_url(std::string_view text) {
    const auto rest = after_scheme(text, {"http://", "https://"});
    return rest && is_authority_and_path(*rest);
}

bool is_endpoint_url(std::string_view text) {
    if (const auto path = after_scheme(text, {"ipc:"})) return path->size() > 1 && path->front() == '/' && !has_control(*path);
    const auto rest = after_scheme(text, {"http://", "https://", "ws://", "wss://"});
    return rest && is_authority_and_path(*rest);
}

/// "80.5 is a number", "is a list".
std::string kind_phrase(const Value& value) {
    std::string shown;
    if (const auto* text = std::get_if<std::string>(&value.data)) shown = in_quotes(*text) + ' ';
    if (const auto* whole = std::get_if<std::int64_t>(&value.data)) shown = fmt::format("{} ", *whole);
    if (const auto* number = std::get_if<double>(&value.data)) shown = fmt::format("{} ", *number);
    if (const auto* boolean = std::get_if<bool>(&value.data)) shown = *boolean ? "true " : "false ";
    return fmt::format("{}is {}", shown, kind_name(value));
}

}  // namespace

void Problems::add(std::size_t line, const std::string& key, const std::string& text) {
    rows_.push_back({line, fmt::format("{}:{}: {}{}{}", file_, line, key, key.empty() ? "" : ": ", text)});
}

std::string Problems::text() const {
    std::vector<Row> rows = rows_;
    std::ranges::stable_sort(rows, {}, &Row::line);
    std::string out;
    for (const Row& row : rows) {
        if (!out.empty()) out += '\n';
        out += row.text;
    }
    return out;
}

TableReader::TableReader(Context& context, std::string path, const Table& table, std::size_t line)
    : context_(context), path_(std::move(path)), table_(&table), line_(line) {}

TableReader::TableReader(Context& context, std::string path, const Value& value)
    : context_(context), path_(std::move(path)), table_(std::get_if<Table>(&value.data)), line_(value.line) {
    static const Table empty;
    if (table_ == nullptr) {
        problem(fmt::format("must be a table, but it is {}", kind_name(value)));
        table_ = &empty;
    }
}

std::string TableReader::path_of(std::string_view key) const {
    return path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key);
}

bool TableReader::has(std::string_view key) const {
    return std::ranges::any_of(*table_, [&](const auto& entry) { return entry.first == key; });
}

std::vector<std::string> TableReader::keys() const {
    std::vector<std::string> out;
    for (const auto& [key, value] : *table_) out.push_back(key);
    return out;
}

void TableReader::problem(std::string_view key, const std::string& text) const {
    std::size_t line = line_;
    for (const auto& [name, value] : *table_)
        if (name == key) line = value.line;
    context_.problems.add(line, path_of(key), text);
}

const Value* TableReader::find(std::string_view key, Need need) {
    known_.emplace_back(key);
    for (const auto& [name, value] : *table_)
        if (name == key) return &value;
    if (need == Need::required) problem(key, "is missing; add it");
    return nullptr;
}

void TableReader::wrong_kind(std::string_view key, const Value& value, const std::string& wanted) const {
    problem(key, fmt::format("{}; give {}", kind_phrase(value), wanted));
}

std::optional<std::string> TableReader::text(std::string_view key, Need need) {
    const Value* value = find(key, need);
    if (value == nullptr) return std::nullopt;
    const auto* text = std::get_if<std::string>(&value->data);
    if (text == nullptr) {
        wrong_kind(key, *value, "a text in quotes");
        return std::nullopt;
    }
    if (text->empty() || has_control(*text)) {
        problem(key, text->empty() ? "is empty; give a text" : "holds control characters; give plain text");
        return std::nullopt;
    }
    return *text;
}

std::optional<bool> TableReader::boolean(std::string_view key) {
    const Value* value = find(key, Need::optional);
    if (value == nullptr) return std::nullopt;
    if (const auto* boolean = std::get_if<bool>(&value->data)) return *boolean;
    wrong_kind(key, *value, "true or false");
    return std::nullopt;
}

std::optional<std::int64_t> TableReader::whole(std::string_view key, std::int64_t min, std::int64_t max, Need need) {
    const Value* value = find(key, need);
    if (value == nullptr) return std::nullopt;
    const std::string wanted = fmt::format("a whole number from {} to {}", min, max);
    const auto* whole = std::get_if<std::int64_t>(&value->data);
    if (whole == nullptr) {
        wrong_kind(key, *value, wanted);
        return std::nullopt;
    }
    if (*whole < min || *whole > max) {
        problem(key, fmt::format("{} is out of range; give {}", *whole, wanted));
        return std::nullopt;
    }
    return *whole;
}

std::optional<double> TableReader::number(std::string_view key, double min, double max, Need need) {
    const Value* value = find(key, need);
    if (value == nullptr) return std::nullopt;
    const std::string wanted = fmt::format("a number from {} to {}", min, max);
    double number = 0;
    if (const auto* real = std::get_if<double>(&value->data)) {
        number = *real;
    } else if (const auto* whole = std::get_if<std::int64_t>(&value->data)) {
        number = static_cast<double>(*whole);
    } else {
        wrong_kind(key, *value, wanted);
        return std::nullopt;
    }
    if (!(number >= min && number <= max)) {
        problem(key, fmt::format("{} is out of range; give {}", number, wanted));
        return std::nullopt;
    }
    return number;
}

std::optional<std::chrono::milliseconds> TableReader::seconds(std::string_view key, double min, double max, Need need) {
    const auto seconds = number(key, min, max, need);
    if (!seconds) return std::nullopt;
    const double milliseconds = *seconds * 1000;
    const auto rounded = static_cast<std::int64_t>(std::llround(milliseconds));
    if (std::abs(milliseconds - static_cast<double>(rounded)) > 1e-6) {
        problem(key, fmt::format("{} is finer than a millisecond; give at most three decimals", *seconds));
        return std::nullopt;
    }
    return std::chrono::milliseconds(rounded);
}

std::optional<model::Address> TableReader::address(std::string_view key, Need need) {
    const auto given = text(key, need);
    if (!given) return std::nullopt;
    auto parsed = model::Address::parse(*given);
    if (!parsed) {
        problem(key, parsed.error().message);
        return std::nullopt;
    }
    return *parsed;
}

template <class T, class Parse>
std::optional<std::vector<T>> TableReader::different(std::string_view key, Need need, const char* many, const char* one, Parse parse) {
    const Value* value = find(key, need);
    if (value == nullptr) return std::nullopt;
    const auto* items = std::get_if<Array>(&value->data);
    if (items == nullptr) {
        wrong_kind(key, *value, many);
        return std::nullopt;
    }
    std::vector<T> out;
    std::set<T> seen;
    bool good = true;
    for (std::size_t i = 0; i < items->size(); ++i) {
        const Value& item = (*items)[i];
        const std::string item_path = fmt::format("{}[{}]", path_of(key), i);
        const auto* given = std::get_if<std::string>(&item.data);
        if (given == nullptr) {
            context_.problems.add(item.line, item_path, fmt::format("{}; give {} in quotes", kind_phrase(item), one));
            good = false;
            continue;
        }
        model::Result<T> parsed = parse(*given);
        if (!parsed) {
            context_.problems.add(item.line, item_path, parsed.error().message);
            good = false;
        } else if (!seen.insert(*parsed).second) {
            context_.problems.add(item.line, item_path, fmt::format("{} is in the list twice; remove one", in_quotes(*given)));
            good = false;
        } else {
            out.push_back(*parsed);
        }
    }
    if (!good) return std::nullopt;
    return out;
}

std::optional<std::vector<model::Address>> TableReader::addresses(std::string_view key, Need need) {
    return different<model::Address>(key, need, "a list of addresses", "an address", model::Address::parse);
}

std::optional<std::vector<model::Bytes32>> TableReader::ids(std::string_view key, Need need) {
    return different<model::Bytes32>(key, need, "a list of ids", "an id", [](std::string_view text) -> model::Result<model::Bytes32> {
        if (const auto id = model::Bytes32::parse(text)) return *id;
        return model::fail(model::ErrorCode::bad_input, fmt::format("{} is no id; give 64 hex digits after 0x", in_quotes(std::string(text))));
    });
}

std::optional<std::vector<std::string>> TableReader::texts(std::string_view key) {
    const Value* value = find(key, Need::optional);
    if (value == nullptr) return std::nullopt;
    const auto* items = std::get_if<Array>(&value->data);
    if (items == nullptr) {
        wrong_kind(key, *value, "a list of texts");
        return std::nullopt;
    }
    std::vector<std::string> out;
    for (std::size_t i = 0; i < items->size(); ++i) {
        const auto* given = std::get_if<std::string>(&(*items)[i].data);
        if (given == nullptr || given->empty() || has_control(*given)) {
            context_.problems.add((*items)[i].line, fmt::format("{}[{}]", path_of(key), i),
                                  given == nullptr ? fmt::format("{}; give a text in quotes", kind_phrase((*items)[i]))
                                                   : std::string("is empty or holds control characters; give plain text"));
            return std::nullopt;
        }
        out.push_back(*given);
    }
    return out;
}

std::optional<std::filesystem::path> TableReader::path(std::string_view key) {
    const auto given = text(key);
    if (!given) return std::nullopt;
    return context_.directory / *given;
}

std::optional<Secret> TableReader::secret(std::string_view key, bool reference_only, Need need) {
    const Value* value = find(key, need);
    if (value == nullptr) return std::nullopt;
    const std::string wanted = "give { env = \"NAME\" } or { file = \"path\" }";
    std::optional<Secret> out;
    if (const auto* literal = std::get_if<std::string>(&value->data)) {
        if (reference_only) {
            problem(key, "stands in the file itself, where a secret does not belong; " + wanted);
            return std::nullopt;
        }
        out.emplace(*literal, fmt::format("{}:{}", context_.problems.file(), value->line));
    } else if (std::holds_alternative<Table>(value->data)) {
        TableReader reference(context_, path_of(key), *value);
        const auto name = reference.text("env");
        const auto file = reference.text("file");
        const bool named = reference.has("env") || reference.has("file");
        reference.finish();
        if (reference.has("env") == reference.has("file")) {
            problem(key, named ? "has both env and file; " + wanted : "has neither env nor file; " + wanted);
            return std::nullopt;
        }
        if (name) {
            const auto found = context_.environment(*name);
            if (!found) {
                problem(key, fmt::format("the environment variable {} is not set; set it before the start", *name));
                return std::nullopt;
            }
            out.emplace(*found, "env " + *name);
        } else if (file) {
            const std::filesystem::path full = context_.directory / *file;
            std::ifstream stream(full, std::ios::binary);
            std::string content(max_secret_bytes + 1, '\0');
            stream.read(content.data(), static_cast<std::streamsize>(content.size()));
            const auto count = static_cast<std::size_t>(stream.gcount());
            if (!stream.eof() || count > max_secret_bytes) {
                problem(key, count > max_secret_bytes
                                 ? fmt::format("the file {} has more than {} bytes; it should hold the secret alone", full.string(), max_secret_bytes)
                                 : fmt::format("the file {} cannot be read; check its path and permissions", full.string()));
                return std::nullopt;
            }
            content.resize(count);
            while (!content.empty() && (content.back() == '\n' || content.back() == '\r')) content.pop_back();
            out.emplace(std::move(content), "file " + full.string());
        } else {
            return std::nullopt;
        }
    } else {
        problem(key, fmt::format("is {}; {}", kind_name(*value), wanted));
        return std::nullopt;
    }
    if (out->reveal().empty() || has_control(out->reveal())) {
        problem(key, fmt::format("the value of {} is {}", out->origin(), out->reveal().empty() ? "empty; fill it" : "more than one line of plain text; leave one line"));
        return std::nullopt;
    }
    return out;
}

std::optional<Secret> TableReader::url(std::string_view key, Need need) {
    auto out = secret(key, false, need);
    if (out && !is_http_url(out->reveal())) {
        problem(key, fmt::format("the value of {} (not shown) is no http:// or https:// URL; give one such as http://127.0.0.1:8545", out->origin()));
        return std::nullopt;
    }
    return out;
}

std::optional<Secret> TableReader::endpoint_url(std::string_view key, Need need) {
    auto out = secret(key, false, need);
    if (out && !is_endpoint_url(out->reveal())) {
        problem(key, fmt::format("the value of {} (not shown) is no http://, https://, ws:// or wss:// URL and no ipc:/path; give one such as "
                                 "http://127.0.0.1:8545 or ipc:/run/geth/geth.ipc", out->origin()));
        return std::nullopt;
    }
    return out;
}

void TableReader::refuse(std::string_view key, const std::string& text) {
    if (find(key, Need::optional) != nullptr) problem(key, text);
}

void TableReader::each(std::string_view key, const std::function<void(TableReader&)>& read) {
    const Value* value = find(key, Need::optional);
    if (value == nullptr) return;
    const auto* items = std::get_if<Array>(&value->data);
    if (items == nullptr) {
        problem(key, fmt::format("is {}; write [[{}]] before each entry", kind_name(*value), path_of(key)));
        return;
    }
    for (std::size_t i = 0; i < items->size(); ++i) {
        TableReader item(context_, fmt::format("{}[{}]", path_of(key), i), (*items)[i]);
        read(item);
        item.finish();
    }
}

void TableReader::table(std::string_view key, const std::function<void(TableReader&)>& read) {
    const Value* value = find(key, Need::optional);
    if (value == nullptr) return;
    TableReader item(context_, path_of(key), *value);
    read(item);
    item.finish();
}

void TableReader::finish() {
    for (const auto& [key, value] : *table_) {
        if (std::ranges::find(known_, key) != known_.end()) continue;
        const auto nearest = std::ranges::min_element(
            known_, {}, [&](const std::string& known) { return edit_distance(key, known); });
        const bool near = nearest != known_.end() && edit_distance(key, *nearest) <= std::min<std::size_t>(3, (key.size() + 1) / 2);
        context_.problems.add(value.line, path_of(key),
                              near ? fmt::format("is not a setting; did you mean {}?", in_quotes(*nearest))
                                   : std::string("is not a setting; remove it"));
        known_.push_back(key);
    }
}

}  // namespace margind::config
