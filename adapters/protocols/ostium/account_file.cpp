// A trade at Ostium written down.
#include "adapters/protocols/ostium/account_file.hpp"

#include "adapters/account_steps.hpp"
#include "adapters/protocols/ostium/book.hpp"
#include "risk/model/json_reader.hpp"
#include "risk/model/json_text.hpp"

#include <nlohmann/json.hpp>

namespace margind::adapters::protocols::ostium {

using model::fail;
using model::I256;
using model::Result;

namespace {

/// Names of what the pair and the collateral are worth one of.
struct Underlyings {
    std::string index;
    std::string collateral;
};
struct File {
    std::string format;
    Underlyings underlyings;
    RawTrade trade;
};
constexpr auto describe(const Underlyings*) {
    return std::tuple(model::field("index", &Underlyings::index), model::field("collateral", &Underlyings::collateral));
}
constexpr auto describe(const File*) {
    return std::tuple(model::field("format", &File::format), model::field("underlyings", &File::underlyings), model::field("trade", &File::trade));
}

I256 whole(const model::U256& value) { return I256::from(value).value_or(I256()); }
I256 whole(std::uint64_t value) { return whole(model::U256(value)); }

}  // namespace

Result<AccountFileAnswer> evaluate_account_file(std::string_view text) {
    const auto document = model::parse_json(text);
    if (!document) return fail(document.error());
    const Result<File> file = model::from_json<File>(*document);
    if (!file) return fail(file.error());
    const RawTrade& raw = file->trade;
    const Result<void> sound = check(raw);
    if (!sound) return fail(sound.error());
    const Result<Figures> f = figures_of(raw, 0);
    if (!f) return fail(f.error());
    AccountSteps steps(account_file_format);
    steps.add("side", raw.is_long ? "long" : "short");
    steps.add("collateral", whole(raw.collateral), money_decimals);
    steps.add("leverage", whole(raw.leverage), 2);
    steps.add("open price", whole(raw.open_price), price_decimals);
    steps.add("price", whole(raw.price), price_decimals);
    steps.add("profit, percent of the collateral", f->percent_profit, 6);
    steps.add("rollover", f->rollover, money_decimals);
    steps.add("funding", f->funding, money_decimals);
    steps.add("value: collateral + profit - fees", f->value, money_decimals);
    steps.add("threshold, percent", std::to_string(raw.liq_margin_threshold));
    steps.add("maximum leverage of the pair", whole(raw.max_leverage), 2);
    steps.add("liquidation margin", whole(f->liquidation_margin), money_decimals);
    steps.add("price of liquidation by the contract", whole(f->liquidation_price), price_decimals);
    const auto named = [](const std::string& symbol) { return Named{model::AssetId{symbol}, symbol}; };
    return steps.answer(prepared(Book{raw, named(file->underlyings.index), named(file->underlyings.collateral)}));
}

}  // namespace margind::adapters::protocols::ostium
