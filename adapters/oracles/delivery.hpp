// Price packages that somebody signed and that came over the network: the signatures are what counts, not the road.
#pragma once

#include "risk/model/ids.hpp"
#include "risk/model/u256.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace margind::adapters::oracles {

struct DataPoint {
    model::Bytes32 id;
    model::U256 value;
    friend bool operator==(const DataPoint&, const DataPoint&) = default;
};

struct SignedPackage {
    std::int64_t time_ms = 0;
    /// In the order in which they were signed.
    std::vector<DataPoint> points;
    /// Recovered from the signature over exactly these points and this time; empty where it is no signature.
    std::optional<model::Address> signer;
    friend bool operator==(const SignedPackage&, const SignedPackage&) = default;
};

struct Delivery {
    std::vector<SignedPackage> packages;
    /// Why there are none.
    std::string trouble;
};

}  // namespace margind::adapters::oracles
