// Addresses as topics of logs: the last 20 of 32 bytes.
#include "adapters/evm/topic.hpp"

#include <algorithm>

namespace margind::adapters::evm {

model::Bytes32 topic_of(const model::Address& address) {
    model::Bytes32 topic;
    std::copy_backward(address.bytes.begin(), address.bytes.end(), topic.bytes.end());
    return topic;
}

model::Address address_in(const model::Bytes32& topic) {
    model::Address address;
    std::copy(topic.bytes.end() - static_cast<std::ptrdiff_t>(address.bytes.size()), topic.bytes.end(), address.bytes.begin());
    return address;
}

}  // namespace margind::adapters::evm
