// The configured venues as adapters of this build, and the rules by protocol.
#pragma once

#include "adapters/adapter.hpp"
#include "config/settings.hpp"
#include "risk/evaluate.hpp"

#include <map>
#include <memory>

namespace margind::daemon {

using Adapters = std::map<model::VenueId, std::unique_ptr<adapters::Adapter>>;

/// Those of one chain. Fails with one line per venue for a protocol that this build lacks and for names of addresses or lists
/// that are not exactly those the protocol needs.
model::Result<Adapters> make_adapters(const config::Settings& settings, model::ChainId chain);

/// The rules of this build.
risk::Rules rules();

}  // namespace margind::daemon
