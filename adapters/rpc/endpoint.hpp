// The address of a server: an http or https URL whose secrets are never shown.
#pragma once

#include "risk/model/result.hpp"

#include <string>
#include <string_view>

namespace margind::adapters::rpc {

/// API keys sit in the path, the query and the user info, so those reach the server and nothing else.
struct Endpoint {
    bool tls = false;
    /// Lower case; an IPv6 address without its brackets.
    std::string host;
    std::string port;
    /// Path and query, at least "/".
    std::string target = "/";
    /// "user:password", percent-decoded, for Basic authentication; may be empty.
    std::string user_info;

    /// Errors name scheme, host and port of the text only.
    static model::Result<Endpoint> parse(std::string_view url);
    /// "https://host", with the port where it is not the scheme's own: for logs and errors.
    std::string shown() const;
    /// The Host header.
    std::string authority() const;
};

}  // namespace margind::adapters::rpc
