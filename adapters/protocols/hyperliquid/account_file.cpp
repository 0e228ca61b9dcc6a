// An account of HyperCore written down.
#include "adapters/protocols/hyperliquid/account_file.hpp"

#include "adapters/account_steps.hpp"
#include "adapters/protocols/hyperliquid/rule.hpp"
#include "risk/model/json_reader.hpp"
#include "risk/model/json_text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cctype>

namespace margind::adapters::protocols::hyperliquid {

using model::fail;
using model::I256;
using model::Result;
using model::U256;

namespace {

struct File {
    std::string format;
    std::vector<TierRow> tiers;
    RawAccount account;
};
constexpr auto describe(const File*) {
    return std::tuple(model::field("format", &File::format), model::field("tiers", &File::tiers), model::field("account", &File::account));
}
constexpr int since(const File*, std::string_view name) { return name == "tiers" ? 1 : 0; }

/// A coin is its own underlying.
Result<Named> by_name(const model::Address&, const std::string& name) { return Named{model::AssetId{name.empty() ? "USD" : name}, name.empty() ? "USD" : name}; }

std::string tiers_text(const std::vector<Tier>& tiers) {
    std::string text;
    for (const Tier& tier : tiers) {
        if (!text.empty()) text += ", ";
        text += std::to_string(tier.max_leverage) + "x above " + model::decimal_text(*I256::from(tier.above), 6);
    }
    return text;
}

void position_steps(const Held& held, AccountSteps& steps) {
    const RawPosition& raw = held.raw;
    const auto price = static_cast<std::uint8_t>(6 - raw.sz_decimals);
    const std::optional<U256> notional = checked_mul(raw.szi.magnitude(), raw.mark);
    if (!notional) return;
    const Result<U256> maintenance = maintenance_of(*notional, held.tiers);
    if (!maintenance) return;
    steps.add(raw.coin + " entry sign x entryNtl", I256::make(raw.szi.is_negative(), raw.entry_ntl).value_or(I256()), 6);
    steps.add(raw.coin + " szi", raw.szi, static_cast<std::uint8_t>(raw.sz_decimals));
    steps.add(raw.coin + " mark", *I256::from(raw.mark), price);
    steps.add(raw.coin + " value szi x mark", I256::make(raw.szi.is_negative(), *notional).value_or(I256()), 6);
    steps.add(raw.coin + " margin tiers", tiers_text(held.tiers));
    steps.add(raw.coin + " maintenance", I256::from(*maintenance).value_or(I256()), 6);
}

}  // namespace

Result<AccountFileAnswer> evaluate_account_file(std::string_view text) {
    const auto document = model::parse_json(text);
    if (!document) return fail(document.error());
    const Result<File> file = model::from_json<File>(*document);
    if (!file) return fail(file.error());
    Result<Book> book = book_of(file->account, file->tiers, by_name);
    if (!book) return fail(book.error());
    AccountSteps steps(account_file_format);
    steps.add("account", std::string(book->isolated ? "isolated position" : "cross") + ", mode " + to_string(book->mode));
    if (book->mode == Mode::unified && !book->isolated) steps.add("spot USDC", I256::from(file->account.spot_total).value_or(I256()), 8);
    steps.add(book->mode == Mode::unified && !book->isolated ? "cash: spot USDC less entries" : "cash", book->cash, 6);
    for (const Held& held : book->positions) position_steps(held, steps);
    for (const std::string& note : book->notes) steps.add("note", note);
    return steps.answer(prepared(std::move(*book)));
}

}  // namespace margind::adapters::protocols::hyperliquid
