// Everything a run is told: chains, venues, assets, feeds, portfolios, policy, where to store, listen and warn.
#pragma once

#include "config/feed_source.hpp"
#include "config/secret.hpp"
#include "risk/model/asset.hpp"
#include "risk/model/policy.hpp"
#include "risk/model/snapshot.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace margind::config {

struct Chain {
    model::ChainId id;
    std::string name;
    std::chrono::milliseconds block_time{};
    /// How often the head is asked for.
    std::chrono::milliseconds poll_interval{};
    model::Address multicall3;
    /// Mines on demand: no block for a long time is not a fault.
    bool quiet_chain = false;
    /// Nothing confirmed for so long is an incident. 3 block times, from 30 to 45 s, where it is not given; 1 s to 1 h.
    std::chrono::milliseconds stale_after{30'000};
    /// Every account is compared with its venue's own view at least once in so many blocks, 1 to 1,000.
    std::uint32_t verify_every_blocks = 32;
    /// Chainlink's uptime feed of a rollup's sequencer, and for how long after it came back prices are not relied on.
    std::optional<model::Address> sequencer_feed;
    std::int64_t sequencer_grace_s = 3600;
};

/// A way to reach a chain: http(s)://, ws(s):// or ipc:/path. A chain without one is known but not watched.
struct Endpoint {
    model::ChainId chain;
    /// Who runs it: endpoints of one operator count once.
    std::string operator_name;
    Secret url;
    /// What the operator allows, above 0; never exceeded.
    std::optional<double> requests_per_second;
    std::optional<double> compute_units_per_second;
};

/// `addresses` by name ("addresses_provider"); `lists` of addresses ("base_tokens") and `ids` of 32 bytes ("markets") by name where
/// a protocol has no view that enumerates them. `rule` is one of the names that the protocol knows; empty: the contracts tell.
struct Venue {
    model::VenueId id;
    std::map<std::string, model::Address> addresses;
    std::map<std::string, std::vector<model::Address>> lists;
    std::string rule{};
    std::map<std::string, std::vector<model::Bytes32>> ids{};
    /// The block in which its contracts were made: searches over the chain begin there.
    std::uint64_t from_block = 0;
};

/// A reference price of an asset, in USD. What a kind of source needs beside this is in `source`.
struct Feed {
    model::ChainId chain;
    model::AssetId asset;
    /// The contract that is asked; zero for signed packages.
    model::Address address;
    std::int64_t heartbeat_s = 0;
    /// Hundredths of a basis point (5000 = 0.5 %).
    std::uint32_t deviation_ppm = 0;
    /// What the feed's `description()` must answer, e.g. "ETH / USD"; empty: anything.
    std::string description;
    FeedSource source{};
    /// It prices nothing by itself: it disputes the others of its asset and chain.
    bool second_opinion = false;
};

/// `host` is 127.0.0.1, ::1 or localhost. Names are those allowed in the Host header, with or without the port;
/// origins those allowed in the Origin header, e.g. "http://localhost:3000".
struct Http {
    std::string host = "127.0.0.1";
    std::uint16_t port = 8480;
    std::vector<std::string> allowed_hosts;
    std::vector<std::string> allowed_origins;
};

/// `name` is unique; its outbox rows are stored under it, so a changed name starts with an empty outbox.
struct WebHook {
    std::string name;
    Secret url;
    std::chrono::milliseconds deadline{};
    /// A header whose value authenticates the daemon to the receiver.
    std::optional<std::pair<std::string, Secret>> header;
};

struct Sinks {
    bool log = true;
    /// One incident per line on stdout.
    bool json_lines = false;
    std::vector<WebHook> web_hooks;
};

struct Settings {
    /// All known chains, those without an endpoint too.
    std::map<model::ChainId, Chain> chains;
    /// Sorted by chain and operator, otherwise as in the file; no URL twice for one chain.
    std::vector<Endpoint> endpoints;
    std::map<model::VenueId, Venue> venues;
    model::AssetMap assets;
    /// Sorted by chain, asset, kind, address.
    std::vector<Feed> feeds;
    /// Sorted by name.
    std::vector<model::Portfolio> portfolios;
    model::Policy policy;
    /// Empty: history is not kept.
    std::filesystem::path storage;
    /// Days of block time for which whole snapshots and reports are kept there, 1 to 3650.
    std::uint32_t keep_full_days = 14;
    Http http;
    Sinks sinks;
    /// Calibration of the market; null: the built-in one, resource("market.json").
    std::optional<std::filesystem::path> market_file;
};

/// What tells two feeds apart.
std::tuple<model::ChainId, model::AssetId, std::string_view, model::Address> identity(const Feed& feed);
/// The feeds of a chain, and behind them the uptime feed of its sequencer where it has one.
std::vector<Feed> feeds_of(const Settings& settings, model::ChainId chain);

/// The value of an environment variable, empty when it is not set.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;
std::optional<std::string> process_environment(const std::string& name);

/// The rows that are built in: no endpoint, no portfolio, nothing stored.
Settings defaults();

/// The built-in rows with those of the file added or put in their place. The error's message lists every problem, one
/// per line: "file:line: key: what is wrong with which value; what to do". Relative paths are relative to the file.
model::Result<Settings> load(const std::filesystem::path& file, const Environment& environment = process_environment);
/// The same for a text; `file` is its name in messages and the base of relative paths.
model::Result<Settings> parse(std::string_view text, const std::filesystem::path& file,
                              const Environment& environment = process_environment);

/// The settings in force as TOML for `config show`; of a secret, its origin alone.
std::string describe(const Settings& settings);

}  // namespace margind::config
