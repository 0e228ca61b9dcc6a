// The outbox over a real database, with sinks that refuse, dawdle or stand still.
#include "adapters/rpc/spawn.hpp"
#include "daemon/outbox.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <unistd.h>

namespace margind::daemon {
namespace {

using model::Result;
using std::chrono::milliseconds;
using std::chrono::seconds;

// Refuses bodies that begin with "no", and takes `delay` over each.
class PickySink : public Sink {
public:
    PickySink(std::vector<std::string>& tried, milliseconds delay) : tried_(tried), delay_(delay) {}
    const std::string& name() const override { return name_; }
    asio::awaitable<Result<void>> deliver(std::string body) override {
        tried_.push_back(body);
        asio::steady_timer timer(co_await asio::this_coro::executor);
        timer.expires_after(delay_);
        co_await timer.async_wait(asio::use_awaitable);
        if (body.starts_with("no")) co_return model::fail(model::ErrorCode::upstream, "status 422", model::Retry::later);
        co_return Result<void>{};
    }

private:
    std::string name_ = "picky";
    std::vector<std::string>& tried_;
    milliseconds delay_;
};

class OutboxOverHistory : public ::testing::Test {
protected:
    OutboxOverHistory() {
        std::string pattern = (std::filesystem::temp_directory_path() / "margind_outbox_XXXXXX").string();
        if (!::mkdtemp(pattern.data())) throw std::runtime_error("no temporary folder");
        folder_ = pattern;
        auto opened = storage::open_sqlite(folder_ / "history.sqlite");
        if (!opened) throw std::runtime_error(opened.error().message);
        history_ = std::move(*opened);
    }
    ~OutboxOverHistory() override {
        end();
        std::filesystem::remove_all(folder_);
    }

    void begin(milliseconds delay) {
        std::vector<std::unique_ptr<Sink>> sinks;
        sinks.push_back(std::make_unique<PickySink>(tried_, delay));
        outbox_ = std::make_unique<Outbox>(io_.get_executor(), pool_.get_executor(), history_.get(), std::move(sinks), metrics_);
        outbox_->start();
    }
    void stop() {
        stopped_ = false;
        adapters::rpc::spawn(io_.get_executor(), outbox_->stop(), [this](std::exception_ptr error) {
            stopped_ = true;
            if (error) std::rethrow_exception(error);
        });
    }
    void end() {
        if (!outbox_) return;
        if (!stopped_) drive([this] { return stopped_; });
        pool_.join();
        outbox_.reset();
    }
    storage::EventText event(const std::string& body) {
        storage::EventText made;
        made.incident.bytes[0] = static_cast<std::byte>(++incidents_ / 256);
        made.incident.bytes[1] = static_cast<std::byte>(incidents_ % 256);
        made.sequence = 1;
        made.type = "opened";
        made.json = body;
        made.sinks = {"picky"};
        return made;
    }
    void commit(const std::vector<std::string>& bodies) {
        storage::CommitBatch batch;
        for (const std::string& body : bodies) batch.events.push_back(event(body));
        ASSERT_TRUE(history_->commit(batch));
    }
    void drive(const std::function<bool()>& good) {
        const auto until = std::chrono::steady_clock::now() + seconds(10);
        while (!good()) {
            ASSERT_LT(std::chrono::steady_clock::now(), until) << "the outbox did not get there after " << tried_.size() << " deliveries";
            io_.run_for(milliseconds(2));
        }
    }
    std::size_t place_of(const std::string& body) const {
        return static_cast<std::size_t>(std::find(tried_.begin(), tried_.end(), body) - tried_.begin());
    }

    std::filesystem::path folder_;
    std::vector<std::string> tried_;
    Metrics metrics_;
    std::unique_ptr<storage::History> history_;
    asio::io_context io_{1};
    asio::thread_pool pool_{1};
    std::unique_ptr<Outbox> outbox_;
    std::size_t incidents_ = 0;
    bool stopped_ = false;
};

TEST_F(OutboxOverHistory, sends_a_new_event_however_many_a_receiver_refuses) {
    commit(std::vector<std::string>(300, "no"));
    begin(milliseconds(0));
    drive([&] { return tried_.size() >= 300; });
    commit({"yes"});
    outbox_->wake();
    drive([&] { return place_of("yes") < tried_.size(); });
    stop();
    end();
}

TEST_F(OutboxOverHistory, sends_a_new_event_before_it_tries_again_what_was_refused) {
    commit(std::vector<std::string>(40, "no"));
    begin(milliseconds(15));
    drive([&] { return tried_.size() >= 42; });
    const std::size_t before = tried_.size();
    commit({"yes"});
    outbox_->wake();
    drive([&] { return place_of("yes") < tried_.size(); });
    EXPECT_LE(place_of("yes"), before + 1);
    stop();
    end();
}

TEST_F(OutboxOverHistory, sends_what_is_committed_while_it_sends_before_it_stops) {
    commit({"yes 1"});
    begin(milliseconds(20));
    drive([&] { return tried_.size() == 1; });
    commit({"yes 2"});
    outbox_->wake();
    stop();
    end();
    EXPECT_EQ(tried_, (std::vector<std::string>{"yes 1", "yes 2"}));
}

TEST_F(OutboxOverHistory, sends_once_what_is_committed_while_a_sink_takes_it_from_memory) {
    begin(milliseconds(30));
    storage::CommitBatch batch;
    batch.events = {event(R"({"n":1})"), event(R"({"n":2})")};
    outbox_->send_uncommitted(batch.events);
    // The first is taken, the second under way.
    drive([&] { return tried_.size() == 2; });
    const auto numbers = history_->commit(batch);
    ASSERT_TRUE(numbers);
    // The database has it before the outbox is told.
    outbox_->wake();
    for (int i = 0; i < 50; ++i) io_.run_for(milliseconds(2));
    outbox_->committed(batch.events, *numbers);
    drive([&] { return history_->undelivered("picky", 0, 10)->empty(); });
    EXPECT_EQ(tried_.size(), 2U);
    stop();
    end();
}

TEST(JsonLines, wait_for_a_reader_that_stands_still_without_stopping_the_loop) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const int standard_output = ::dup(STDOUT_FILENO);
    ASSERT_EQ(::dup2(ends[1], STDOUT_FILENO), STDOUT_FILENO);

    asio::io_context io(1);
    adapters::rpc::HttpClient client(io.get_executor(), adapters::rpc::HttpOptions{});
    config::Sinks settings;
    settings.log = false;
    settings.json_lines = true;
    auto sinks = make_sinks(settings, client);
    const std::string line(300'000, 'x');
    bool delivered = false;
    const auto deliver = [](Sink& sink, std::string body, bool& done) -> asio::awaitable<void> {
        const auto result = co_await sink.deliver(std::move(body));
        done = result.has_value();
    };
    adapters::rpc::spawn(io.get_executor(), deliver(*sinks->front(), line, delivered), [](std::exception_ptr error) {
        if (error) std::rethrow_exception(error);
    });
    // The pipe holds 64 KiB: the loop goes on with the rest unwritten.
    io.run_for(milliseconds(100));
    const bool before = delivered;
    std::string read;
    std::vector<char> buffer(65'536);
    while (read.size() < line.size() + 1) {
        const ssize_t count = ::read(ends[0], buffer.data(), buffer.size());
        if (count <= 0) break;
        read.append(buffer.data(), static_cast<std::size_t>(count));
        io.run_for(milliseconds(30));
    }
    ::dup2(standard_output, STDOUT_FILENO);
    ::close(standard_output);
    ::close(ends[0]);
    ::close(ends[1]);
    EXPECT_FALSE(before);
    EXPECT_TRUE(delivered);
    EXPECT_EQ(read, line + "\n");
}

}  // namespace
}  // namespace margind::daemon
