// The address of a server: a URL whose secrets are never shown, or a Unix socket.
#include "adapters/rpc/endpoint.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <utility>

namespace margind::adapters::rpc {

namespace {

constexpr std::size_t max_url = 2048;
constexpr std::size_t max_shown = 80;
constexpr std::size_t least_secret = 8;
/// sockaddr_un holds 108 bytes, the last of them zero.
constexpr std::size_t max_socket_path = 107;

constexpr std::array<std::pair<std::string_view, Scheme>, 4> schemes{
    {{"http", Scheme::http}, {"https", Scheme::https}, {"ws", Scheme::ws}, {"wss", Scheme::wss}}};

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string lowered(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(), lower);
    return out;
}

struct Parts {
    std::string_view scheme;
    std::string_view user_info;
    std::string_view host_port;
    std::string_view target;
};

Parts split(std::string_view url) {
    Parts parts;
    // Elsewhere "://" is part of the path or the query.
    if (const std::size_t colon = url.find("://"); colon < url.find_first_of("/?#@.")) {
        parts.scheme = url.substr(0, colon);
        url.remove_prefix(colon + 3);
    }
    const std::size_t end = std::min(url.find_first_of("/?#"), url.size());
    parts.host_port = url.substr(0, end);
    parts.target = url.substr(end);
    if (const std::size_t at = parts.host_port.rfind('@'); at != std::string_view::npos) {
        parts.user_info = parts.host_port.substr(0, at);
        parts.host_port.remove_prefix(at + 1);
    }
    return parts;
}

std::string printable(std::string out) {
    for (char& c : out)
        if (c < ' ' || c > '~') c = '?';
    if (out.size() > max_shown) out = out.substr(0, max_shown) + "...";
    return out;
}

std::string redacted(const Parts& parts) {
    std::string out = parts.scheme.empty() ? std::string() : fmt::format("{}://", parts.scheme);
    // A password with a slash in it ends what looks like the host.
    out += parts.target.find('@') == std::string_view::npos ? parts.host_port.substr(0, parts.host_port.find('\\')) : "...";
    return printable(std::move(out));
}

std::string shown_socket(std::string_view path) { return printable("ipc:" + std::string(path.substr(path.rfind('/') + 1))); }

model::Result<Endpoint> parse_socket(std::string_view path) {
    if (path.starts_with("///")) path.remove_prefix(2);
    const auto bad = [&](std::string_view why) {
        return model::fail(model::ErrorCode::bad_input, fmt::format("endpoint \"{}\": {}", shown_socket(path), why));
    };
    if (!path.starts_with('/') || path.starts_with("//") || path.size() < 2) return bad("an absolute path is needed: ipc:/path/of/the/socket");
    if (path.size() > max_socket_path) return bad(fmt::format("the path is longer than {} bytes, more than a socket's address holds", max_socket_path));
    if (path.find('\0') != std::string_view::npos) return bad("a path holds no NUL byte");
    Endpoint out;
    out.scheme = Scheme::ipc;
    out.target = path;
    return out;
}

bool is_host(std::string_view host) {
    if (host.empty() || host.size() > 253) return false;
    return std::all_of(host.begin(), host.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
    });
}

bool is_ipv6(std::string_view host) {
    return host.find(':') != std::string_view::npos &&
           std::all_of(host.begin(), host.end(), [](char c) {
               return (c >= 'a' && c <= 'f') || (c >= '0' && c <= '9') || c == ':' || c == '.';
           });
}

std::optional<std::string> percent_decoded(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i];
            continue;
        }
        if (i + 2 >= text.size()) return std::nullopt;
        std::uint8_t value = 0;
        const char* last = text.data() + i + 3;
        const auto [end, error] = std::from_chars(text.data() + i + 1, last, value, 16);
        if (error != std::errc() || end != last || value < ' ') return std::nullopt;
        out += static_cast<char>(value);
        i += 2;
    }
    return out;
}

}  // namespace

model::Result<Endpoint> Endpoint::parse(std::string_view url) {
    if (lowered(url.substr(0, 4)) == "ipc:") return parse_socket(url.substr(4));
    const Parts parts = split(url);
    const auto bad = [&](std::string_view why) {
        return model::fail(model::ErrorCode::bad_input, fmt::format("endpoint \"{}\": {}", redacted(parts), why));
    };
    if (url.size() > max_url) return bad(fmt::format("the URL is longer than {} characters", max_url));
    if (std::any_of(url.begin(), url.end(), [](char c) { return c <= ' ' || c > '~' || c == '\\'; }))
        return bad("a URL holds printable ASCII without blanks and backslashes");

    Endpoint out;
    const std::string scheme = lowered(parts.scheme);
    const auto known = std::find_if(schemes.begin(), schemes.end(), [&](const auto& row) { return row.first == scheme; });
    if (known == schemes.end()) return bad("a URL that starts with http://, https://, ws://, wss:// or ipc: is needed");
    out.scheme = known->second;

    std::string_view host = parts.host_port;
    std::string_view port;
    if (host.starts_with('[')) {
        const std::size_t close = host.find(']');
        if (close == std::string_view::npos) return bad("the IPv6 address has no closing bracket");
        port = host.substr(close + 1);
        host = host.substr(1, close - 1);
        out.host = lowered(host);
        if (!is_ipv6(out.host)) return bad("the host is not an IPv6 address");
    } else {
        const std::size_t colon = std::min(host.find(':'), host.size());
        port = host.substr(colon);
        host = host.substr(0, colon);
        out.host = lowered(host);
        if (!is_host(out.host)) return bad("the host is not a name or an address");
    }
    if (port.empty()) {
        out.port = out.tls() ? "443" : "80";
    } else {
        std::uint16_t number = 0;
        const char* last = port.data() + port.size();
        const auto [end, error] = std::from_chars(port.data() + 1, last, number);
        if (port.front() != ':' || error != std::errc() || end != last || number == 0)
            return bad("the port is not a number from 1 to 65535");
        out.port = std::to_string(number);
    }
    const std::string_view target = parts.target.substr(0, parts.target.find('#'));
    out.target = target.starts_with('/') ? std::string(target) : "/" + std::string(target);

    const auto user_info = percent_decoded(parts.user_info);
    if (!user_info) return bad("the user info is not percent-encoded text");
    out.user_info = *user_info;
    return out;
}

std::string Endpoint::authority() const {
    const bool usual = port == (tls() ? "443" : "80");
    const std::string name = host.find(':') == std::string::npos ? host : "[" + host + "]";
    return usual ? name : name + ":" + port;
}

std::string Endpoint::without_secrets(std::string text) const {
    if (scheme == Scheme::ipc) return text;
    for (const std::string& where : {target, user_info}) {
        for (std::size_t from = 0; from < where.size();) {
            const std::size_t end = std::min(where.find_first_of("/?&=:#", from), where.size());
            const std::string part = where.substr(from, end - from);
            if (part.size() >= least_secret)
                for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at)) text.replace(at, part.size(), "***");
            from = end + 1;
        }
    }
    return text;
}

std::string Endpoint::shown() const {
    if (scheme == Scheme::ipc) return shown_socket(target);
    const auto row = std::find_if(schemes.begin(), schemes.end(), [&](const auto& known) { return known.second == scheme; });
    return fmt::format("{}://{}", row->first, authority());
}

}  // namespace margind::adapters::rpc
