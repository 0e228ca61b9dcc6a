// Facts of an account of HyperCore, written and read, and the rule on them.
#include "adapters/protocols/hyperliquid/rule.hpp"

#include "adapters/fact_reader.hpp"

namespace margind::adapters::protocols::hyperliquid {

using model::ErrorCode;
using model::Facts;
using model::fail;
using model::Result;
using model::U256;

namespace {

/// A number that fits 64 bits.
class Numbers : public FactReader {
public:
    using FactReader::FactReader;
    std::uint64_t u64(const std::string& name) { return count(name, ~std::uint64_t{0}); }
};

RawPosition read_position(Numbers& in, std::size_t i) {
    const auto name = [i](const char* field) { return item("position", i, field); };
    RawPosition p;
    p.perp = in.u64(name("perp"));
    p.coin = in.text(name("coin"));
    p.margin_table = in.u64(name("margin_table"));
    p.sz_decimals = in.count(name("sz_decimals"), 6);
    p.max_leverage = in.u64(name("max_leverage"));
    p.szi = in.i256(name("szi"));
    p.entry_ntl = in.u256(name("entry_ntl"));
    p.isolated_raw_usd = in.i256(name("isolated_raw_usd"));
    p.leverage = in.u64(name("leverage"));
    p.is_isolated = in.boolean(name("is_isolated"));
    p.mark = in.u256(name("mark"));
    p.oracle = in.u256(name("oracle"));
    return p;
}

RawSpot read_spot(Numbers& in, std::size_t i) {
    const auto name = [i](const char* field) { return item("spot", i, field); };
    RawSpot s;
    s.token = in.u64(name("token"));
    s.name = in.text(name("name"));
    s.wei_decimals = in.count(name("wei_decimals"), 18);
    s.sz_decimals = in.count(name("sz_decimals"), 8);
    s.total = in.u256(name("total"));
    s.price = in.u256(name("price"));
    return s;
}

class Rule final : public model::VenueRule {
public:
    Result<std::unique_ptr<model::PreparedAccount>> prepare(const Facts& venue, const Facts& account, const model::AssetMap& assets) const override {
        if (venue.schema() != venue_schema) return fail(ErrorCode::unknown_schema, "venue facts have schema " + venue.schema() + ", not " + venue_schema);
        if (account.schema() != account_schema) return fail(ErrorCode::unknown_schema, "account facts have schema " + account.schema() + ", not " + account_schema);
        const Result<std::uint64_t> chain = venue.u64("chain_id");
        if (!chain) return fail(chain.error());
        const Result<std::vector<TierRow>> tiers = tier_rows(venue);
        if (!tiers) return fail(tiers.error());
        const Result<RawAccount> raw = raw_account(account);
        if (!raw) return fail(raw.error());
        const Names names = [&](const model::Address& address, const std::string& name) -> Result<Named> {
            const model::AssetMapping* mapping = assets.find(model::ChainId{*chain}, address);
            if (mapping == nullptr)
                return fail(ErrorCode::missing, "unmapped_asset " + address.to_string() + (name.empty() ? "" : " (" + name + ")") + " on chain " +
                                                    std::to_string(*chain) + ": add it to the asset table");
            // An index that is another coin's than the table says would be priced as that.
            if (!name.empty() && mapping->label != name)
                return fail(ErrorCode::missing, "unmapped_asset " + address.to_string() + ": HyperCore calls it " + name + ", the asset table " + mapping->label);
            return Named{mapping->underlying, mapping->label};
        };
        Result<Book> book = book_of(*raw, *tiers, names);
        if (!book) return fail(book.error());
        return prepared(std::move(*book));
    }
};

}  // namespace

Result<RawAccount> raw_account(const Facts& account) {
    Numbers in(account);
    RawAccount raw;
    raw.mode = in.text("mode");
    raw.isolated = in.boolean("isolated");
    raw.dex = in.u64("dex");
    raw.token = in.u64("token");
    raw.account_value = in.i256("account_value");
    raw.margin_used = in.u256("margin_used");
    raw.ntl_pos = in.u256("ntl_pos");
    raw.raw_usd = in.i256("raw_usd");
    raw.withdrawable = in.u256("withdrawable");
    raw.spot_total = in.u256("spot_total");
    const std::uint64_t positions = in.count("positions", max_positions);
    for (std::size_t i = 0; i < positions && in.ok(); ++i) raw.positions.push_back(read_position(in, i));
    const std::uint64_t spots = in.count("spots", max_spot_tokens);
    for (std::size_t i = 0; i < spots && in.ok(); ++i) raw.spots.push_back(read_spot(in, i));
    if (!in.ok()) return fail(in.error());
    return raw;
}

Result<std::vector<TierRow>> tier_rows(const Facts& venue) {
    Numbers in(venue);
    std::vector<TierRow> rows;
    const std::uint64_t count = in.count("tiers", max_tiers);
    for (std::size_t i = 0; i < count && in.ok(); ++i)
        rows.push_back({in.u64(item("tier", i, "table")), in.u64(item("tier", i, "above_usd")), in.u64(item("tier", i, "max_leverage"))});
    if (!in.ok()) return fail(in.error());
    return rows;
}

void add_facts(const RawAccount& raw, model::FactsBuilder& facts) {
    facts.add("mode", to_bytes(raw.mode));
    facts.add("isolated", raw.isolated);
    facts.add("dex", U256(raw.dex));
    facts.add("token", U256(raw.token));
    facts.add("account_value", raw.account_value);
    facts.add("margin_used", raw.margin_used);
    facts.add("ntl_pos", raw.ntl_pos);
    facts.add("raw_usd", raw.raw_usd);
    facts.add("withdrawable", raw.withdrawable);
    facts.add("spot_total", raw.spot_total);
    facts.add("positions", U256(raw.positions.size()));
    for (std::size_t i = 0; i < raw.positions.size(); ++i) {
        const RawPosition& p = raw.positions[i];
        const auto add = [&](const char* field, model::FactValue value) { facts.add(item("position", i, field), std::move(value)); };
        add("perp", U256(p.perp));
        add("coin", to_bytes(p.coin));
        add("margin_table", U256(p.margin_table));
        add("sz_decimals", U256(p.sz_decimals));
        add("max_leverage", U256(p.max_leverage));
        add("szi", p.szi);
        add("entry_ntl", p.entry_ntl);
        add("isolated_raw_usd", p.isolated_raw_usd);
        add("leverage", U256(p.leverage));
        add("is_isolated", p.is_isolated);
        add("mark", p.mark);
        add("oracle", p.oracle);
    }
    facts.add("spots", U256(raw.spots.size()));
    for (std::size_t i = 0; i < raw.spots.size(); ++i) {
        const RawSpot& s = raw.spots[i];
        facts.add(item("spot", i, "token"), U256(s.token));
        facts.add(item("spot", i, "name"), to_bytes(s.name));
        facts.add(item("spot", i, "wei_decimals"), U256(s.wei_decimals));
        facts.add(item("spot", i, "sz_decimals"), U256(s.sz_decimals));
        facts.add(item("spot", i, "total"), s.total);
        facts.add(item("spot", i, "price"), s.price);
    }
}

const model::VenueRule& rule() {
    static const Rule rule;
    return rule;
}

}  // namespace margind::adapters::protocols::hyperliquid
