// A position of GMX V2 written down.
#include "adapters/protocols/gmx_v2/account_file.hpp"

#include "adapters/account_steps.hpp"
#include "adapters/protocols/gmx_v2/book.hpp"
#include "risk/model/json_reader.hpp"
#include "risk/model/json_text.hpp"

#include <nlohmann/json.hpp>

namespace margind::adapters::protocols::gmx_v2 {

using model::fail;
using model::I256;
using model::Result;

namespace {

/// Names of what the index, the collateral and the pool's token are worth one of.
struct Underlyings {
    std::string index;
    std::string collateral;
    std::string pool;
};
struct File {
    std::string format;
    Underlyings underlyings;
    RawPosition position;
};
constexpr auto describe(const Underlyings*) {
    return std::tuple(model::field("index", &Underlyings::index), model::field("collateral", &Underlyings::collateral), model::field("pool", &Underlyings::pool));
}
constexpr auto describe(const File*) {
    return std::tuple(model::field("format", &File::format), model::field("underlyings", &File::underlyings), model::field("position", &File::position));
}

Named named(const std::string& symbol) { return {model::AssetId{symbol}, symbol}; }

}  // namespace

Result<AccountFileAnswer> evaluate_account_file(std::string_view text) {
    const auto document = model::parse_json(text);
    if (!document) return fail(document.error());
    const Result<File> file = model::from_json<File>(*document);
    if (!file) return fail(file.error());
    const RawPosition& raw = file->position;
    const Result<void> sound = check(raw);
    if (!sound) return fail(sound.error());
    const Result<Figures> f = figures_of(raw, 0);
    if (!f) return fail(f.error());
    constexpr std::uint8_t usd = 30;
    AccountSteps steps(account_file_format);
    const auto price = [](std::uint64_t decimals) { return static_cast<std::uint8_t>(30 - decimals); };
    steps.add("side", raw.is_long ? "long" : "short");
    steps.add("size", I256::from(raw.size_usd).value_or(I256()), usd);
    steps.add("size in tokens", I256::from(raw.size_tokens).value_or(I256()), static_cast<std::uint8_t>(raw.index_decimals));
    steps.add("index price", I256::from(raw.is_long ? raw.index_min : raw.index_max).value_or(I256()), price(raw.index_decimals));
    steps.add("collateral x its lower price", f->collateral_usd, usd);
    steps.add("pnl, uncapped", f->uncapped_pnl, usd);
    steps.add("pnl, as the pool pays it", f->pnl, usd);
    steps.add("pending price impact", f->pending_impact, usd);
    steps.add("price impact of the test", f->impact, usd);
    steps.add("cost: fees, borrowing, funding", f->cost, usd);
    steps.add("remaining collateral", f->remaining, usd);
    steps.add("least: size x factor", I256::from(f->by_leverage).value_or(I256()), usd);
    steps.add("least: of any position", I256::from(raw.min_collateral_usd).value_or(I256()), usd);
    steps.add("band of the impact, ppm", std::to_string(impact_band_ppm(raw)));
    return steps.answer(prepared(Book{raw, named(file->underlyings.index), named(file->underlyings.collateral), named(file->underlyings.pool)}));
}

}  // namespace margind::adapters::protocols::gmx_v2
