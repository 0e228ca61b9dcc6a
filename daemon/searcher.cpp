// The searches of one chain, beside its readings: from the first block that a venue can have to just below the head.
#include "daemon/searcher.hpp"

#include "adapters/rpc/spawn.hpp"
#include "daemon/log_value.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>

namespace margind::daemon {
namespace {

using adapters::rpc::run_blocking;
using model::ErrorCode;
using model::Result;
using std::chrono::milliseconds;

// Blocks below the head that are left to the readings: they pin each by its hash.
constexpr std::uint64_t below_head = 16;
constexpr std::uint64_t first_span = 1'000;
constexpr std::uint64_t longest_span = std::uint64_t{1} << 20U;
// An answer within this time lets the next range be twice as long, one beyond the other half as long.
constexpr milliseconds quick{400};
constexpr milliseconds slow{2'000};
constexpr milliseconds retry_pause{500};
constexpr milliseconds longest_pause{250};
// So often a second operator is asked for before one alone counts.
constexpr int patience = 3;
constexpr std::size_t most_choices = 128;
constexpr std::size_t most_points = 32;
constexpr std::size_t most_found = 100'000;
constexpr std::size_t most_passing = 256;
constexpr std::chrono::minutes passing_for{10};
constexpr std::chrono::seconds kept_every{1};
constexpr std::uint64_t kept_blocks = 256;
constexpr std::chrono::seconds give_up_after{30};

void add_point(std::vector<SearchPoint>& points, const SearchPoint& point) {
    while (!points.empty() && points.back().number >= point.number) points.pop_back();
    points.push_back(point);
    if (points.size() <= most_points) return;
    // Of the older half each second goes.
    std::vector<SearchPoint> fewer;
    for (std::size_t i = 0; i < points.size(); ++i)
        if (i >= points.size() / 2 || i % 2 == 0) fewer.push_back(points[i]);
    points = std::move(fewer);
}

storage::SearchText text_of(const model::Bytes32& id, const SearchState& state, const std::vector<SearchPoint>& points, std::uint64_t from) {
    storage::SearchText text;
    text.id = id;
    text.next = state.next;
    text.agreed = state.agreed;
    text.points = points_text(points);
    text.found_from = from;
    for (const adapters::Log& log : *state.found)
        if (log.block_number >= from) text.found.push_back(storage::FoundText{log.block_number, log.log_index, found_text(log)});
    return text;
}

Result<std::pair<SearchState, std::vector<SearchPoint>>> state_of(const storage::SearchText& text) {
    SearchState state;
    state.next = text.next;
    state.agreed = text.agreed;
    std::vector<adapters::Log> found;
    for (const storage::FoundText& one : text.found) {
        auto log = found_of(one.json, one.number, one.index);
        if (!log) return model::fail(log.error());
        found.push_back(std::move(*log));
    }
    state.found = std::make_shared<const std::vector<adapters::Log>>(std::move(found));
    auto points = points_of(text.points);
    if (!points) return model::fail(points.error());
    return std::pair(std::move(state), std::move(*points));
}

}  // namespace

Searcher::Searcher(SearcherParts parts)
    : parts_(std::move(parts)), panel_(parts_.executor, parts_.operators, parts_.block_time), span_(first_span), timer_(parts_.executor), ended_(parts_.executor) {}

void Searcher::want(const std::vector<WantedSearch>& searches) {
    const auto passing = [this] { return std::count_if(entries_.begin(), entries_.end(), [](const auto& row) { return !row.second.wanted.lasting; }); };
    for (const WantedSearch& search : searches) {
        auto found = entries_.find(search.id);
        if (found == entries_.end()) {
            if (!search.lasting && static_cast<std::size_t>(passing()) >= most_passing) continue;
            found = entries_.emplace(search.id, Entry{}).first;
            found->second.wanted = search;
            found->second.state.next = found->second.state.agreed = search.search.from_block;
            found->second.loaded = parts_.history == nullptr || !search.lasting;
            timer_.cancel();
        }
        found->second.asked = Steady::now();
        found->second.carried = false;
    }
}

std::optional<Searcher::Offer> Searcher::offer(const model::Bytes32& id) const {
    const auto found = entries_.find(id);
    if (found == entries_.end() || !found->second.loaded || found->second.doubtful) return std::nullopt;
    Offer made;
    made.state = found->second.state;
    const auto& points = found->second.points;
    if (!points.empty() && points.back().number + 1 == made.state.next) made.point = points.back();
    if (found->second.tip && found->second.tip->number + 1 == made.state.next) made.point = found->second.tip;
    return made;
}

void Searcher::doubt(const model::Bytes32& id) {
    const auto found = entries_.find(id);
    if (found == entries_.end()) return;
    found->second.doubtful = true;
    timer_.cancel();
}

void Searcher::carry(const WantedSearch& search, const SearchState& state, const model::BlockRef& block, std::uint64_t fork) {
    const auto found = entries_.find(search.id);
    if (found == entries_.end() || state.next != block.number + 1) return;
    Entry& entry = found->second;
    SearchState ours = entry.state;
    drop_found_above(ours, fork);
    const bool news = state.found->size() != entry.state.found->size();
    const std::uint64_t from = std::min(ours.next, entry.changed_from.value_or(ours.next));
    entry.state = state;
    // What was confirmed meanwhile beside the reading.
    if (ours.agreed > state.agreed) {
        add_found(entry.state, search.search.filter, *ours.found, 0);
        entry.state.agreed = std::min(ours.agreed, state.next);
    }
    while (!entry.points.empty() && entry.points.back().number > fork) entry.points.pop_back();
    entry.tip = SearchPoint{block.number, block.hash};
    entry.carried = true;
    entry.doubtful = false;
    entry.asked = Steady::now();
    entry.changed_from = from;
    if (news || entry.state.next >= entry.kept_next + kept_blocks) timer_.cancel();
}

void Searcher::failed(const std::string& why) {
    if (trouble_.empty()) spdlog::warn("event=search_failed chain={} error={}", parts_.chain.value, log_value(why));
    trouble_ = why;
}

asio::awaitable<void> Searcher::pause(milliseconds longest) {
    if (stopping_) co_return;
    timer_.expires_after(longest);
    boost::system::error_code cancelled;
    co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
}

std::optional<std::uint64_t> Searcher::goal() const {
    const auto head = parts_.heads.head();
    if (!head || head->ref.number < below_head) return std::nullopt;
    return head->ref.number - below_head;
}

Searcher::Progress Searcher::progress(std::uint64_t goal) const {
    Progress sum;
    for (const auto& [id, entry] : entries_) {
        const std::uint64_t from = entry.wanted.search.from_block;
        if (entry.carried || goal < from) continue;
        sum.all += goal - from + 1;
        sum.done += std::min(entry.state.next, goal + 1) - from;
    }
    return sum;
}

// What an earlier run knew. A row that cannot be read is searched again.
asio::awaitable<void> Searcher::load() {
    std::vector<model::Bytes32> ids;
    for (const auto& [id, entry] : entries_)
        if (!entry.loaded) ids.push_back(id);
    for (const model::Bytes32& id : ids) {
        auto work = [history = parts_.history, id] { return history->search(id); };
        const auto text = co_await run_blocking(parts_.pool, std::move(work));
        const auto found = entries_.find(id);
        if (found == entries_.end()) continue;
        Entry& entry = found->second;
        entry.loaded = true;
        entry.changed_from = 0;
        if (!text) {
            spdlog::warn("event=search_not_read chain={} error={}", parts_.chain.value, log_value(text.error().message));
            continue;
        }
        if (!*text) continue;
        auto state = state_of(**text);
        if (!state || state->first.next < entry.state.next) {
            spdlog::warn("event=search_not_read chain={} error={}", parts_.chain.value, state ? "it ends below its beginning" : log_value(state.error().message));
            continue;
        }
        entry.state = std::move(state->first);
        entry.points = std::move(state->second);
        entry.changed_from.reset();
        entry.kept_next = entry.state.next;
    }
}

// What the database does not hold: at once where logs were found, else every second or few hundred blocks. What lies above is searched
// again after an end that nobody announced. False: there was nothing.
asio::awaitable<bool> Searcher::keep(bool all) {
    if (parts_.history == nullptr) co_return false;
    const Steady::time_point now = Steady::now();
    std::vector<storage::SearchText> texts;
    for (auto& [id, entry] : entries_) {
        if (!entry.loaded || !entry.wanted.lasting || !entry.changed_from) continue;
        const bool found = !entry.state.found->empty() && entry.state.found->back().block_number >= *entry.changed_from;
        const bool due = entry.carried ? entry.state.next >= entry.kept_next + kept_blocks : now - entry.kept_at >= kept_every;
        if (!all && !found && !due) continue;
        if (entry.tip) add_point(entry.points, *entry.tip);
        texts.push_back(text_of(id, entry.state, entry.points, *entry.changed_from));
        entry.changed_from.reset();
        entry.kept_at = now;
        entry.kept_next = entry.state.next;
    }
    if (texts.empty()) co_return false;
    const auto kept = std::make_shared<const std::vector<storage::SearchText>>(std::move(texts));
    auto work = [history = parts_.history, kept] { return history->keep_searches(*kept); };
    const auto done = co_await run_blocking(parts_.pool, std::move(work));
    if (!done) {
        if (!keep_failed_) spdlog::warn("event=search_not_kept chain={} error={}", parts_.chain.value, log_value(done.error().message));
        for (const storage::SearchText& text : *kept) {
            Entry& entry = entries_.at(text.id);
            entry.changed_from = std::min(text.found_from, entry.changed_from.value_or(text.found_from));
        }
    }
    keep_failed_ = !done;
    co_return true;
}

// The last place that is still on the chain; what was found above it is dropped. False: nobody can tell.
asio::awaitable<bool> Searcher::stands(Entry& entry) {
    if (entry.tip) add_point(entry.points, *entry.tip);
    entry.tip.reset();
    while (!entry.points.empty()) {
        const SearchPoint last = entry.points.back();
        const auto block = co_await parts_.heads.block_at(last.number);
        if (!block) {
            failed(block.error().message);
            co_return false;
        }
        if (*block && (*block)->ref.hash == last.hash) break;
        if (!entry.points.empty() && entry.points.back() == last) entry.points.pop_back();
    }
    const std::uint64_t from = entry.wanted.search.from_block;
    const std::uint64_t next = entry.points.empty() ? from : std::max(from, entry.points.back().number + 1);
    if (next < entry.state.next) {
        if (next == 0) entry.state = SearchState{};
        else drop_found_above(entry.state, next - 1);
        entry.changed_from = std::min(next, entry.changed_from.value_or(next));
    }
    entry.doubtful = false;
    co_return true;
}

// Those that begin lowest, as far as one range goes.
Searcher::Range Searcher::lowest(std::uint64_t goal) {
    Range range;
    bool lasting = false;
    for (auto& [id, entry] : entries_) {
        if (!entry.loaded || entry.carried || entry.state.next > goal || entry.state.found->size() > most_found) continue;
        const bool first = range.entries.empty() || (entry.wanted.lasting && !lasting) || (entry.wanted.lasting == lasting && entry.state.next < range.from);
        const bool same = !range.entries.empty() && entry.state.next == range.from;
        if (!first && !same) continue;
        if (first && !same) range.entries.clear();
        range.entries.push_back(&entry);
        range.from = entry.state.next;
        lasting = lasting || entry.wanted.lasting;
    }
    range.to = std::min(goal, range.from + span_ - 1);
    return range;
}

Searcher::Range Searcher::unconfirmed() {
    Range range;
    for (auto& [id, entry] : entries_) {
        if (!entry.loaded || entry.state.agreed >= entry.state.next) continue;
        if (!range.entries.empty() && entry.state.agreed > range.from) continue;
        if (!range.entries.empty() && entry.state.agreed < range.from) range.entries.clear();
        range.entries.push_back(&entry);
        range.from = entry.state.agreed;
    }
    range.to = range.from + span_ - 1;
    for (const Entry* entry : range.entries) range.to = std::min(range.to, entry->state.next - 1);
    return range;
}

void Searcher::learn(milliseconds took, bool well) {
    if (!well) span_ = std::max<std::uint64_t>(1, span_ / 4);
    else if (took < quick) span_ = std::min(longest_span, span_ * 2);
    else if (took > slow) span_ = std::max<std::uint64_t>(1, span_ / 2);
}

asio::awaitable<void> Searcher::ask_one(std::size_t place, adapters::Logs filter, Words& into) {
    auto logs = co_await panel_.at(place).logs(std::move(filter));
    if (!logs) {
        into.error = logs.error();
        co_return;
    }
    into.voices = 1;
    into.logs = std::move(*logs);
}

// All filters of each of two operators, and of a third where one fails. As many voices as answered all of them.
asio::awaitable<Searcher::Words> Searcher::ask(std::vector<adapters::Logs> filters, std::uint64_t from, std::uint64_t to) {
    Words all;
    std::vector<std::size_t> order = panel_.order(turn_++);
    const std::size_t wanted = std::min<std::size_t>(2, panel_.size());
    std::size_t begun = 0;
    while (all.voices < wanted && begun < order.size()) {
        const std::size_t now = std::min(order.size() - begun, wanted - all.voices);
        std::vector<Words> words(now * filters.size());
        std::vector<asio::awaitable<void>> tasks;
        for (std::size_t i = 0; i < words.size(); ++i) {
            adapters::Logs filter = filters[i % filters.size()];
            filter.from_block = from;
            filter.to_block = to;
            tasks.push_back(ask_one(order[begun + i / filters.size()], std::move(filter), words[i]));
        }
        co_await adapters::rpc::join_all(std::move(tasks));
        for (std::size_t i = 0; i < now; ++i) {
            std::size_t answered = 0;
            for (std::size_t k = 0; k < filters.size(); ++k) {
                Words& one = words[i * filters.size() + k];
                answered += one.voices;
                if (one.error) all.error = one.error;
                all.logs.insert(all.logs.end(), std::make_move_iterator(one.logs.begin()), std::make_move_iterator(one.logs.end()));
            }
            if (answered == filters.size()) ++all.voices;
        }
        begun += now;
    }
    const bool told = co_await drop_orphaned(all.logs);
    if (!told) all.voices = 0;
    co_return all;
}

// Of the last blocks: an operator that stands on a branch that was left still tells its logs. False: nobody can tell.
asio::awaitable<bool> Searcher::drop_orphaned(std::vector<adapters::Log>& logs) {
    const auto head = parts_.heads.head();
    if (!head) co_return false;
    std::map<std::uint64_t, model::Bytes32> hashes;
    for (const adapters::Log& log : logs) {
        const std::uint64_t number = log.block_number;
        if (number + near_the_head <= head->ref.number || hashes.contains(number)) continue;
        const auto hash = co_await hash_at(number);
        if (!hash) co_return false;
        hashes.emplace(number, *hash);
    }
    std::erase_if(logs, [&](const adapters::Log& log) {
        const auto accepted = hashes.find(log.block_number);
        return accepted != hashes.end() && accepted->second != log.block_hash;
    });
    co_return true;
}

asio::awaitable<std::optional<model::Bytes32>> Searcher::hash_at(std::uint64_t number) {
    const auto block = co_await parts_.heads.block_at(number);
    std::optional<model::Bytes32> hash;
    if (block && *block) hash = (*block)->ref.hash;
    else failed(block ? fmt::format("block {} is gone from the accepted chain", number) : in_short(block.error()));
    co_return hash;
}

asio::awaitable<bool> Searcher::extend(std::uint64_t goal) {
    for (auto& [id, entry] : entries_) {
        if (!entry.doubtful || !entry.loaded) continue;
        const bool told = co_await stands(entry);
        co_return told;
    }
    Range range = lowest(goal);
    if (range.entries.empty()) co_return false;
    std::optional<SearchPoint> good;
    for (Entry* entry : range.entries) {
        if (!entry->tip && !entry->points.empty() && entry->points.back() == good) continue;
        const std::uint64_t before = entry->state.next;
        const bool told = co_await stands(*entry);
        if (!told) co_return false;
        if (entry->state.next != before) co_return true;
        if (!entry->points.empty()) good = entry->points.back();
    }
    const auto top = co_await hash_at(range.to);
    if (!top) co_return false;
    std::vector<adapters::Logs> filters;
    for (const Entry* entry : range.entries) filters.push_back(entry->wanted.search.filter);
    filters = merged(std::move(filters), most_choices);
    const Steady::time_point start = Steady::now();
    const Words words = co_await ask(std::move(filters), range.from, range.to);
    const auto took = std::chrono::duration_cast<milliseconds>(Steady::now() - start);
    learn(took, words.voices > 0);
    const bool alone = words.voices == 1 && panel_.size() > 1;
    if (words.voices == 0 || (alone && ++alone_ < patience)) {
        failed(words.error ? in_short(*words.error) : std::string("no operator answers"));
        co_return false;
    }
    // Logs of a range are asked for by numbers.
    const auto last = co_await hash_at(range.to);
    if (!last || *last != *top) co_return false;
    if (!trouble_.empty()) spdlog::info("event=search_goes_on chain={} block={}", parts_.chain.value, range.to);
    trouble_.clear();
    if (!alone) alone_ = 0;
    for (Entry* entry : range.entries) {
        // What a reading took up meanwhile is the reading's.
        if (entry->carried || entry->state.next != range.from) continue;
        add_found(entry->state, entry->wanted.search.filter, words.logs, range.from);
        if (entry->state.agreed == range.from && !alone) entry->state.agreed = range.to + 1;
        entry->state.next = range.to + 1;
        add_point(entry->points, SearchPoint{range.to, *last});
        entry->changed_from = std::min(range.from, entry->changed_from.value_or(range.from));
        if (entry->state.found->size() > most_found)
            failed(fmt::format("limit: more than {} logs were found by one search, up to block {}", most_found, range.to));
    }
    co_return true;
}

// What one operator alone has said, of two.
asio::awaitable<bool> Searcher::confirm() {
    Range range = unconfirmed();
    if (range.entries.empty() || panel_.order(0).size() < 2) co_return false;
    std::vector<adapters::Logs> filters;
    for (const Entry* entry : range.entries) filters.push_back(entry->wanted.search.filter);
    filters = merged(std::move(filters), most_choices);
    const Steady::time_point start = Steady::now();
    const Words words = co_await ask(std::move(filters), range.from, range.to);
    learn(std::chrono::duration_cast<milliseconds>(Steady::now() - start), words.voices > 0);
    if (words.voices < 2) co_return false;
    for (Entry* entry : range.entries) {
        if (entry->state.agreed != range.from || entry->state.next <= range.to) continue;
        add_found(entry->state, entry->wanted.search.filter, words.logs, range.from);
        entry->state.agreed = range.to + 1;
        entry->changed_from = std::min(range.from, entry->changed_from.value_or(range.from));
    }
    co_return true;
}

void Searcher::forget_old() {
    const Steady::time_point now = Steady::now();
    std::erase_if(entries_, [now](const auto& row) { return !row.second.wanted.lasting && now - row.second.asked > passing_for; });
}

asio::awaitable<void> Searcher::run() {
    running_ = true;
    stopping_ = false;
    while (!stopping_) {
        forget_old();
        co_await load();
        const Steady::time_point start = Steady::now();
        const auto up_to = goal();
        bool went_on = false;
        if (up_to) went_on = co_await extend(*up_to);
        if (!went_on && !stopping_) went_on = co_await confirm();
        co_await keep(false);
        // Half of the time is the readings'.
        const auto took = std::chrono::duration_cast<milliseconds>(Steady::now() - start);
        const milliseconds rest = went_on ? std::min(took, longest_pause) : retry_pause;
        if (!stopping_) co_await pause(rest);
    }
    co_await keep(true);
    running_ = false;
    ended_.cancel();
}

bool Searcher::waited_for() const {
    const auto head = parts_.heads.head();
    return head && std::any_of(entries_.begin(), entries_.end(),
                               [&](const auto& row) { return !row.second.carried && (row.second.doubtful || row.second.state.next + near_the_head <= head->ref.number); });
}

asio::awaitable<void> Searcher::finish(std::function<void(const Progress&)> tell) {
    const auto up_to = goal();
    if (!up_to) co_return;
    co_await load();
    Steady::time_point moved = Steady::now();
    while (!stopping_ && Steady::now() - moved < give_up_after) {
        const Range left = lowest(*up_to);
        tell(progress(*up_to));
        const bool doubtful = std::any_of(entries_.begin(), entries_.end(), [](const auto& row) { return row.second.doubtful; });
        if (left.entries.empty() && !doubtful) break;
        const bool went_on = co_await extend(*up_to);
        if (went_on) moved = Steady::now();
        else co_await pause(retry_pause);
    }
}

asio::awaitable<void> Searcher::stop() {
    stopping_ = true;
    timer_.cancel();
    while (running_) {
        ended_.expires_at(Steady::time_point::max());
        boost::system::error_code cancelled;
        co_await ended_.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
    }
}

}  // namespace margind::daemon
