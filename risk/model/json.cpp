// Facts by type tag and text; a snapshot as its rows and a table of facts.
#include "risk/model/json.hpp"

#include "risk/model/in_quotes.hpp"
#include "risk/model/snapshot_fields.hpp"

#include <algorithm>
#include <array>
#include <set>

namespace margind::model {
namespace {

/// By index in FactValue.
constexpr std::array<std::string_view, std::variant_size_v<FactValue>> type_names = {"u256", "i256", "address", "bytes32", "bool", "bytes"};

std::string fact_text(const FactValue& value) {
    const std::string type(type_names[value.index()]);
    if (const bool* const flag = std::get_if<bool>(&value)) return type + (*flag ? ":true" : ":false");
    return std::visit(
        [&type](const auto& held) -> std::string {
            if constexpr (std::is_same_v<std::decay_t<decltype(held)>, bool>) return type;
            else return type + ":" + to_text(held);
        },
        value);
}

template <class T>
Result<FactValue> parsed(std::string_view text) {
    T value;
    if (const Result<void> result = from_text(text, value); !result) return fail(result.error());
    return FactValue(std::move(value));
}

Result<FactValue> fact_from_text(std::string_view text) {
    const std::size_t colon = std::min(text.find(':'), text.size());
    const std::string_view type = text.substr(0, colon);
    const std::string_view value = text.substr(std::min(colon + 1, text.size()));
    if (type == "u256") return parsed<U256>(value);
    if (type == "i256") return parsed<I256>(value);
    if (type == "address") return parsed<Address>(value);
    if (type == "bytes32") return parsed<Bytes32>(value);
    if (type == "bytes") return parsed<Bytes>(value);
    if (text == "bool:true") return FactValue(true);
    if (text == "bool:false") return FactValue(false);
    return fail(ErrorCode::bad_input, "expected a fact such as \"u256:1\", got " + in_quotes(text));
}

/// The facts of a document by content hash, and which of them were asked for.
class FactsTable {
public:
    explicit FactsTable(const JsonReader& in) {
        if (!in.is_object_or_refuse()) return;
        for (const std::string& text : in.keys()) {
            const JsonReader member(in, text);
            FactsPtr facts;
            read_json(member, facts);
            if (!in.failed() && facts->content_hash().to_string() != text)
                member.refuse(ErrorCode::bad_input, "this content hashes to " + facts->content_hash().to_string());
            if (in.failed()) return;
            by_hash_.emplace(facts->content_hash(), std::move(facts));
        }
    }

    /// Null where the row has none.
    FactsPtr find(const JsonReader& in, const std::string& row, const std::optional<Bytes32>& hash) {
        if (!hash) return nullptr;
        const auto it = by_hash_.find(*hash);
        if (it == by_hash_.end()) {
            in.refuse(ErrorCode::missing, row + " refers to facts " + hash->to_string() + ", which are not in \"facts\"");
            return nullptr;
        }
        used_.insert(*hash);
        return it->second;
    }

    void refuse_unused(const JsonReader& in) const {
        for (const auto& [hash, facts] : by_hash_)
            if (!used_.contains(hash)) return in.refuse(ErrorCode::bad_input, "nothing refers to facts " + hash.to_string());
    }

private:
    std::map<Bytes32, FactsPtr> by_hash_;
    std::set<Bytes32> used_;
};

/// \pre `rows` is sorted. `name` tells rows apart.
template <class T, class Name>
void refuse_twice(const JsonReader& in, const std::vector<T>& rows, Name name) {
    const auto it = std::ranges::adjacent_find(rows, {}, name);
    if (it != rows.end()) in.refuse(ErrorCode::bad_input, name(*it) + " is given twice");
}

void refuse_repeated_rows(const JsonReader& in, const SnapshotRows& rows) {
    const auto list = [&in](const char* key) { return JsonReader(in, std::string_view(key)); };
    refuse_twice(list("blocks"), rows.blocks, [](const BlockRef& row) { return "chain " + std::to_string(row.chain.value); });
    refuse_twice(list("assets"), rows.assets, [](const AssetMapping& row) { return std::to_string(row.chain.value) + ":" + row.token.to_string(); });
    refuse_twice(list("prices"), rows.prices, [](const ReferencePrice& row) {
        return row.asset.symbol + " on chain " + std::to_string(row.chain.value) + " from " + in_quotes(row.source);
    });
    refuse_twice(list("venues"), rows.venues, [](const VenueRow& row) { return row.id.to_string(); });
    refuse_twice(list("accounts"), rows.accounts, [](const AccountRow& row) { return row.key.to_string(); });
    refuse_twice(list("portfolios"), rows.portfolios, [](const Portfolio& row) { return in_quotes(row.name); });
    if (!rows.troubles.empty()) refuse_twice(list("troubles"), rows.troubles,
                 [](const SourceTrouble& row) { return std::string(to_string(row.kind)) + " of chain " + std::to_string(row.chain.value); });
}

}  // namespace

void write_json(const JsonWriter& out, const Facts& facts) {
    out.object();
    out.member("schema").text(facts.schema());
    const JsonWriter values = out.member("values");
    values.object();
    for (std::size_t i = 0; i < facts.size(); ++i) values.member(facts.name(i)).text(fact_text(facts.value(i)));
}

void read_json(const JsonReader& in, FactsPtr& out) {
    constexpr std::string_view known[] = {"schema", "values"};
    in.only_keys(known);
    std::string schema;
    read_json(JsonReader(in, std::string_view("schema")), schema);
    const JsonReader values(in, std::string_view("values"));
    if (in.failed() || !values.is_object_or_refuse()) return;
    FactsBuilder builder(std::move(schema));
    for (const std::string& name : values.keys()) {
        const JsonReader member(values, name);
        const std::string* const text = member.text();
        if (text == nullptr) return;
        Result<FactValue> value = fact_from_text(*text);
        if (!value) return member.refuse(value.error().code, value.error().message);
        builder.add(name, *std::move(value));
    }
    Result<FactsPtr> facts = std::move(builder).build();
    if (!facts) return in.refuse(facts.error().code, facts.error().message);
    out = *std::move(facts);
}

void write_json(const JsonWriter& out, const Snapshot& snapshot) {
    write_json(out, rows_of(snapshot));
    const JsonWriter table = out.member("facts");
    table.object();
    const auto write = [&table](const FactsPtr& facts) {
        if (facts != nullptr) write_json(table.member(facts->content_hash().to_string()), *facts);
    };
    for (const Venue& venue : snapshot.venues) write(venue.facts);
    for (const MarginAccount& account : snapshot.accounts) write(account.facts);
}

void read_json(const JsonReader& in, Snapshot& out) {
    SnapshotRows rows;
    std::vector<std::string_view> known = {"facts"};
    for_each_field<SnapshotRows>([&](const char* name, auto) { known.emplace_back(name); });
    in.only_keys(known);
    for_each_field<SnapshotRows>([&](const char* name, auto member) {
        if (const int version = field_since<SnapshotRows>(name); version > 0 && !in.has(name)) return in.is_older_than(version);
        if (!in.failed()) read_json(JsonReader(in, std::string_view(name)), rows.*member);
    });
    if (in.failed()) return;
    sort_rows(rows);
    refuse_repeated_rows(in, rows);
    FactsTable table(JsonReader(in, std::string_view("facts")));
    if (in.failed()) return;

    out = Snapshot{};
    out.time = rows.time;
    for (const BlockRef& block : rows.blocks) out.blocks.emplace(block.chain, block);
    for (AssetMapping& mapping : rows.assets) out.assets.add(std::move(mapping));
    out.prices = std::move(rows.prices);
    for (VenueRow& row : rows.venues) {
        FactsPtr facts = table.find(in, row.id.to_string(), row.facts);
        out.venues.push_back({std::move(row.id), std::move(facts), row.read_at, std::move(row.reason)});
    }
    for (AccountRow& row : rows.accounts) {
        FactsPtr facts = table.find(in, row.key.to_string(), row.facts);
        out.accounts.push_back({std::move(row.key), std::move(facts), row.read_at, std::move(row.reason), std::move(row.views), row.verified_at,
                                row.qualifiers});
    }
    out.portfolios = std::move(rows.portfolios);
    out.troubles = std::move(rows.troubles);
    table.refuse_unused(in);
}

}  // namespace margind::model
