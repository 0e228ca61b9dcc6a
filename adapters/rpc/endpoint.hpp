// The address of a server: a URL whose secrets are never shown, or a Unix socket.
#pragma once

#include "risk/model/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace margind::adapters::rpc {

enum class Scheme : std::uint8_t { http, https, ws, wss, ipc };

/// API keys sit in the path, the query and the user info, so those reach the server and nothing else.
struct Endpoint {
    Scheme scheme = Scheme::http;
    /// Lower case; an IPv6 address without its brackets. Empty for ipc.
    std::string host;
    std::string port;
    /// Path and query, at least "/". For ipc the path of the socket.
    std::string target = "/";
    /// "user:password", percent-decoded, for Basic authentication; may be empty.
    std::string user_info;

    /// http, https, ws, wss, and "ipc:/path" or "ipc:///path". Errors name scheme, host and port of the text only.
    static model::Result<Endpoint> parse(std::string_view url);
    bool tls() const { return scheme == Scheme::https || scheme == Scheme::wss; }
    /// A request is a POST of its own; over the others a connection is kept that carries many, and pushes.
    bool is_http() const { return scheme == Scheme::http || scheme == Scheme::https; }
    /// "https://host", with the port where it is not the scheme's own; "ipc:" and the file's name: for logs and errors.
    std::string shown() const;
    /// A server's own words with "***" in place of what it repeats of the path, the query and the user info, parts of fewer than 8
    /// characters excepted.
    std::string without_secrets(std::string text) const;
    /// The Host header.
    std::string authority() const;
};

}  // namespace margind::adapters::rpc
