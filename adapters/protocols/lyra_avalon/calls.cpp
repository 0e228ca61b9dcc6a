// One view call, one reply.
#include "adapters/protocols/lyra_avalon/calls.hpp"

namespace margind::adapters::protocols::lyra_avalon {

Call view(const model::Address& to, std::string_view signature, const evm::AbiWriter& arguments) {
    Call call;
    call.to = to;
    call.data = evm::Function(signature)(arguments);
    return call;
}

model::Result<model::Bytes> Answers::next(const std::string& what) {
    if (taken_ >= replies_.size()) return model::fail(model::ErrorCode::upstream, what + ": no reply was handed to the reading");
    model::Result<model::Bytes> data = reply_bytes(replies_[taken_++]);
    if (!data) return model::fail(data.error().code, what + ": " + data.error().message, data.error().retry);
    return data;
}

OptionPosition read_position(evm::AbiReader& reader) {
    OptionPosition position;
    position.id = reader.u256();
    position.strike = reader.u256();
    position.type = reader.u64(8);
    position.amount = reader.u256();
    position.collateral = reader.u256();
    position.state = reader.u64(8);
    return position;
}

void write_position(evm::AbiWriter& out, const OptionPosition& position) {
    out.u256(position.id).u256(position.strike).u256(position.type).u256(position.amount).u256(position.collateral).u256(position.state);
}

}  // namespace margind::adapters::protocols::lyra_avalon
