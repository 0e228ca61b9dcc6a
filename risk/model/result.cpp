// Names of the error codes.
#include "risk/model/result.hpp"

namespace margind::model {

const char* to_string(ErrorCode code) {
    switch (code) {
        case ErrorCode::bad_input: return "bad_input";
        case ErrorCode::out_of_range: return "out_of_range";
        case ErrorCode::decode: return "decode";
        case ErrorCode::reverted: return "reverted";
        case ErrorCode::no_code: return "no_code";
        case ErrorCode::unknown_schema: return "unknown_schema";
        case ErrorCode::unknown_revision: return "unknown_revision";
        case ErrorCode::missing: return "missing";
        case ErrorCode::unreachable: return "unreachable";
        case ErrorCode::upstream: return "upstream";
        case ErrorCode::wrong_chain: return "wrong_chain";
        case ErrorCode::reorged: return "reorged";
        case ErrorCode::storage: return "storage";
        case ErrorCode::limit: return "limit";
    }
    return "invalid";
}

}  // namespace margind::model
