// Asks one operator all questions at one block.
#include "daemon/ask.hpp"

#include "adapters/rpc/spawn.hpp"

#include <fmt/format.h>

#include <utility>

namespace margind::daemon {
namespace {

using adapters::AnyReading;
using adapters::Reading;
using adapters::rpc::Operator;
using model::ErrorCode;
using model::Result;
namespace oracles = adapters::oracles;
using LogList = Result<std::vector<adapters::Log>>;

// The readings of all questions but the logs.
class Readings {
public:
    Readings(const Scope& scope, const Questions& questions, const model::BlockRef& block) {
        for (const std::uint32_t venue : questions.configs) configs_.emplace_back(venue, scope.venues[venue]->read_config());
        for (const auto& [venue, config] : questions.venues) {
            const adapters::Adapter& adapter = *scope.venues[venue];
            const auto found = questions.found.find(venue);
            if (found == questions.found.end()) venues_.emplace_back(venue, adapter.read_venue(config, block));
            else venues_.emplace_back(venue, adapter.read_venue_found(config, block, adapters::Found{found->second->shared, found->second->owned}));
        }
        for (const auto& [place, feed] : questions.feeds) {
            FeedReading reading;
            reading.place = place;
            reading.price = oracles::read_price(scope.feeds[place], feed.before, block);
            if (feed.description) reading.description = oracles::read_description(scope.feeds[place]);
            feeds_.push_back(std::move(reading));
        }
        const auto owner = [&](const Holder& holder) -> const model::Address& { return (*questions.owners)[holder.owner]; };
        const auto account = [&](const Holder& holder, const model::FactsPtr& venue) {
            const adapters::Adapter& adapter = *scope.venues[holder.venue];
            const auto found = questions.found_of_owner.find(holder);
            if (found == questions.found_of_owner.end()) return adapter.read_account(venue, owner(holder), block);
            return adapter.read_account_found(venue, owner(holder), block, *found->second);
        };
        for (const auto& [holder, venue] : questions.accounts) accounts_.emplace_back(holder, account(holder, venue));
        for (const auto& [holder, question] : questions.views) {
            auto reading = scope.venues[holder.venue]->read_views(question.venue, owner(holder), *question.held);
            if (reading) views_.emplace_back(holder, std::move(reading));
        }
        for (const auto& [holder, venue] : questions.empties) empties_.emplace_back(holder, account(holder, venue));
    }

    std::vector<AnyReading*> pointers() const {
        std::vector<AnyReading*> all;
        const auto add = [&all](const auto& list) {
            for (const auto& [place, reading] : list) all.push_back(reading.get());
        };
        add(configs_);
        add(venues_);
        for (const FeedReading& feed : feeds_) {
            all.push_back(feed.price.get());
            if (feed.description) all.push_back(feed.description.get());
        }
        add(accounts_);
        add(views_);
        add(empties_);
        return all;
    }

    void results(Answers& answers) {
        const auto take = [](auto& list, auto& into) {
            for (auto& [place, reading] : list) into.emplace(place, reading->result());
        };
        take(configs_, answers.configs);
        take(venues_, answers.venues);
        for (FeedReading& feed : feeds_) {
            auto observation = feed.price->result();
            if (feed.description) {
                const auto description = feed.description->result();
                if (!description) observation = model::fail(description.error());
            }
            answers.feeds.emplace(feed.place, std::move(observation));
        }
        take(accounts_, answers.accounts);
        take(views_, answers.views);
        take(empties_, answers.empties);
    }

private:
    struct FeedReading {
        std::uint32_t place = 0;
        std::unique_ptr<Reading<oracles::Observation>> price;
        /// Null for a feed that has told already.
        std::unique_ptr<Reading<std::string>> description;
    };
    std::vector<std::pair<std::uint32_t, std::unique_ptr<Reading<model::FactsPtr>>>> configs_;
    std::vector<std::pair<std::uint32_t, std::unique_ptr<Reading<model::FactsPtr>>>> venues_;
    std::vector<FeedReading> feeds_;
    std::vector<std::pair<Holder, std::unique_ptr<Reading<adapters::AccountReadings>>>> accounts_;
    std::vector<std::pair<Holder, std::unique_ptr<Reading<std::vector<adapters::AccountViews>>>>> views_;
    std::vector<std::pair<Holder, std::unique_ptr<Reading<adapters::AccountReadings>>>> empties_;
};

// A node may answer for another block than it was asked for.
LogList checked(LogList logs, const LogQuestion& question, const model::BlockRef* block, const std::string& name) {
    if (!logs) return logs;
    for (const adapters::Log& log : *logs) {
        if (block) {
            if (log.block_hash != block->hash || log.block_number != block->number)
                return model::fail(ErrorCode::upstream, fmt::format("{}: a log of block {} in the answer for block {}", name, log.block_number, block->number),
                                   model::Retry::other_endpoint);
            continue;
        }
        const auto known = question.branch.find(log.block_number);
        if (known != question.branch.end() && known->second != log.block_hash)
            return model::fail(ErrorCode::reorged, fmt::format("{}: its block {} is of another branch", name, log.block_number), model::Retry::later);
    }
    return logs;
}

asio::awaitable<void> logs_of_range(Operator& of, const LogQuestion& question, LogList& into) {
    adapters::Logs filter = question.filter;
    auto logs = co_await of.logs(std::move(filter));
    into = checked(std::move(logs), question, nullptr, of.name());
}

asio::awaitable<void> logs_of_block(Operator& of, const LogQuestion& question, const model::BlockRef& block, LogList& into) {
    adapters::Logs filter = question.filter;
    model::Bytes32 hash = block.hash;
    auto logs = co_await of.logs_of_block(std::move(filter), std::move(hash));
    into = checked(std::move(logs), question, &block, of.name());
}

LogList joined(std::vector<LogList> parts) {
    std::vector<adapters::Log> all;
    for (LogList& part : parts) {
        if (!part) return part;
        all.insert(all.end(), std::make_move_iterator(part->begin()), std::make_move_iterator(part->end()));
    }
    return all;
}

asio::awaitable<void> ask_logs(Operator& of, const LogQuestion& question, std::optional<LogList>& into) {
    std::vector<LogList> parts(question.blocks.size() + 1);
    std::vector<asio::awaitable<void>> tasks;
    if (question.filter.from_block <= question.filter.to_block) tasks.push_back(logs_of_range(of, question, parts.back()));
    for (std::size_t i = 0; i < question.blocks.size(); ++i) tasks.push_back(logs_of_block(of, question, question.blocks[i], parts[i]));
    co_await adapters::rpc::join_all(std::move(tasks));
    into = joined(std::move(parts));
}

asio::awaitable<void> run(Operator& of, Readings& readings, model::BlockRef block, Result<void>& done) {
    std::vector<AnyReading*> pointers = readings.pointers();
    if (pointers.empty()) co_return;
    done = co_await of.run(std::move(pointers), std::move(block));
}

}  // namespace

bool is_lag(const model::Error& error) { return error.code == ErrorCode::reorged || error.code == ErrorCode::missing; }

std::string in_short(const model::Error& error) { return fmt::format("{}: {}", model::to_string(error.code), error.message); }

asio::awaitable<Result<Answers>> ask(Operator& of, std::shared_ptr<const Scope> scope, std::shared_ptr<const Questions> questions, model::BlockRef block) {
    Readings readings(*scope, *questions, block);
    Answers answers;
    Result<void> done;
    std::vector<asio::awaitable<void>> tasks;
    tasks.push_back(run(of, readings, block, done));
    if (questions->logs) tasks.push_back(ask_logs(of, *questions->logs, answers.logs));
    co_await adapters::rpc::join_all(std::move(tasks));
    if (!done) co_return model::fail(done.error());
    if (answers.logs && !*answers.logs && is_lag(answers.logs->error())) co_return model::fail(answers.logs->error());
    readings.results(answers);
    co_return answers;
}

}  // namespace margind::daemon
