// Chains, endpoints, venues, assets, feeds, portfolios, policy, storage, http, sinks, market.
#include "config/sections.hpp"

#include "config/feeds.hpp"
#include "config/policy_fields.hpp"
#include "config/row.hpp"
#include "risk/model/in_quotes.hpp"
#include "risk/model/text_form.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <tuple>

namespace margind::config {
namespace {

using model::in_quotes;

/// The same address on every chain that has it (deployed by a presigned transaction).
const model::Address& canonical_multicall3() {
    static const model::Address address = model::Address::parse("0xcA11bde05977b3631167028862bE2a173976CA11").value();
    return address;
}

void read_chains(TableReader& root, Settings& settings) {
    Once<model::ChainId> once;
    root.each("chain", [&](TableReader& row) {
        const auto id = row.whole("id", 1, max_chain, Need::required);
        const model::ChainId chain_id{id ? static_cast<std::uint64_t>(*id) : 0};
        const auto known = settings.chains.find(chain_id);
        const bool is_new = known == settings.chains.end();
        Chain chain;
        if (is_new) {
            chain.id = chain_id;
            chain.name = fmt::format("chain-{}", chain_id.value);
            chain.multicall3 = canonical_multicall3();
        } else {
            chain = known->second;
        }
        if (row.has("name")) chain.name = read_name(row, "name").value_or(chain.name);
        const auto block_time = row.seconds("block_time_s", 0.001, 86400, id && is_new ? Need::required : Need::optional);
        if (block_time) chain.block_time = *block_time;
        if (is_new) chain.poll_interval = std::clamp(chain.block_time / 2, std::chrono::milliseconds(250), std::chrono::milliseconds(4000));
        if (is_new) chain.stale_after = std::clamp(3 * chain.block_time, std::chrono::milliseconds(30'000), std::chrono::milliseconds(45'000));
        chain.poll_interval = row.seconds("poll_interval_s", 0.05, 3600).value_or(chain.poll_interval);
        chain.stale_after = row.seconds("stale_after_s", 1, 3600).value_or(chain.stale_after);
        chain.multicall3 = row.address("multicall3").value_or(chain.multicall3);
        chain.quiet_chain = row.boolean("quiet_chain").value_or(chain.quiet_chain);
        if (const auto blocks = row.whole("verify_every_blocks", 1, 1000)) chain.verify_every_blocks = static_cast<std::uint32_t>(*blocks);
        if (const auto feed = row.address("sequencer_feed")) chain.sequencer_feed = *feed;
        chain.sequencer_grace_s = row.whole("sequencer_grace_s", 1, 86400).value_or(chain.sequencer_grace_s);
        row.refuse("rpc", fmt::format("is not a setting of a chain; write [[endpoint]] with chain = {}, operator = \"who runs it\" and url = what stands here", chain_id.value));
        if (id && once.first(row, "id", chain_id, fmt::format("chain {}", *id))) settings.chains.insert_or_assign(chain_id, std::move(chain));
    });
}

/// What two texts of one URL have in common: scheme and host without regard to case, no slash at the end.
std::string same_url(const std::string& url) {
    std::string text = url;
    while (text.ends_with('/')) text.pop_back();
    const auto authority = text.find("://");
    const auto end = authority == std::string::npos ? text.find(':') : text.find('/', authority + 3);
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    std::transform(text.begin(), end == std::string::npos ? text.end() : text.begin() + static_cast<std::ptrdiff_t>(end), text.begin(), lower);
    return text;
}

void read_endpoints(TableReader& root, Settings& settings) {
    // One node under two names would agree with itself.
    std::map<std::pair<model::ChainId, std::string>, std::size_t> lines;
    root.each("endpoint", [&](TableReader& row) {
        const auto chain = read_chain_id(row, settings);
        const auto name = read_name(row, "operator");
        auto url = row.endpoint_url("url", Need::required);
        const auto requests = row.number("requests_per_second", 0.01, 1e6);
        const auto units = row.number("compute_units_per_second", 0.01, 1e9);
        if (!chain || !name || !url) return;
        const auto [first, is_new] = lines.try_emplace({*chain, same_url(url->reveal())}, row.line());
        if (!is_new) {
            row.problem("url", fmt::format("the value of {} (not shown) is also the URL of the endpoint in line {}: one node cannot confirm what it said itself; remove one",
                                           url->origin(), first->second));
            return;
        }
        settings.endpoints.push_back({*chain, *name, std::move(*url), requests, units});
    });
    std::ranges::stable_sort(settings.endpoints, {}, [](const Endpoint& endpoint) { return std::tie(endpoint.chain, endpoint.operator_name); });
}

void read_venues(TableReader& root, Settings& settings) {
    Once<model::VenueId> once;
    root.each("venue", [&](TableReader& row) {
        Venue venue;
        const auto id = row.text("id", Need::required);
        bool good = id.has_value();
        if (id) {
            auto parsed = model::VenueId::parse(*id);
            if (parsed) {
                venue.id = *parsed;
                check_known(row, "id", venue.id.chain, settings);
                good = once.first(row, "id", venue.id, "venue " + *id);
            } else {
                row.problem("id", parsed.error().message);
                good = false;
            }
        }
        row.table("addresses", [&](TableReader& names) {
            for (const std::string& name : names.keys())
                if (auto address = names.address(name)) venue.addresses.emplace(name, *address);
        });
        row.table("lists", [&](TableReader& names) {
            for (const std::string& name : names.keys())
                if (auto list = names.addresses(name)) venue.lists.emplace(name, std::move(*list));
        });
        if (auto rule = row.text("rule")) venue.rule = std::move(*rule);
        row.table("ids", [&](TableReader& names) {
            for (const std::string& name : names.keys())
                if (auto list = names.ids(name)) venue.ids.emplace(name, std::move(*list));
        });
        if (const auto block = row.whole("from_block", 0, std::numeric_limits<std::int64_t>::max())) venue.from_block = static_cast<std::uint64_t>(*block);
        const bool enabled = row.boolean("enabled").value_or(true);
        if (!good) return;
        if (!enabled) {
            if (settings.venues.erase(venue.id) == 0) row.problem("id", fmt::format("{} is not a known venue, so it cannot be disabled; check its name", *id));
            return;
        }
        settings.venues.insert_or_assign(venue.id, std::move(venue));
    });
}

void read_assets(TableReader& root, Settings& settings) {
    Once<std::pair<model::ChainId, model::Address>> once;
    root.each("asset", [&](TableReader& row) {
        const auto chain = read_chain_id(row, settings);
        const auto token = row.address("token", Need::required);
        const auto underlying = read_name(row, "underlying");
        const auto label = row.text("label", Need::required);
        const auto source = row.text("ratio");
        const auto base = source ? read_name(row, "base") : std::nullopt;
        if (!chain || !token || !underlying || !label || (source && !base)) return;
        model::AssetMapping mapping{*chain, *token, {*underlying}, *label};
        if (source) {
            mapping.ratio = model::UnitRatio{model::RatioSource::erc4626, {*base}};
            if (const auto known = model::from_text(*source, mapping.ratio->source); !known) return row.problem("ratio", known.error().message);
            if (mapping.ratio->source == model::RatioSource::rate_feed) {
                const auto feed = row.address("rate_feed", Need::required);
                if (!feed) return;
                mapping.ratio->rate_feed = *feed;
            }
        }
        if (once.first(row, "token", {*chain, *token}, token->to_string())) settings.assets.add(std::move(mapping));
    });
}

void read_portfolios(TableReader& root, Settings& settings) {
    Once<std::string> once;
    root.each("portfolio", [&](TableReader& row) {
        const auto name = read_name(row, "name");
        const auto owners = row.addresses("owners", Need::required);
        if (owners && owners->empty()) row.problem("owners", "is an empty list; give at least one address");
        if (!name || !owners || owners->empty() || !once.first(row, "name", *name, "portfolio " + *name)) return;
        auto wallets = row.addresses("wallets");
        settings.portfolios.push_back({*name, *owners, wallets ? std::move(*wallets) : std::vector<model::Address>()});
    });
    std::ranges::sort(settings.portfolios, {}, &model::Portfolio::name);
}

double as_double(const PolicyField& field, const model::Policy& policy) {
    return std::visit([&](auto member) { return static_cast<double>(policy.*member); }, field.member);
}

void read_policy(TableReader& root, Settings& settings) {
    root.table("policy", [&](TableReader& row) {
        const auto fields = policy_fields();
        for (const PolicyField& field : fields) {
            if (const auto* real = std::get_if<double model::Policy::*>(&field.member)) {
                if (auto value = row.number(field.name, field.min, field.max)) settings.policy.*(*real) = *value;
            } else if (const auto* whole = std::get_if<std::int64_t model::Policy::*>(&field.member)) {
                auto value = row.whole(field.name, static_cast<std::int64_t>(field.min), static_cast<std::int64_t>(field.max));
                if (value) settings.policy.*(*whole) = *value;
            }
        }
        for (const PolicyOrder& order : policy_orders()) {
            const auto smaller = std::ranges::find(fields, order.smaller, &PolicyField::name);
            const auto larger = std::ranges::find(fields, order.larger, &PolicyField::name);
            const double a = as_double(*smaller, settings.policy);
            const double b = as_double(*larger, settings.policy);
            if (order.strict ? a < b : a <= b) continue;
            row.problem(row.has(order.smaller) ? order.smaller : order.larger,
                        fmt::format("{} = {} must be {} {} = {}", order.smaller, a, order.strict ? "below" : "at most", order.larger, b));
        }
    });
}

bool is_loopback(std::string_view host) { return host == "127.0.0.1" || host == "::1" || host == "localhost"; }

bool is_origin(std::string_view text) {
    const auto colon = text.find("://");
    if (colon == std::string_view::npos) return false;
    const std::string_view scheme = text.substr(0, colon);
    const std::string_view rest = text.substr(colon + 3);
    return (scheme == "http" || scheme == "https") && !rest.empty() && rest.find_first_of("/?# *@") == std::string_view::npos;
}

void read_http(TableReader& root, Settings& settings) {
    root.table("http", [&](TableReader& row) {
        if (auto host = row.text("host")) {
            if (is_loopback(*host)) settings.http.host = *host;
            else row.problem("host", fmt::format("{} is not a loopback address; give 127.0.0.1, ::1 or localhost and put a proxy in front for others", in_quotes(*host)));
        }
        if (auto port = row.whole("port", 0, 65535)) settings.http.port = static_cast<std::uint16_t>(*port);
        if (auto hosts = row.texts("allowed_hosts")) {
            for (const std::string& host : *hosts)
                if (host.find_first_of("/ *@") != std::string::npos)
                    row.problem("allowed_hosts", fmt::format("{} is no host name; give one such as margind.internal or margind.internal:8480", in_quotes(host)));
            settings.http.allowed_hosts = std::move(*hosts);
        }
        if (auto origins = row.texts("allowed_origins")) {
            for (const std::string& origin : *origins)
                if (!is_origin(origin)) row.problem("allowed_origins", fmt::format("{} is no origin; give one such as http://localhost:3000", in_quotes(origin)));
            settings.http.allowed_origins = std::move(*origins);
        }
    });
}

bool is_header_name(std::string_view text) {
    return !text.empty() && text.size() <= 64 && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    });
}

void read_web_hook(TableReader& row, Settings& settings, Once<std::string>& once) {
    const auto name = read_name(row, "name");
    auto url = row.url("url", Need::required);
    const auto deadline = row.seconds("deadline_s", 0.1, 120).value_or(std::chrono::seconds(5));
    std::optional<std::pair<std::string, Secret>> header;
    row.table("header", [&](TableReader& given) {
        const auto header_name = given.text("name", Need::required);
        auto value = given.secret("value", true, Need::required);
        if (header_name && !is_header_name(*header_name))
            given.problem("name", fmt::format("{} is no header name; give letters, digits and '-', e.g. Authorization", in_quotes(*header_name)));
        else if (header_name && value)
            header.emplace(*header_name, std::move(*value));
    });
    if (!name || !url || !once.first(row, "name", *name, "web-hook " + *name)) return;
    settings.sinks.web_hooks.push_back({*name, std::move(*url), deadline, std::move(header)});
}

void read_sinks(TableReader& root, Settings& settings) {
    root.table("sinks", [&](TableReader& row) {
        settings.sinks.log = row.boolean("log").value_or(settings.sinks.log);
        settings.sinks.json_lines = row.boolean("json_lines").value_or(settings.sinks.json_lines);
        Once<std::string> once;
        row.each("web_hook", [&](TableReader& hook) { read_web_hook(hook, settings, once); });
    });
}

void read_files(TableReader& root, Settings& settings) {
    root.table("storage", [&](TableReader& row) {
        if (auto path = row.path("path")) settings.storage = std::move(*path);
        if (const auto days = row.whole("keep_full_days", 1, 3650)) settings.keep_full_days = static_cast<std::uint32_t>(*days);
    });
    root.table("market", [&](TableReader& row) {
        if (auto file = row.path("file")) {
            std::error_code error;
            if (!std::filesystem::is_regular_file(*file, error)) row.problem("file", fmt::format("{} is not a readable file; check the path", file->string()));
            settings.market_file = std::move(*file);
        }
    });
}

}  // namespace

void read_sections(TableReader& root, Settings& settings) {
    read_chains(root, settings);
    read_endpoints(root, settings);
    read_venues(root, settings);
    read_assets(root, settings);
    read_feeds(root, settings);
    read_portfolios(root, settings);
    read_policy(root, settings);
    read_http(root, settings);
    read_sinks(root, settings);
    read_files(root, settings);
}

}  // namespace margind::config
