// Building, finding and hashing facts.
#include "risk/model/facts.hpp"

#include "risk/model/content.hpp"
#include "risk/model/in_quotes.hpp"

#include <algorithm>
#include <mutex>
#include <unordered_map>

namespace margind::model {
namespace {

using Names = std::vector<std::string>;

/// Live name lists by content. Entries whose list nobody holds are swept when the table has doubled, so it never
/// holds more than twice what lives. Callable from any thread.
class NameTable {
public:
    std::shared_ptr<const Names> intern(Names names) {
        const std::size_t key = hash(names);
        const std::lock_guard lock(mutex_);
        const auto [begin, end] = table_.equal_range(key);
        for (auto it = begin; it != end; ++it)
            if (auto held = it->second.lock(); held && *held == names) return held;
        if (table_.size() >= sweep_at_) {
            std::erase_if(table_, [](const auto& entry) { return entry.second.expired(); });
            sweep_at_ = std::max(least_sweep, 2 * table_.size());
        }
        auto held = std::make_shared<const Names>(std::move(names));
        table_.emplace(key, held);
        return held;
    }

private:
    static constexpr std::size_t least_sweep = 64;

    static std::size_t hash(const Names& names) {
        std::size_t out = names.size();
        for (const std::string& name : names) out = out * 1099511628211ULL + std::hash<std::string>{}(name);
        return out;
    }

    std::mutex mutex_;
    std::unordered_multimap<std::size_t, std::weak_ptr<const Names>> table_;
    std::size_t sweep_at_ = least_sweep;
};

std::shared_ptr<const Names> interned(Names names) {
    static NameTable table;
    return table.intern(std::move(names));
}

/// The type's index in FactValue goes first: equal bytes of another type hash differently.
void add_value(Content& content, const FactValue& value) {
    content.add_byte(static_cast<std::uint8_t>(value.index()));
    std::visit([&content](const auto& held) { content.add(held); }, value);
}

Bytes32 hash_content(std::string_view schema, const Names& names, const std::vector<FactValue>& values) {
    Content content;
    content.add(schema);
    content.add_count(names.size());
    for (std::size_t i = 0; i < names.size(); ++i) {
        content.add(std::string_view(names[i]));
        add_value(content, values[i]);
    }
    return content.hash();
}

bool is_printable(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

template <class T>
Result<T> typed(const Facts& facts, std::string_view name, const char* type) {
    const FactValue* const value = facts.find(name);
    if (value == nullptr) return fail(ErrorCode::missing, "fact \"" + std::string(name) + "\" is absent in " + facts.schema());
    const T* const held = std::get_if<T>(value);
    if (held == nullptr) return fail(ErrorCode::bad_input, "fact \"" + std::string(name) + "\" in " + facts.schema() + " is not of type " + type);
    return *held;
}

}  // namespace

const FactValue* Facts::find(std::string_view name) const {
    if (names_ == nullptr) return nullptr;
    const auto it = std::lower_bound(names_->begin(), names_->end(), name, [](const std::string& a, std::string_view b) { return a < b; });
    if (it == names_->end() || *it != name) return nullptr;
    return &values_[static_cast<std::size_t>(it - names_->begin())];
}

Result<U256> Facts::u256(std::string_view name) const { return typed<U256>(*this, name, "u256"); }
Result<I256> Facts::i256(std::string_view name) const { return typed<I256>(*this, name, "i256"); }
Result<Address> Facts::address(std::string_view name) const { return typed<Address>(*this, name, "address"); }
Result<bool> Facts::boolean(std::string_view name) const { return typed<bool>(*this, name, "bool"); }

Result<std::uint64_t> Facts::u64(std::string_view name) const {
    const Result<U256> value = u256(name);
    if (!value) return fail(value.error());
    const std::optional<std::uint64_t> small = value->to_u64();
    if (!small)
        return fail(ErrorCode::out_of_range,
                    "fact \"" + std::string(name) + "\" in " + schema_ + " is " + value->to_decimal() + ", above 2^64 - 1");
    return *small;
}

Result<FactsPtr> FactsBuilder::build() && {
    if (!is_printable(schema_)) return fail(ErrorCode::bad_input, "the schema " + in_quotes(schema_) + " of facts is not printable ASCII text");
    std::ranges::stable_sort(entries_, {}, &std::pair<std::string, FactValue>::first);
    Names names;
    auto facts = std::make_shared<Facts>();
    names.reserve(entries_.size());
    facts->values_.reserve(entries_.size());
    for (auto& [name, value] : entries_) {
        if (!is_printable(name)) return fail(ErrorCode::bad_input, "the fact name " + in_quotes(name) + " in " + schema_ + " is not printable ASCII text");
        if (!names.empty() && names.back() == name) return fail(ErrorCode::bad_input, "fact \"" + name + "\" is given twice in " + schema_);
        names.push_back(std::move(name));
        facts->values_.push_back(std::move(value));
    }
    facts->schema_ = std::move(schema_);
    facts->names_ = interned(std::move(names));
    facts->hash_ = hash_content(facts->schema_, *facts->names_, facts->values_);
    return FactsPtr(std::move(facts));
}

}  // namespace margind::model
