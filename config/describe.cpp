// Settings as lines of TOML for people; of secrets, the origin alone.
#include "config/feeds.hpp"
#include "config/policy_fields.hpp"
#include "config/settings.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace margind::config {
namespace {

double seconds(std::chrono::milliseconds value) { return static_cast<double>(value.count()) / 1000; }

std::string toml_text(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + '"';
}

std::string list(const std::vector<std::string>& items) {
    std::string out;
    for (const std::string& item : items) out += (out.empty() ? "" : ", ") + toml_text(item);
    return "[" + out + "]";
}

template <class T>
std::string list(const std::vector<T>& items) {
    std::vector<std::string> texts;
    for (const T& item : items) texts.push_back(item.to_string());
    return list(texts);
}

std::string origin(const Secret& secret) { return fmt::format("\"***\" # {}", secret.origin()); }

std::string chain_text(const Chain& chain, bool watched) {
    std::string out = fmt::format("[[chain]]\nid = {}\nname = {}\nblock_time_s = {}\npoll_interval_s = {}\nmulticall3 = {}\nquiet_chain = {}\nverify_every_blocks = {}\nstale_after_s = {}\n",
                                  chain.id.value, toml_text(chain.name), seconds(chain.block_time), seconds(chain.poll_interval),
                                  toml_text(chain.multicall3.to_string()), chain.quiet_chain, chain.verify_every_blocks, seconds(chain.stale_after));
    if (chain.sequencer_feed) out += fmt::format("sequencer_feed = {}\nsequencer_grace_s = {}\n", toml_text(chain.sequencer_feed->to_string()), chain.sequencer_grace_s);
    return out + (watched ? "\n" : "# no endpoint: not watched\n\n");
}

std::string endpoint_text(const Endpoint& endpoint) {
    std::string out = fmt::format("[[endpoint]]\nchain = {}\noperator = {}\nurl = {}\n", endpoint.chain.value, toml_text(endpoint.operator_name), origin(endpoint.url));
    if (endpoint.requests_per_second) out += fmt::format("requests_per_second = {}\n", *endpoint.requests_per_second);
    if (endpoint.compute_units_per_second) out += fmt::format("compute_units_per_second = {}\n", *endpoint.compute_units_per_second);
    return out + "\n";
}

std::string venue_text(const Venue& venue) {
    std::string out = fmt::format("[[venue]]\nid = {}\n", toml_text(venue.id.to_string()));
    for (const auto& [name, address] : venue.addresses) out += fmt::format("addresses.{} = {}\n", name, toml_text(address.to_string()));
    if (venue.from_block > 0) out += fmt::format("from_block = {}\n", venue.from_block);
    if (!venue.rule.empty()) out += fmt::format("rule = {}\n", toml_text(venue.rule));
    for (const auto& [name, addresses] : venue.lists) out += fmt::format("lists.{} = {}\n", name, list(addresses));
    for (const auto& [name, ids] : venue.ids) out += fmt::format("ids.{} = {}\n", name, list(ids));
    return out + "\n";
}

std::string asset_text(const model::AssetMapping& row) {
    std::string out = fmt::format("[[asset]]\nchain = {}\ntoken = {}\nunderlying = {}\nlabel = {}\n", row.chain.value, toml_text(row.token.to_string()),
                                  toml_text(row.underlying.symbol), toml_text(row.label));
    if (row.ratio) out += fmt::format("ratio = {}\nbase = {}\n", toml_text(to_string(row.ratio->source)), toml_text(row.ratio->base.symbol));
    if (row.ratio && !row.ratio->rate_feed.is_zero()) out += fmt::format("rate_feed = {}\n", toml_text(row.ratio->rate_feed.to_string()));
    return out + "\n";
}

std::string policy_text(const model::Policy& policy) {
    std::string out = "[policy]\n";
    for (const PolicyField& field : policy_fields())
        out += std::visit([&](auto member) { return fmt::format("{} = {}\n", field.name, policy.*member); }, field.member);
    return out + "\n";
}

std::string sinks_text(const Sinks& sinks) {
    std::string out = fmt::format("[sinks]\nlog = {}\njson_lines = {}\n\n", sinks.log, sinks.json_lines);
    for (const WebHook& hook : sinks.web_hooks) {
        out += fmt::format("[[sinks.web_hook]]\nname = {}\nurl = {}\ndeadline_s = {}\n", toml_text(hook.name), origin(hook.url), seconds(hook.deadline));
        if (hook.header) out += fmt::format("header.name = {}\nheader.value = {}\n", toml_text(hook.header->first), origin(hook.header->second));
        out += "\n";
    }
    return out;
}

}  // namespace

std::string describe(const Settings& settings) {
    std::string out;
    for (const auto& [id, chain] : settings.chains)
        out += chain_text(chain, std::ranges::find(settings.endpoints, id, &Endpoint::chain) != settings.endpoints.end());
    for (const Endpoint& endpoint : settings.endpoints) out += endpoint_text(endpoint);
    for (const auto& [id, venue] : settings.venues) out += venue_text(venue);
    for (const auto& [key, row] : settings.assets.rows()) out += asset_text(row);
    for (const Feed& feed : settings.feeds) out += describe(feed);
    for (const model::Portfolio& portfolio : settings.portfolios)
        out += fmt::format("[[portfolio]]\nname = {}\nowners = {}\n{}\n", toml_text(portfolio.name), list(portfolio.owners),
                           portfolio.wallets.empty() ? "" : fmt::format("wallets = {}\n", list(portfolio.wallets)));
    out += policy_text(settings.policy);
    if (!settings.storage.empty()) out += fmt::format("[storage]\npath = {}\nkeep_full_days = {}\n\n", toml_text(settings.storage.string()), settings.keep_full_days);
    out += fmt::format("[http]\nhost = {}\nport = {}\nallowed_hosts = {}\nallowed_origins = {}\n\n", toml_text(settings.http.host),
                       settings.http.port, list(settings.http.allowed_hosts), list(settings.http.allowed_origins));
    out += sinks_text(settings.sinks);
    if (settings.market_file) out += fmt::format("[market]\nfile = {}\n", toml_text(settings.market_file->string()));
    return out;
}

}  // namespace margind::config
