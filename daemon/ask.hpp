// Asks one operator all questions at one block.
#pragma once

#include "adapters/rpc/operator.hpp"
#include "daemon/questions.hpp"

#include <boost/asio/awaitable.hpp>

#include <memory>

namespace margind::daemon {

namespace asio = boost::asio;

/// Fails with `reorged` or `missing` where the operator does not know the block. A request for logs that fails otherwise
/// fails alone.
asio::awaitable<model::Result<Answers>> ask(adapters::rpc::Operator& of, std::shared_ptr<const Scope> scope,
                                            std::shared_ptr<const Questions> questions, model::BlockRef block);

/// The operator is behind, or on another branch: asked again a little later, it may know.
bool is_lag(const model::Error& error);

}  // namespace margind::daemon
