// Errors of the REST endpoint as application/problem+json (RFC 9457).
#pragma once

#include "risk/model/result.hpp"

#include <string>

namespace httplib {
struct Request;
struct Response;
}  // namespace httplib

namespace margind::daemon {

/// Title of an HTTP status as RFC 9110 names it; "Error" for one that this server never gives.
const char* status_title(int status);

/// Sets status, body and content type. `detail` names the offending value.
void set_problem(const httplib::Request& request, httplib::Response& response, int status, const std::string& detail);

/// The status that an error's code stands for at this endpoint (bad_input 400, missing 404, limit 429, storage 503, …).
int status_of(const model::Error& error);

}  // namespace margind::daemon
