// Strict reading of a JSON document: every failure names the path and the offending value, and the first one is kept.
#pragma once

#include "risk/model/fields.hpp"
#include "risk/model/money.hpp"
#include "risk/model/text_form.hpp"

#include <nlohmann/json_fwd.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace margind::model {

/// One value of a document. A child refers to its parent and must not outlive it. After the first error every read
/// leaves its target as it is.
class JsonReader {
public:
    explicit JsonReader(const nlohmann::json& document) : value_(&document), document_(this) {}
    /// A member of an object; an error when the parent is no object or has no such key.
    JsonReader(const JsonReader& parent, std::string_view key);
    /// An element of an array. \pre index < parent.size()
    JsonReader(const JsonReader& parent, std::size_t index);
    JsonReader(const JsonReader&) = delete;
    JsonReader& operator=(const JsonReader&) = delete;

    bool failed() const { return document_->error_.has_value(); }
    /// The first error below the document.
    const std::optional<Error>& error() const { return document_->error_; }
    /// The latest version whose fields were all there, of what has been read.
    int version() const { return document_->version_; }
    void is_older_than(int version) const { document_->version_ = std::min(document_->version_, version - 1); }
    /// Records "path: what" unless an error is there already.
    void refuse(ErrorCode code, const std::string& what) const;
    /// Records "path: expected ..., got <value>".
    void expected(const std::string& what) const;

    bool is_null() const;
    bool has(std::string_view key) const;
    /// Elements of an array, members of an object; 0 for what is neither.
    std::size_t size() const;
    /// True when it is an array or an object, else an error.
    bool is_array_or_refuse() const;
    bool is_object_or_refuse() const;
    /// Keys in sorted order.
    std::vector<std::string> keys() const;
    /// Refuses a value that is no object, and any key that is not in `known`.
    void only_keys(std::span<const std::string_view> known) const;

    void read(bool& out) const;
    /// A JSON number, or "inf", "-inf", "nan" as text.
    void read(double& out) const;
    /// {"amount", "raw", "decimals", "unit"}; amount must be raw * 10^-decimals.
    void read(Money& out) const;
    void read(ChainId& out) const;
    /// A JSON integer, or a decimal string as integers above 2^53 are written.
    std::optional<std::int64_t> integer(std::int64_t lowest, std::int64_t highest) const;
    void read(std::uint64_t& out) const;
    /// Null, with an error, when it is no string.
    const std::string* text() const;

    template <std::integral T>
        requires(!std::same_as<T, bool> && !std::same_as<T, std::uint64_t>)
    void read(T& out) const {
        if (const auto value = integer(std::numeric_limits<T>::lowest(), std::numeric_limits<T>::max())) out = static_cast<T>(*value);
    }

private:
    std::string path() const;

    const nlohmann::json* value_ = nullptr;
    const JsonReader* parent_ = nullptr;
    std::string_view key_;
    std::size_t index_ = 0;
    /// Of the whole document.
    const JsonReader* document_;
    mutable std::optional<Error> error_;
    mutable int version_ = fields_version;
};

template <class T>
void read_json(const JsonReader& in, T& out);

template <class T>
void read_json(const JsonReader& in, std::optional<T>& out) {
    out.reset();
    if (!in.is_null()) read_json(in, out.emplace());
}

template <class T>
    requires(!std::same_as<T, std::byte>)
void read_json(const JsonReader& in, std::vector<T>& out) {
    out.clear();
    if (!in.is_array_or_refuse()) return;
    for (std::size_t i = 0; i < in.size() && !in.failed(); ++i) read_json(JsonReader(in, i), out.emplace_back());
}

/// Two keys that read as the same value are refused.
template <class K, class T>
void read_json(const JsonReader& in, std::map<K, T>& out) {
    out.clear();
    if (!in.is_object_or_refuse()) return;
    for (const std::string& text : in.keys()) {
        const JsonReader member(in, text);
        K key;
        if (const Result<void> parsed = from_text(text, key); !parsed) return in.refuse(parsed.error().code, parsed.error().message);
        const auto [it, inserted] = out.try_emplace(std::move(key));
        if (!inserted) return member.refuse(ErrorCode::bad_input, "the key is given twice");
        read_json(member, it->second);
        if (in.failed()) return;
    }
}

/// A described struct: exactly its fields; those of a later version than the first may be absent, and are then as declared.
template <class T>
void read_json(const JsonReader& in, T& out) {
    if constexpr (Described<T>) {
        std::vector<std::string_view> names;
        for_each_field<T>([&](const char* name, auto) { names.emplace_back(name); });
        in.only_keys(names);
        for_each_field<T>([&](const char* name, auto member) {
            if (const int version = field_since<T>(name); version > 0 && !in.has(name)) return in.is_older_than(version);
            if (!in.failed()) read_json(JsonReader(in, std::string_view(name)), out.*member);
        });
    } else if constexpr (OneOfTextTypes<T> || std::is_enum_v<T>) {
        if (const std::string* const text = in.text())
            if (const Result<void> parsed = from_text(*text, out); !parsed) in.refuse(parsed.error().code, parsed.error().message);
    } else {
        in.read(out);
    }
}

/// The whole document as one value.
template <class T>
Result<T> from_json(const nlohmann::json& document) {
    const JsonReader in(document);
    T out{};
    read_json(in, out);
    if (in.error()) return fail(*in.error());
    return out;
}

}  // namespace margind::model
