// Errors of the REST endpoint as application/problem+json (RFC 9457).
#include "daemon/problem.hpp"

#include <httplib.h>
#include <nlohmann/json.hpp>

namespace margind::daemon {

const char* status_title(int status) {
    switch (status) {
        case 400: return "Bad Request";
        case 403: return "Forbidden";
        case 404: return "Not Found";
        case 405: return "Method Not Allowed";
        case 409: return "Conflict";
        case 413: return "Content Too Large";
        case 414: return "URI Too Long";
        case 429: return "Too Many Requests";
        case 500: return "Internal Server Error";
        case 502: return "Bad Gateway";
        case 503: return "Service Unavailable";
        case 504: return "Gateway Timeout";
        default: return "Error";
    }
}

void set_problem(const httplib::Request& request, httplib::Response& response, int status, const std::string& detail) {
    auto body = nlohmann::json::object();
    body["type"] = "about:blank";
    body["title"] = status_title(status);
    body["status"] = status;
    body["detail"] = detail;
    body["instance"] = request.path;
    response.status = status;
    response.set_content(body.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace), "application/problem+json");
}

int status_of(const model::Error& error) {
    switch (error.code) {
        case model::ErrorCode::bad_input:
        case model::ErrorCode::out_of_range: return 400;
        case model::ErrorCode::missing: return 404;
        case model::ErrorCode::limit: return 429;
        case model::ErrorCode::storage: return 503;
        case model::ErrorCode::unreachable: return 504;
        case model::ErrorCode::upstream:
        case model::ErrorCode::wrong_chain:
        case model::ErrorCode::reorged:
        case model::ErrorCode::reverted:
        case model::ErrorCode::no_code:
        case model::ErrorCode::decode: return 502;
        case model::ErrorCode::unknown_schema:
        case model::ErrorCode::unknown_revision: return 500;
    }
    return 500;
}

}  // namespace margind::daemon
