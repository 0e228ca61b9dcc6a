// One view call, one reply.
#include "adapters/evm/answers.hpp"

namespace margind::adapters::evm {

Call view(const model::Address& to, std::string_view signature, const AbiWriter& arguments) {
    Call call;
    call.to = to;
    call.data = Function(signature)(arguments);
    return call;
}

const Reply* Answers::next(const std::string& what, model::Error& error) {
    if (taken_ < replies_.size()) return &replies_[taken_++];
    error = {model::ErrorCode::upstream, what + ": no reply was handed to the reading"};
    return nullptr;
}

model::Bytes Answers::bytes(const std::string& what) {
    model::Error error;
    const Reply* reply = next(what, error);
    model::Result<model::Bytes> data = reply == nullptr ? model::Result<model::Bytes>(model::fail(error)) : reply_bytes(*reply);
    if (data) return *std::move(data);
    if (!error_) error_ = model::Error{data.error().code, what + ": " + data.error().message, data.error().retry};
    return {};
}

}  // namespace margind::adapters::evm
