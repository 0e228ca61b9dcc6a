// One reading of one block: what is known of the blocks before it, brought forward.
#include "daemon/block_reader.hpp"

#include "daemon/ask.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace margind::daemon {
namespace {

using adapters::rpc::BlockHeader;
using adapters::rpc::Operator;
using model::ErrorCode;
using model::Result;
using Clock = std::chrono::steady_clock;
using Kind = Subject::Kind;

constexpr std::chrono::milliseconds deadline{7'500};
// Two whose answers are compared.
constexpr std::size_t voices_wanted = 2;
// Beyond this nothing is carried forward: all of it would be due to be verified anyway.
constexpr std::uint64_t longest_gap = 1'024;
// Headers of a longer gap are not fetched for their blooms.
constexpr std::uint64_t most_headers = 64;

// SplitMix64's finaliser: in plain rotation an account whose turn comes every n blocks would meet the same operator each time.
std::uint64_t scattered(std::uint64_t number) {
    number = (number ^ (number >> 30)) * 0xbf58476d1ce4e5b9U;
    number = (number ^ (number >> 27)) * 0x94d049bb133111ebU;
    return number ^ (number >> 31);
}

std::size_t log_voices(const std::vector<Voice>& voices) {
    return static_cast<std::size_t>(std::count_if(voices.begin(), voices.end(), [](const Voice& voice) { return answers(voice, Subject{}); }));
}

Questions without_solo(const Questions& questions) {
    Questions rest = questions;
    std::erase_if(rest.views, [&](const auto& row) { return !rest.views_of_all.contains(row.first); });
    rest.empties.clear();
    return rest;
}

void join_logs(const std::vector<Voice>& voices, std::vector<adapters::Log>& all) {
    for (const Voice& voice : voices) {
        if (!voice.answers.logs || !*voice.answers.logs) continue;
        const auto& logs = **voice.answers.logs;
        all.insert(all.end(), logs.begin(), logs.end());
    }
}

}  // namespace

BlockReader::BlockReader(const ReadingParts& parts, Known& known, model::BlockRef block, std::shared_ptr<const std::vector<model::Address>> owners,
                         ReadOptions options, bool carried)
    : parts_(parts), known_(known), scope_(*parts.scope), block_(block), owners_(std::move(owners)), options_(std::move(options)), carried_(carried),
      until_(Clock::now() + deadline), venues_(scope_.venues.size()) {}

asio::awaitable<Result<ChainReading>> BlockReader::run() {
    if (known_.last) {
        const auto found = co_await find_passage();
        if (!found) co_return model::fail(found.error());
        known_.drop_above(passage_.fork);
    }
    const auto configured = co_await read_configs();
    if (!configured) co_return model::fail(configured.error());
    const auto searched = co_await find_searches();
    if (!searched) co_return model::fail(searched.error());
    const auto read = co_await read_block();
    if (!read) co_return model::fail(read.error());
    if (!outdated_.empty()) {
        const auto again = co_await read_outdated();
        if (!again) co_return model::fail(again.error());
    }
    take_watches();
    const auto weighed = co_await weigh_logs();
    if (!weighed) co_return model::fail(weighed.error());
    take_views(block_answers_);
    for (std::uint32_t venue = 0; venue < venues_.size(); ++venue) add_to_read(venue);
    const auto accounts = co_await read_accounts();
    if (!accounts) co_return model::fail(accounts.error());
    known_.last = block_;
    known_.views = views_now_;
    known_.branch[block_.number] = block_.hash;
    while (known_.branch.size() > longest_gap) known_.branch.erase(known_.branch.begin());
    co_return reading();
}

asio::awaitable<Result<std::optional<BlockHeader>>> BlockReader::header_at(std::uint64_t number) {
    if (Clock::now() > until_) co_return model::fail(ErrorCode::unreachable, "the blocks below the head could not be read in time", model::Retry::later);
    auto header = co_await parts_.heads.block_at(number);
    co_return header;
}

// Where the branch that was read last meets the one of this block.
asio::awaitable<Result<void>> BlockReader::find_passage() {
    const model::BlockRef last = *known_.last;
    passage_.fork = last.number;
    if (last.hash == block_.hash) {
        views_now_ = known_.views;
        co_return Result<void>{};
    }
    const std::uint64_t number = block_.number;
    const auto top = co_await header_at(number);
    if (!top) co_return model::fail(top.error());
    if (!*top || (*top)->ref.hash != block_.hash)
        co_return model::fail(ErrorCode::reorged, fmt::format("block {} is not on the accepted chain any more", number), model::Retry::later);
    const bool next = (*top)->parent == last.hash && last.number + 1 == number;
    std::uint64_t below = next ? 0 : std::min(last.number, number) + 1;
    if (!next) passage_.fork = 0;
    while (below > 0) {
        auto known = known_.branch.lower_bound(below);
        if (known == known_.branch.begin()) break;
        --known;
        below = known->first;
        const model::Bytes32 hash = known->second;
        const auto header = co_await header_at(below);
        if (!header) co_return model::fail(header.error());
        if (!*header || (*header)->ref.hash != hash) continue;
        passage_.fork = below;
        break;
    }
    if (passage_.fork == 0 || number - passage_.fork > longest_gap) {
        // Nothing that is known is known to be of this branch.
        passage_.fork = 0;
        co_return Result<void>{};
    }
    passage_.gap = number - passage_.fork;
    if (passage_.gap == 0) co_return Result<void>{};
    BlockHeader header = **top;
    const auto found = co_await find_headers(std::move(header));
    if (!found) co_return model::fail(found.error());
    co_return Result<void>{};
}

asio::awaitable<Result<void>> BlockReader::find_headers(BlockHeader top) {
    const std::uint64_t first = passage_.gap > most_headers ? block_.number : passage_.fork + 1;
    for (std::uint64_t number = first; number < block_.number; ++number) {
        const auto header = co_await header_at(number);
        if (!header) co_return model::fail(header.error());
        if (!*header) co_return model::fail(ErrorCode::reorged, fmt::format("block {} is gone from the accepted chain", number), model::Retry::later);
        headers_.push_back(**header);
    }
    headers_.push_back(std::move(top));
    const auto torn = std::adjacent_find(headers_.begin(), headers_.end(), [](const BlockHeader& a, const BlockHeader& b) { return b.parent != a.ref.hash; });
    if (torn != headers_.end())
        co_return model::fail(ErrorCode::reorged, fmt::format("the accepted chain changed below block {}", block_.number), model::Retry::later);
    for (const BlockHeader& header : headers_) known_.branch[header.ref.number] = header.ref.hash;
    co_return Result<void>{};
}

std::vector<std::size_t> BlockReader::order() const {
    std::vector<std::size_t> places = parts_.panel.order(scattered(block_.number));
    const auto first = [&](auto good) { std::stable_partition(places.begin(), places.end(), [&](std::size_t place) { return good(parts_.panel.at(place)); }); };
    first([&](const Operator& of) { return !parts_.heads.demoted(of); });
    first([&](const Operator& of) { return parts_.heads.has(of, block_); });
    return places;
}

asio::awaitable<Heard> BlockReader::hear(std::shared_ptr<const Questions> questions, std::vector<std::size_t> order, std::size_t wanted) {
    const auto rest = std::make_shared<const Questions>(without_solo(*questions));
    Panel::Ask question = [scope = parts_.scope, questions, rest, block = block_](Operator& of, bool solo) {
        return ask(of, scope, solo ? questions : rest, block);
    };
    std::function<bool()> known = [&panel = parts_.panel, &heads = parts_.heads, block = block_] {
        for (std::size_t place = 0; place < panel.size(); ++place)
            if (heads.has(panel.at(place), block)) return true;
        return false;
    };
    auto heard = co_await parts_.panel.hear(std::move(question), std::move(order), wanted, until_, std::move(known));
    co_return heard;
}

// Two answers to each question, and where they differ as many more as it takes.
asio::awaitable<Result<BlockReader::Settled>> BlockReader::agree(Questions questions) {
    Settled settled;
    if (questions.empty()) co_return settled;
    auto all = std::make_shared<const Questions>(std::move(questions));
    std::vector<std::size_t> places = order();
    const std::size_t wanted = std::min(voices_wanted, parts_.panel.size());
    Heard heard = co_await hear(all, places, wanted);
    if (heard.voices.empty()) {
        if (heard.error) co_return model::fail(*heard.error);
        co_return model::fail(ErrorCode::unreachable, "no operator answered in time", model::Retry::later);
    }
    std::vector<Voice> voices = std::move(heard.voices);
    settled.asked_all = voices.size();
    if (voices.size() < wanted) {
        settled.single_source = true;
        alone_ = fmt::format("block {} was read from {} alone: {}", block_.number, parts_.panel.at(voices.front().by).name(),
                             heard.error ? in_short(*heard.error) : std::string(places.size() < wanted ? "no other operator answers" : "no other operator answered in time"));
    }
    const auto drop = [&places](std::size_t by) { std::erase(places, by); };
    for (const Voice& voice : voices) drop(voice.by);
    for (const std::size_t silent : heard.silent) drop(silent);
    // Who was late for the first two may still decide between them, after all others.
    std::stable_partition(places.begin(), places.end(), [&](std::size_t place) { return std::find(heard.late.begin(), heard.late.end(), place) == heard.late.end(); });
    const std::vector<Subject> contested = voices.size() < 2 ? std::vector<Subject>() : differing(voices[0].answers, voices[1].answers);
    std::vector<Subject> open = contested;
    const bool logs_wanted = all->logs.has_value();
    while (!places.empty()) {
        std::vector<Subject> asked = open;
        const bool logs_lack = logs_wanted && log_voices(voices) < wanted;
        if (logs_lack && std::find(asked.begin(), asked.end(), Subject{}) == asked.end()) asked.push_back(Subject{});
        if (asked.empty()) break;
        auto fewer = std::make_shared<const Questions>(narrowed(*all, asked));
        std::vector<std::size_t> others = places;
        Heard more = co_await hear(fewer, others, 1);
        for (const std::size_t silent : more.silent) drop(silent);
        if (more.voices.empty()) break;
        drop(more.voices.front().by);
        voices.push_back(std::move(more.voices.front()));
        std::erase_if(open, [&voices](const Subject& subject) { return !judge(subject, voices).undecided; });
    }
    const std::vector<std::size_t> chosen = settle_disputes(settled, contested, voices);
    settled.unpinned = std::none_of(voices.begin(), voices.end(), [](const Voice& voice) { return voice.pinned; });
    join_logs(voices, settled.logs);
    for (const Voice& voice : voices) {
        settled.asked.insert(voice.by);
        if (answers(voice, Subject{})) settled.log_speakers.push_back(voice.by);
        for (const auto& [holder, views] : voice.answers.views)
            if (views) settled.views_by[holder].emplace_back(voice.by, *views);
    }
    settled.asked.insert(heard.silent.begin(), heard.silent.end());
    Answers& merged = voices.front().answers;
    for (std::size_t i = 0; i < contested.size(); ++i)
        if (chosen[i] > 0) replace(merged, voices[chosen[i]].answers, contested[i]);
    // Several may have been asked what one alone is asked: the first who knows.
    for (std::size_t i = 1; i < voices.size(); ++i) {
        merged.views.merge(voices[i].answers.views);
        merged.empties.merge(voices[i].answers.empties);
    }
    settled.answers = std::move(merged);
    co_return settled;
}

asio::awaitable<Result<void>> BlockReader::read_configs() {
    Questions questions;
    questions.configs = outdated_;
    const bool more_than_one = parts_.panel.order(0).size() > 1;
    for (std::uint32_t venue = 0; venue < venues_.size() && outdated_.empty(); ++venue) {
        const auto& config = known_.configs[venue];
        const bool doubtful = config && ((config->single_source && more_than_one) || config->disputed);
        if (!config || doubtful || options_.fresh_config) questions.configs.insert(venue);
    }
    const auto settled = co_await agree(std::move(questions));
    if (!settled) co_return model::fail(settled.error());
    take_configs(*settled);
    co_return Result<void>{};
}

asio::awaitable<Result<void>> BlockReader::read_block() {
    Questions questions;
    questions.owners = owners_;
    plan(questions);
    auto settled = co_await agree(std::move(questions));
    if (!settled) co_return model::fail(settled.error());
    block_answers_ = std::move(*settled);
    take_venues(block_answers_);
    take_prices(block_answers_);
    co_return Result<void>{};
}

// The venues that no longer fit their configurations.
asio::awaitable<Result<void>> BlockReader::read_outdated() {
    const std::set<std::uint32_t> outdated = outdated_;
    const auto configured = co_await read_configs();
    if (!configured) co_return model::fail(configured.error());
    Questions questions;
    for (const std::uint32_t venue : outdated)
        if (known_.configs[venue] && known_.searches.unreached(venue, std::nullopt).empty()) questions.venues[venue] = known_.configs[venue]->facts;
    add_found_to(questions);
    const auto settled = co_await agree(std::move(questions));
    if (!settled) co_return model::fail(settled.error());
    take_venues(*settled);
    block_answers_.single_source = block_answers_.single_source || settled->single_source;
    co_return Result<void>{};
}

asio::awaitable<Result<void>> BlockReader::weigh_logs() {
    const auto question = log_question();
    std::vector<adapters::Log> logs = block_answers_.logs;
    if (question && !block_answers_.log_speakers.empty()) {
        std::vector<std::size_t> others = order();
        std::erase_if(others, [this](std::size_t place) { return block_answers_.asked.contains(place); });
        auto silent = silent_blocks(headers_, all_watches(), logs);
        bool asked_more = false;
        if (!silent.empty() && !others.empty()) {
            Questions questions;
            questions.logs = question;
            auto shared = std::make_shared<const Questions>(std::move(questions));
            const Heard more = co_await hear(shared, others, 1);
            asked_more = log_voices(more.voices) > 0;
            if (asked_more) add_hidden_logs(more.voices.front(), silent, logs);
        }
        if (!asked_more)
            for (const SilentBlock& block : silent) {
                const auto venue = static_cast<std::uint32_t>(block.venue % venues_.size());
                known_.searches.doubt(venue, block.block);
                for (std::uint32_t owner = 0; owner < owners_->size(); ++owner) known_.carried.at(Holder{venue, owner}).doubtful = true;
            }
    }
    for (const Holder& holder : touched_by(logs, known_.watches, scope_, *owners_)) known_.carried.at(holder).doubtful = true;
    if (question && !block_answers_.log_speakers.empty()) {
        const VenueSearches::News news = known_.searches.take(logs, block_.number, block_answers_.log_speakers.size() >= voices_wanted || parts_.panel.size() == 1);
        for (const Holder& holder : news.holders) known_.carried.at(holder).doubtful = true;
        std::set<std::uint32_t> changed = news.venues;
        const auto again = co_await read_found(std::move(changed));
        if (!again) co_return model::fail(again.error());
    }
    const bool alone = question && block_answers_.log_speakers.size() < std::min(voices_wanted, parts_.panel.size());
    for (std::uint32_t venue = 0; venue < venues_.size() && alone; ++venue)
        for (std::uint32_t owner = 0; owner < owners_->size(); ++owner) {
            CarriedEntry& entry = known_.carried.at(Holder{venue, owner});
            if (block_answers_.log_speakers.empty()) entry.doubtful = true;
            else entry.single_source = true;
        }
    co_return Result<void>{};
}

asio::awaitable<Result<void>> BlockReader::read_accounts() {
    Questions questions;
    questions.owners = owners_;
    for (const Holder& holder : to_read_) questions.accounts.emplace(holder, venues_[holder.venue].facts);
    add_found_to(questions);
    const auto settled = co_await agree(std::move(questions));
    if (!settled) co_return model::fail(settled.error());
    for (const auto& [holder, reading] : settled->answers.accounts) take_accounts(holder, reading, *settled);
    name_liars(*settled);
    co_return Result<void>{};
}

}  // namespace margind::daemon
