// The bytes out of a reply.
#include "adapters/request.hpp"

namespace margind::adapters {

model::Result<model::Bytes> reply_bytes(const Reply& reply) {
    if (!reply) return model::fail(reply.error());
    if (const auto* bytes = std::get_if<model::Bytes>(&*reply)) return *bytes;
    return model::fail(model::ErrorCode::decode, "a reply of logs where the bytes of a call were asked for");
}

}  // namespace margind::adapters
