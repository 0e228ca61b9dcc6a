// JSON texts over a Unix socket, one after another: geth's IPC.
#include "adapters/rpc/channel.hpp"
#include "adapters/rpc/messages.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>

#include <array>
#include <deque>
#include <iterator>
#include <utility>
#include <vector>

namespace margind::adapters::rpc {

namespace {

using boost::system::error_code;
using model::ErrorCode;
using model::Retry;

class Ipc final : public Channel {
public:
    Ipc(const asio::any_io_executor& executor, const Endpoint& endpoint)
        : socket_(executor), path_(endpoint.target), name_(endpoint.shown()) {}

    /// Needs no deadline: a Unix socket connects or fails at once, also where the server's queue is full.
    asio::awaitable<model::Result<void>> open(Clock::time_point) override {
        const asio::local::stream_protocol::endpoint place(path_);
        error_code error;
        co_await socket_.async_connect(place, asio::redirect_error(asio::use_awaitable, error));
        if (error) co_return model::fail(lost(error, Retry::other_endpoint));
        co_return model::Result<void>();
    }

    asio::awaitable<model::Result<void>> send(const std::string& message) override {
        constexpr char newline = '\n';
        const std::array<asio::const_buffer, 2> parts{asio::buffer(message), asio::buffer(&newline, 1)};
        error_code error;
        co_await asio::async_write(socket_, parts, asio::redirect_error(asio::use_awaitable, error));
        if (error) co_return model::fail(lost(error, Retry::later));
        co_return model::Result<void>();
    }

    asio::awaitable<Received> receive() override {
        Received out;
        while (whole_.empty() && breach_ == JsonBreach::none) {
            error_code error;
            const std::size_t size = co_await socket_.async_read_some(asio::buffer(piece_), asio::redirect_error(asio::use_awaitable, error));
            if (error) {
                out.error = lost(error, Retry::later);
                co_return out;
            }
            take(size);
        }
        if (whole_.empty()) {
            out.error = to_error(breach_, reply_limits);
            out.error->message = name_ + ": " + out.error->message;
            out.text = texts_.partial();
        } else {
            out.text = std::move(whole_.front());
            whole_.pop_front();
        }
        co_return out;
    }

    void close() override {
        error_code ignored;
        socket_.close(ignored);
    }

private:
    void take(std::size_t size) {
        std::vector<std::string> found;
        breach_ = texts_.take(std::string_view(piece_.data(), size), found);
        whole_.insert(whole_.end(), std::make_move_iterator(found.begin()), std::make_move_iterator(found.end()));
    }

    model::Error lost(const error_code& error, Retry retry) const {
        return {ErrorCode::unreachable, fmt::format("{}: {}", name_, error == asio::error::eof ? "the connection was closed" : error.message()),
                retry};
    }

    asio::local::stream_protocol::socket socket_;
    std::string path_;
    std::string name_;
    JsonTexts texts_;
    /// Ends the connection when what stands before it is delivered.
    JsonBreach breach_ = JsonBreach::none;
    std::deque<std::string> whole_;
    std::array<char, 65'536> piece_{};
};

}  // namespace

std::shared_ptr<Channel> make_ipc(asio::any_io_executor executor, const Endpoint& endpoint) {
    return std::make_shared<Ipc>(executor, endpoint);
}

}  // namespace margind::adapters::rpc
