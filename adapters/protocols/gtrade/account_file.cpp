// A trade at gTrade written down.
#include "adapters/protocols/gtrade/account_file.hpp"

#include "adapters/account_steps.hpp"
#include "adapters/protocols/gtrade/book.hpp"
#include "risk/model/json_reader.hpp"
#include "risk/model/json_text.hpp"

#include <nlohmann/json.hpp>

namespace margind::adapters::protocols::gtrade {

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

}  // namespace

Result<AccountFileAnswer> evaluate_account_file(std::string_view text) {
    const auto document = model::parse_json(text);
    if (!document) return fail(document.error());
    const Result<File> file = model::from_json<File>(*document);
    if (!file) return fail(file.error());
    RawTrade raw = file->trade;
    // Left out: the same at any price.
    if (raw.holding_fees_at_twice.is_zero()) raw.holding_fees_at_twice = raw.holding_fees;
    const Result<void> sound = check(raw);
    if (!sound) return fail(sound.error());
    const Result<Figures> f = figures_of(raw, place_of(raw));
    if (!f) return fail(f.error());
    const auto money = static_cast<std::uint8_t>(raw.collateral_decimals);
    constexpr std::uint8_t percent = 10;
    AccountSteps steps(account_file_format);
    steps.add("side", raw.is_long ? "long" : "short");
    steps.add("collateral", whole(raw.collateral), money);
    steps.add("leverage", whole(model::U256(raw.leverage)), 3);
    steps.add("open price", whole(raw.open_price), price_decimals);
    steps.add("price", whole(raw.price), price_decimals);
    steps.add("profit, percent of the collateral", f->percent_profit, percent);
    steps.add("closing fee", whole(f->closing_fee), money);
    steps.add("holding fees", f->holding_fees, money);
    steps.add("fees less what is realised", f->fees, money);
    steps.add("value: collateral + profit - fees", f->value, money);
    steps.add("loss that liquidates, percent", whole(f->threshold), percent);
    steps.add("spread of a close, percent", whole(f->closing_spread), percent);
    steps.add("what must remain", whole(f->maintenance), money);
    steps.add("price of liquidation by the contract", whole(f->liquidation_price), price_decimals);
    const auto named = [](const std::string& symbol) { return Named{model::AssetId{symbol}, symbol}; };
    return steps.answer(prepared(Book{raw, named(file->underlyings.index), named(file->underlyings.collateral)}));
}

}  // namespace margind::adapters::protocols::gtrade
