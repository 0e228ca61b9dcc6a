// URLs of servers, and that their secrets stay out of every text.
#include "adapters/rpc/endpoint.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace margind::adapters::rpc {
namespace {

TEST(Endpoint, takes_urls_apart) {
    struct Case {
        const char* url;
        Scheme scheme;
        const char* host;
        const char* port;
        const char* target;
        const char* user_info;
        const char* shown;
    };
    const std::vector<Case> cases{
        {"http://localhost:8545", Scheme::http, "localhost", "8545", "/", "", "http://localhost:8545"},
        {"http://127.0.0.1:8545/", Scheme::http, "127.0.0.1", "8545", "/", "", "http://127.0.0.1:8545"},
        {"HTTPS://Eth.Example.org/v3/KEY", Scheme::https, "eth.example.org", "443", "/v3/KEY", "", "https://eth.example.org"},
        {"https://a.b:443/x", Scheme::https, "a.b", "443", "/x", "", "https://a.b"},
        {"http://a.b:443?key=1", Scheme::http, "a.b", "443", "/?key=1", "", "http://a.b:443"},
        {"https://user:p%40ss@a.b/x?k=v#part", Scheme::https, "a.b", "443", "/x?k=v", "user:p@ss", "https://a.b"},
        {"http://[::1]:8545/x", Scheme::http, "::1", "8545", "/x", "", "http://[::1]:8545"},
        {"ws://a.b/x", Scheme::ws, "a.b", "80", "/x", "", "ws://a.b"},
        {"WSS://a.b/ws/v3/KEY", Scheme::wss, "a.b", "443", "/ws/v3/KEY", "", "wss://a.b"},
        {"ws://127.0.0.1:8546", Scheme::ws, "127.0.0.1", "8546", "/", "", "ws://127.0.0.1:8546"},
        {"ipc:/home/me/.ethereum/geth.ipc", Scheme::ipc, "", "", "/home/me/.ethereum/geth.ipc", "", "ipc:geth.ipc"},
        {"ipc:///tmp/node.ipc", Scheme::ipc, "", "", "/tmp/node.ipc", "", "ipc:node.ipc"},
    };
    for (const Case& c : cases) {
        const auto endpoint = Endpoint::parse(c.url);
        ASSERT_TRUE(endpoint) << c.url << ": " << endpoint.error().message;
        EXPECT_EQ(endpoint->scheme, c.scheme) << c.url;
        EXPECT_EQ(endpoint->host, c.host);
        EXPECT_EQ(endpoint->port, c.port) << c.url;
        EXPECT_EQ(endpoint->target, c.target) << c.url;
        EXPECT_EQ(endpoint->user_info, c.user_info) << c.url;
        EXPECT_EQ(endpoint->shown(), c.shown) << c.url;
    }
}

TEST(Endpoint, refuses_what_is_no_url_and_names_it) {
    const std::vector<std::pair<std::string, std::string>> cases{
        {"", "endpoint \"\": a URL that starts with http://, https://, ws://, wss:// or ipc: is needed"},
        {"localhost:8545", "endpoint \"localhost:8545\": a URL that starts with http://, https://, ws://, wss:// or ipc: is needed"},
        {"ftp://a.b/x", "endpoint \"ftp://a.b\": a URL that starts with http://, https://, ws://, wss:// or ipc: is needed"},
        {"ipc:node.ipc", "endpoint \"ipc:node.ipc\": an absolute path is needed: ipc:/path/of/the/socket"},
        {"ipc://secret/node.ipc", "endpoint \"ipc:node.ipc\": an absolute path is needed: ipc:/path/of/the/socket"},
        {"ipc:/", "endpoint \"ipc:\": an absolute path is needed: ipc:/path/of/the/socket"},
        {"ipc:/" + std::string(107, 'x') + "/a",
         "endpoint \"ipc:a\": the path is longer than 107 bytes, more than a socket's address holds"},
        {"http://", "endpoint \"http://\": the host is not a name or an address"},
        {"http://a b/", "endpoint \"http://a b\": a URL holds printable ASCII without blanks and backslashes"},
        {"http://a.b:0", "endpoint \"http://a.b:0\": the port is not a number from 1 to 65535"},
        {"http://a.b:65536", "endpoint \"http://a.b:65536\": the port is not a number from 1 to 65535"},
        {"http://a.b:", "endpoint \"http://a.b:\": the port is not a number from 1 to 65535"},
        {"http://a.b:80x", "endpoint \"http://a.b:80x\": the port is not a number from 1 to 65535"},
        {"http://a!b", "endpoint \"http://a!b\": the host is not a name or an address"},
        {"http://[::1", "endpoint \"http://[::1\": the IPv6 address has no closing bracket"},
        {"http://[fe80::x]", "endpoint \"http://[fe80::x]\": the host is not an IPv6 address"},
        {"http://[::1]8545", "endpoint \"http://[::1]8545\": the port is not a number from 1 to 65535"},
        {"http://u%zz@a.b", "endpoint \"http://a.b\": the user info is not percent-encoded text"},
        {"http://u%0a@a.b", "endpoint \"http://a.b\": the user info is not percent-encoded text"},
        {"http://a.b/" + std::string(3000, 'x'), "endpoint \"http://a.b\": the URL is longer than 2048 characters"},
    };
    for (const auto& [url, message] : cases) {
        const auto endpoint = Endpoint::parse(url);
        ASSERT_FALSE(endpoint) << url;
        EXPECT_EQ(endpoint.error().code, model::ErrorCode::bad_input);
        EXPECT_EQ(endpoint.error().message, message);
    }
}

TEST(Endpoint, never_shows_a_secret) {
    for (const char* url : {"https://me:SECRET@a.b/SECRET?key=SECRET#SECRET", "ftp://me:SECRET@a.b/SECRET", "me:SECRET@a.b/SECRET",
                            "https://me:SECRET@a.b:x/SECRET", "https://a.b?SECRET", "https://a.b#SECRET"}) {
        const auto endpoint = Endpoint::parse(url);
        const std::string shown = endpoint ? endpoint->shown() : endpoint.error().message;
        EXPECT_EQ(shown.find("SECRET"), std::string::npos) << shown;
        EXPECT_NE(shown.find("a.b"), std::string::npos) << shown;
    }
    // A slash in the password, backslashes, a forgotten scheme before a URL in the query.
    for (const char* url : {"https://me:SECRET/x@a.b/y", "me:SECRET/x@a.b/y", "https:\\\\a.b\\SECRET", "https://a.b\\SECRET", "a.b\\SECRET", "a.b/SECRET?to=http://c.d",
                            "me:SECRET@a.b/SECRET?to=http://c.d"}) {
        const auto endpoint = Endpoint::parse(url);
        ASSERT_FALSE(endpoint) << url;
        EXPECT_EQ(endpoint.error().message.find("SECRET"), std::string::npos) << endpoint.error().message;
    }
}

TEST(Endpoint, hides_what_a_server_repeats_of_its_secrets) {
    const Endpoint endpoint = Endpoint::parse("https://me:PASSWORD@a.b/v2/SECRET-KEY?apikey=OTHERKEY&n=1").value();
    EXPECT_EQ(endpoint.without_secrets("no project SECRET-KEY (POST /v2/SECRET-KEY?apikey=OTHERKEY&n=1), PASSWORD, v2"),
              "no project *** (POST /v2/***?apikey=***&n=1), ***, v2");
    EXPECT_EQ(endpoint.without_secrets(""), "");
}

}  // namespace
}  // namespace margind::adapters::rpc
