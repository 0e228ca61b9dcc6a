// The rows of [[feed]]: each kind of source has keys of its own.
#include "config/feeds.hpp"

#include "config/row.hpp"
#include "risk/model/in_quotes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace margind::config {
namespace {

using model::in_quotes;

constexpr std::int64_t longest_heartbeat_s = 30 * 86400;
// Stale past 1.25 of it and 60 s is then 180 s, which is what consumers of signed packages take at most.
constexpr std::int64_t package_heartbeat_s = 96;
constexpr std::int64_t most_signers = 64;

std::string toml_text(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + '"';
}

std::optional<FeedSource> read_pyth(TableReader& row, Need need) {
    const auto text = row.text("price_id", need);
    const auto interval = row.whole("max_interval_ppm", 1, 500'000);
    PythFeed source;
    if (text) {
        const auto id = model::Bytes32::parse(*text);
        if (!id) row.problem("price_id", fmt::format("{} is no price id; give 0x and 64 hex digits", in_quotes(*text)));
        if (!id) return std::nullopt;
        source.price_id = *id;
    }
    if (interval) source.max_interval_ppm = static_cast<std::uint32_t>(*interval);
    return text || need == Need::optional ? std::optional<FeedSource>(source) : std::nullopt;
}

std::optional<FeedSource> read_twap(TableReader& row, Need need) {
    const auto base = row.address("base_token", need);
    const auto quote = row.has("quote") ? read_name(row, "quote") : std::optional<std::string>("USD");
    const auto window = row.whole("window_s", 60, 86400);
    const auto liquidity = row.text("min_liquidity");
    TwapFeed source;
    if (base) source.base_token = *base;
    if (window) source.window_s = *window;
    if (liquidity) {
        const auto least = model::U256::from_decimal(*liquidity);
        if (!least || least->bit_width() > 128) {
            row.problem("min_liquidity", fmt::format("{} is no liquidity; give a whole number below 2^128 in quotes", in_quotes(*liquidity)));
            return std::nullopt;
        }
        source.min_liquidity = *least;
    }
    if (!quote || (!base && need == Need::required)) return std::nullopt;
    source.quote = *quote;
    return source;
}

std::optional<FeedSource> read_redstone(TableReader& row, Need need) {
    // The identity: asked for also where the row takes one away.
    const auto data_feed = row.text("data_feed", need);
    auto url = row.url("url", need);
    auto signers = row.addresses("signers", need);
    const auto threshold = row.whole("threshold", 1, most_signers, need);
    const auto decimals = row.whole("decimals", 0, 18);
    const auto poll = row.seconds("poll_s", 0.1, 3600);
    if (data_feed && (data_feed->empty() || data_feed->size() > 31)) {
        row.problem("data_feed", fmt::format("{} is no data feed; give 1 to 31 characters", in_quotes(*data_feed)));
        return std::nullopt;
    }
    if (signers && threshold && (signers->size() > static_cast<std::size_t>(most_signers) || static_cast<std::size_t>(*threshold) > signers->size())) {
        row.problem("threshold", fmt::format("{} of {} signers cannot be; give at most {} signers and a threshold of 1 to their number", *threshold, signers->size(), most_signers));
        return std::nullopt;
    }
    if (need == Need::optional) return RedstoneFeed{data_feed.value_or(""), Secret("", ""), {}};
    if (!data_feed || !url || !signers || !threshold) return std::nullopt;
    RedstoneFeed source{*data_feed, std::move(*url), std::move(*signers), static_cast<std::uint32_t>(*threshold)};
    if (decimals) source.decimals = static_cast<std::uint8_t>(*decimals);
    if (poll) source.poll_interval = *poll;
    return source;
}

std::optional<FeedSource> read_source(TableReader& row, Need need) {
    const std::string kind = row.text("kind").value_or("chainlink");
    if (kind == "chainlink") return ChainlinkFeed{};
    if (kind == "pyth") return read_pyth(row, need);
    if (kind == "uniswap_v3_twap") return read_twap(row, need);
    if (kind == "redstone") return read_redstone(row, need);
    row.problem("kind", fmt::format("{} is no kind of feed; give chainlink, pyth, uniswap_v3_twap or redstone", in_quotes(kind)));
    return std::nullopt;
}

// A pool is asked over its own window, and packages come every few seconds: there a default does.
std::optional<std::int64_t> heartbeat_of(TableReader& row, const FeedSource& source, Need need) {
    if (const auto* twap = std::get_if<TwapFeed>(&source)) return row.whole("heartbeat_s", 1, longest_heartbeat_s).value_or(twap->window_s);
    if (std::holds_alternative<RedstoneFeed>(source)) return row.whole("heartbeat_s", 1, longest_heartbeat_s).value_or(package_heartbeat_s);
    return row.whole("heartbeat_s", 1, longest_heartbeat_s, need);
}

void read_feed(TableReader& row, Settings& settings, Once<decltype(identity(Feed{}))>& once) {
    const auto chain = read_chain_id(row, settings);
    const auto asset = read_name(row, "asset");
    const bool enabled = row.boolean("enabled").value_or(true);
    const Need need = enabled ? Need::required : Need::optional;
    auto source = read_source(row, need);
    // What else a feed needs follows from its source; where that is wrong, its own error is enough.
    const Need rest = source ? need : Need::optional;
    const bool by_contract = !source || !std::holds_alternative<RedstoneFeed>(*source);
    const auto address = by_contract ? row.address("address", source ? Need::required : Need::optional) : std::optional(model::Address{});
    const auto heartbeat = heartbeat_of(row, source.value_or(FeedSource{}), rest);
    const auto deviation = row.whole("deviation_ppm", 1, 500000, need);
    const auto opinion = row.boolean("second_opinion");
    // Feeds of others that speak Chainlink's interface need not describe themselves as the address book says.
    const bool described = source && std::holds_alternative<ChainlinkFeed>(*source) && !opinion.value_or(false);
    auto description = row.text("description", described ? need : Need::optional);
    if (!described && !description) description.emplace();
    if (!chain || !asset || !address || !source) return;
    const bool is_opinion = opinion.value_or(std::holds_alternative<TwapFeed>(*source) || std::holds_alternative<RedstoneFeed>(*source));
    Feed feed{*chain, {*asset}, *address, heartbeat.value_or(0), static_cast<std::uint32_t>(deviation.value_or(0)), description.value_or(""),
              std::move(*source), is_opinion};
    const std::string name = by_contract ? feed.address.to_string() : fmt::format("the redstone feed of {}", *asset);
    const std::string_view key = by_contract ? "address" : "asset";
    if (!once.first(row, key, identity(feed), name)) return;
    const auto removed = std::erase_if(settings.feeds, [&](const Feed& other) { return identity(other) == identity(feed); });
    if (!enabled) {
        if (removed == 0) row.problem(key, fmt::format("{} is not a known feed of {} on chain {}, so it cannot be disabled", name, *asset, chain->value));
        return;
    }
    if (heartbeat && deviation && description) settings.feeds.push_back(std::move(feed));
}

std::string source_text(const ChainlinkFeed&) { return {}; }

std::string source_text(const PythFeed& source) {
    return fmt::format("price_id = {}\nmax_interval_ppm = {}\n", toml_text(source.price_id.to_string()), source.max_interval_ppm);
}

std::string source_text(const TwapFeed& source) {
    return fmt::format("base_token = {}\nquote = {}\nwindow_s = {}\nmin_liquidity = {}\n", toml_text(source.base_token.to_string()), toml_text(source.quote),
                       source.window_s, toml_text(source.min_liquidity.to_decimal()));
}

std::string source_text(const RedstoneFeed& source) {
    std::string signers;
    for (const model::Address& signer : source.signers) signers += (signers.empty() ? "" : ", ") + toml_text(signer.to_string());
    return fmt::format("data_feed = {}\nurl = \"***\" # {}\nsigners = [{}]\nthreshold = {}\ndecimals = {}\npoll_s = {}\n", toml_text(source.data_feed),
                       source.url.origin(), signers, source.threshold, source.decimals, static_cast<double>(source.poll_interval.count()) / 1000);
}

std::string source_text(const SequencerFeed&) { return {}; }

}  // namespace

std::string_view kind_of(const FeedSource& source) {
    struct {
        std::string_view operator()(const ChainlinkFeed&) const { return "chainlink"; }
        std::string_view operator()(const PythFeed&) const { return "pyth"; }
        std::string_view operator()(const TwapFeed&) const { return "uniswap_v3_twap"; }
        std::string_view operator()(const RedstoneFeed&) const { return "redstone"; }
        std::string_view operator()(const SequencerFeed&) const { return "sequencer"; }
    } name;
    return std::visit(name, source);
}

std::tuple<model::ChainId, model::AssetId, std::string_view, model::Address> identity(const Feed& feed) {
    return {feed.chain, feed.asset, kind_of(feed.source), feed.address};
}

std::vector<Feed> feeds_of(const Settings& settings, model::ChainId chain) {
    std::vector<Feed> feeds;
    for (const Feed& feed : settings.feeds)
        if (feed.chain == chain) feeds.push_back(feed);
    const auto known = settings.chains.find(chain);
    if (known != settings.chains.end() && known->second.sequencer_feed) {
        Feed sequencer;
        sequencer.chain = chain;
        sequencer.asset = {"sequencer"};
        sequencer.address = *known->second.sequencer_feed;
        sequencer.source = SequencerFeed{known->second.sequencer_grace_s};
        feeds.push_back(std::move(sequencer));
    }
    return feeds;
}

void read_feeds(TableReader& root, Settings& settings) {
    Once<decltype(identity(Feed{}))> once;
    root.each("feed", [&](TableReader& row) { read_feed(row, settings, once); });
    std::ranges::sort(settings.feeds, {}, [](const Feed& feed) { return identity(feed); });
}

std::string describe(const Feed& feed) {
    std::string out = fmt::format("[[feed]]\nchain = {}\nasset = {}\nkind = {}\n", feed.chain.value, toml_text(feed.asset.symbol), toml_text(kind_of(feed.source)));
    if (!feed.address.is_zero()) out += fmt::format("address = {}\n", toml_text(feed.address.to_string()));
    out += fmt::format("heartbeat_s = {}\ndeviation_ppm = {}\n", feed.heartbeat_s, feed.deviation_ppm);
    if (std::holds_alternative<ChainlinkFeed>(feed.source)) out += fmt::format("description = {}\n", toml_text(feed.description));
    out += std::visit([](const auto& source) { return source_text(source); }, feed.source);
    return out + fmt::format("second_opinion = {}\n\n", feed.second_opinion);
}

}  // namespace margind::config
