// The hash of a block header, from its fields: a header cannot be forged and keep its hash. Pure.
#pragma once

#include "risk/model/ids.hpp"

#include <nlohmann/json_fwd.hpp>

#include <optional>

namespace margind::adapters::rpc {

/// Keccak of the header's RLP, with the fields of Ethereum up to the fork that added `requestsHash`. Empty where a field is malformed, or
/// one is there that no such header has, as other chains add them.
std::optional<model::Bytes32> header_hash(const nlohmann::json& block);

/// Whether the hashes that one endpoint claims are those of its headers. An endpoint whose chain hashes its headers in another way is
/// never found to lie; one whose hashes matched once is, as soon as they do not. Where a field is added (a fork, or a forger) nothing is known.
class HeaderCheck {
public:
    /// False: forged.
    bool believes(const nlohmann::json& block, const model::Bytes32& claimed);
    bool has_matched() const { return has_matched_; }

private:
    bool has_matched_ = false;
};

}  // namespace margind::adapters::rpc
