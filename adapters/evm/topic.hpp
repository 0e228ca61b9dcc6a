// Addresses as topics of logs: the last 20 of 32 bytes.
#pragma once

#include "risk/model/ids.hpp"

namespace margind::adapters::evm {

model::Bytes32 topic_of(const model::Address& address);
/// Whatever stands before it is left out.
model::Address address_in(const model::Bytes32& topic);

}  // namespace margind::adapters::evm
