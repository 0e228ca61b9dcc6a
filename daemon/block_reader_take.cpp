// What a reading makes of the answers: facts, watches, what is carried forward and what is read again. No I/O.
#include "daemon/block_reader.hpp"

#include "adapters/oracles/grade.hpp"
#include "adapters/oracles/settle.hpp"
#include "risk/account.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace margind::daemon {
namespace {

using adapters::AccountReading;
using adapters::AccountReadings;
using adapters::AccountViews;
using model::ErrorCode;
using model::Result;
namespace oracles = adapters::oracles;
using Kind = Subject::Kind;
using EntryKind = CarriedEntry::Kind;

// Who held nothing at a venue is taken to hold nothing while it cannot be read, but not for longer than this.
constexpr std::int64_t empty_for_s = 600;
constexpr std::size_t few_blocks = 3;

// "12 view equity: others 5, infura 4"; empty where all is as agreed.
std::string other_than(const AccountReadings& agreed, const std::vector<AccountViews>& said, const std::string& name) {
    for (const AccountViews& account : said) {
        const std::string sub = account.sub.empty() ? "" : account.sub + " ";
        const auto same = std::find_if(agreed.begin(), agreed.end(), [&](const AccountReading& reading) { return reading.sub == account.sub; });
        if (same == agreed.end()) return fmt::format("account {}: others none, {} some", account.sub, name);
        for (const model::NativeFigure& view : account.views) {
            const auto other = std::find_if(same->views.begin(), same->views.end(), [&](const model::NativeFigure& figure) { return figure.name == view.name; });
            if (other == same->views.end() || *other == view) continue;
            return fmt::format("{}view {}: others {}, {} {}", sub, view.name, other->value.to_decimal(), name, view.value.to_decimal());
        }
    }
    return {};
}

}  // namespace

model::MarginAccount unknown_account(const model::VenueId& venue, const model::Address& owner, const model::BlockRef& block, std::string reason) {
    model::MarginAccount account;
    account.key.venue = venue;
    account.key.owner = owner;
    account.read_at = block;
    account.reason = std::move(reason);
    return account;
}

void Known::drop_above(std::uint64_t number) {
    for (auto& config : configs)
        if (config && config->read_at > number) config.reset();
    std::erase_if(branch, [number](const auto& entry) { return entry.first > number; });
    std::erase_if(accepted, [number](const auto& entry) { return entry.second.since > number; });
    std::erase_if(described, [number](const auto& entry) { return entry.second > number; });
    carried.drop_above(number);
    if (number == 0) searches.forget();
    else searches.drop_above(number);
}

// From the block after the fork, or from the first that a search has not seen. A cold reading has nothing to carry forward.
std::optional<LogQuestion> BlockReader::log_question() const {
    const std::uint64_t searched = known_.searches.first_open().value_or(block_.number + 1);
    const bool carries = !headers_.empty();
    const std::uint64_t first = carries ? std::min(passage_.fork + 1, searched) : searched;
    if (first > block_.number) return std::nullopt;
    auto filter = merged_filter(carries ? all_watches() : known_.searches.watches(venues_.size()));
    if (!filter) return std::nullopt;
    LogQuestion question;
    question.filter = std::move(*filter);
    // Empty until a range is put in.
    question.filter.from_block = 1;
    question.filter.to_block = 0;
    if (carries) question.branch.insert(known_.branch.lower_bound(first), known_.branch.end());
    for (const auto& header : headers_) question.branch[header.ref.number] = header.ref.hash;
    if (carries && first > passage_.fork && passage_.gap <= few_blocks) {
        for (const auto& header : headers_) question.blocks.push_back(header.ref);
        return question;
    }
    question.filter.from_block = first;
    question.filter.to_block = block_.number - 1;
    question.blocks.push_back(block_);
    return question;
}

void BlockReader::plan(Questions& questions) {
    for (std::uint32_t venue = 0; venue < venues_.size(); ++venue) {
        if (!known_.configs[venue] || !known_.searches.unreached(venue, std::nullopt).empty()) continue;
        questions.venues[venue] = known_.configs[venue]->facts;
        if (!known_.watches[venue] || !known_.venues[venue]) continue;
        const VenuePlan plan = plan_venue(known_.carried, venue, passage_, block_, parts_.verify_every);
        for (const Holder& holder : plan.views) questions.views.emplace(holder, ViewsQuestion{known_.venues[venue], known_.carried.at(holder).accounts});
        for (const Holder& holder : plan.empties) questions.empties.emplace(holder, known_.venues[venue]);
    }
    for (const Holder& holder : close_holders()) {
        const CarriedEntry& entry = known_.carried.at(holder);
        const bool carried = entry.kind == EntryKind::held && !entry.doubtful && entry.read_at.number <= passage_.fork;
        if (!carried || !questions.venues.contains(holder.venue) || !known_.watches[holder.venue] || !known_.venues[holder.venue]) continue;
        questions.views.emplace(holder, ViewsQuestion{known_.venues[holder.venue], entry.accounts});
        questions.views_of_all.insert(holder);
    }
    for (std::uint32_t place = 0; place < scope_.feeds.size(); ++place) {
        FeedQuestion feed;
        if (const auto known = known_.accepted.find(place); known != known_.accepted.end()) feed.before.previous = known->second.answer;
        if (parts_.packages) feed.before.delivery = parts_.packages->of(scope_.feeds[place]);
        feed.description = !known_.described.contains(place);
        questions.feeds.emplace(place, std::move(feed));
    }
    questions.logs = log_question();
    add_found_to(questions);
}

std::optional<Plight> BlockReader::plight_by(const Subject& subject, const Answers& answers) const {
    std::vector<model::FactsPtr> accounts;
    const auto add = [&accounts](const AccountReadings& held) {
        for (const AccountReading& account : held)
            if (account.facts) accounts.push_back(account.facts);
    };
    model::FactsPtr venue;
    if (subject.kind == Kind::venue) {
        if (const auto said = answers.venues.find(subject.place); said != answers.venues.end() && said->second) venue = *said->second;
        for (std::uint32_t owner = 0; owner < known_.carried.owners(); ++owner)
            if (const CarriedEntry& entry = known_.carried.at(Holder{subject.place, owner}); entry.accounts) add(*entry.accounts);
    } else if (subject.kind == Kind::account) {
        venue = venues_[subject.place].facts;
        if (const auto said = answers.accounts.find(Holder{subject.place, subject.owner}); said != answers.accounts.end() && said->second) add(*said->second);
    }
    return venue ? plight_of(scope_.venues[subject.place]->rule(), *venue, accounts, parts_.assets) : std::nullopt;
}

// Good news may be the forged one.
std::size_t BlockReader::worse_of(const Subject& subject, const std::vector<Voice>& voices, std::size_t first) const {
    std::size_t chosen = first;
    std::optional<Plight> worst = plight_by(subject, voices[first].answers);
    for (std::size_t voice = 0; voice < voices.size(); ++voice) {
        const auto plight = plight_by(subject, voices[voice].answers);
        if (!plight || (worst && !(*plight > *worst))) continue;
        worst = plight;
        chosen = voice;
    }
    return chosen;
}

std::vector<std::size_t> BlockReader::settle_disputes(Settled& settled, const std::vector<Subject>& contested, const std::vector<Voice>& voices) {
    std::map<Subject, Verdict> verdicts;
    std::vector<std::size_t> chosen;
    const auto name = [&](std::size_t voice) -> const std::string& { return parts_.panel.at(voices[voice].by).name(); };
    for (const Subject& subject : contested) {
        Verdict verdict = judge(subject, voices);
        const auto tell = [&](std::size_t voice, std::size_t other) {
            parts_.disputes.differed(subject, voices[voice].by, name(voice),
                                     name_of(subject, scope_, *owners_) + ": " + difference_of(subject, voices[other], voices[voice], name(other), name(voice)),
                                     block_.number);
        };
        for (const std::size_t odd : verdict.odd) tell(odd, verdict.chosen);
        if (verdict.undecided) {
            settled.undecided.insert(subject);
            tell(verdict.chosen, verdict.odd.front());
        }
        chosen.push_back(verdict.undecided ? worse_of(subject, voices, verdict.chosen) : verdict.chosen);
        verdicts.emplace(subject, std::move(verdict));
    }
    parts_.disputes.settle(block_.number, [&](const Subject& subject, std::size_t place) {
        const auto speaks = [&](const Voice& voice) { return answers(voice, subject); };
        if (std::count_if(voices.begin(), voices.end(), speaks) < 2) return false;
        const auto voice = std::find_if(voices.begin(), voices.end(), [&](const Voice& v) { return v.by == place && speaks(v); });
        if (voice == voices.end()) return false;
        const auto verdict = verdicts.find(subject);
        if (verdict == verdicts.end()) return true;
        const auto& agreeing = verdict->second.agreeing;
        return !verdict->second.undecided && std::find(agreeing.begin(), agreeing.end(), static_cast<std::size_t>(voice - voices.begin())) != agreeing.end();
    });
    return chosen;
}

void BlockReader::take_configs(const Settled& settled) {
    for (const auto& [venue, facts] : settled.answers.configs) {
        auto& config = known_.configs[venue];
        outdated_.erase(venue);
        if (!facts) {
            config.reset();
            venues_[venue].reason = "configuration of the venue: " + in_short(facts.error());
            continue;
        }
        // What is held was read by the old one.
        if (config && *config->facts != **facts) known_.carried.drop_venue(venue);
        config = Known::Config{*facts, block_.number, settled.single_source, settled.undecided.contains(Subject{Kind::configuration, venue, 0})};
    }
}

void BlockReader::take_venues(const Settled& settled) {
    for (const auto& [venue, facts] : settled.answers.venues) {
        Fresh& fresh = venues_[venue];
        fresh.disputed = settled.undecided.contains(Subject{Kind::venue, venue, 0});
        if (facts) {
            fresh.facts = *facts;
            fresh.reason.clear();
        } else {
            fresh.reason = in_short(facts.error());
            if (facts.error().code == ErrorCode::missing) outdated_.insert(venue);
        }
    }
    unpinned_ = unpinned_ || settled.unpinned;
}

void BlockReader::take_prices(const Settled& settled) {
    std::vector<oracles::Seen> seen;
    for (const auto& [place, observation] : settled.answers.feeds) {
        oracles::Seen one;
        one.feed = scope_.feeds[place];
        if (!observation) {
            one.price = oracles::refused_price(one.feed, in_short(observation.error()));
            seen.push_back(std::move(one));
            continue;
        }
        known_.described.emplace(place, block_.number);
        one.price = observation->price;
        if (settled.undecided.contains(Subject{Kind::price, place, 0})) {
            one.contradiction = "operators contradict each other";
        } else if (observation->accepted) {
            Known::Accepted& accepted = known_.accepted[place];
            if (accepted.since == 0 || accepted.answer != *observation->accepted) accepted = Known::Accepted{*observation->accepted, block_.number};
        }
        seen.push_back(std::move(one));
    }
    prices_ = oracles::settle(std::move(seen), block_.time);
}

// Another watch than before: what was held may have changed unseen.
void BlockReader::take_watches() {
    for (std::uint32_t venue = 0; venue < venues_.size(); ++venue) {
        if (!venues_[venue].facts) continue;
        known_.venues[venue] = venues_[venue].facts;
        auto watch = scope_.venues[venue]->watch(*venues_[venue].facts);
        std::optional<SortedWatch> sorted;
        if (watch) sorted.emplace(std::move(*watch));
        if (sorted == known_.watches[venue] && sorted) continue;
        known_.carried.drop_venue(venue);
        for (std::uint32_t owner = 0; owner < owners_->size(); ++owner) known_.carried.at(Holder{venue, owner}).doubtful = true;
        known_.watches[venue] = std::move(sorted);
    }
}

bool BlockReader::rule_bears_out(const Holder& holder, const model::Facts& facts, const std::vector<model::NativeFigure>& views) const {
    const auto prepared = scope_.venues[holder.venue]->rule().prepare(*venues_[holder.venue].facts, facts, parts_.assets);
    if (!prepared) return false;
    const auto ours = (*prepared)->native((*prepared)->current());
    return ours && risk::difference(views, *ours).empty();
}

bool BlockReader::all_borne_out(const Holder& holder, const AccountReadings& held, const std::vector<AccountViews>& views) const {
    return std::equal(held.begin(), held.end(), views.begin(), views.end(), [&](const AccountReading& account, const AccountViews& said) {
        return account.sub == said.sub && account.facts && rule_bears_out(holder, *account.facts, said.views);
    });
}

// The views that operators gave of owners whose accounts are known from before.
void BlockReader::take_views(const Settled& settled) {
    for (const auto& [holder, views] : settled.answers.views) {
        CarriedEntry& entry = known_.carried.at(holder);
        if (entry.kind != EntryKind::held || entry.doubtful || !venues_[holder.venue].facts) continue;
        const auto said = settled.views_by.find(holder);
        const bool alike = said == settled.views_by.end() ||
                           std::all_of(said->second.begin(), said->second.end(), [&](const auto& voice) { return views && voice.second == *views; });
        if (views && alike && all_borne_out(holder, *entry.accounts, *views)) {
            entry.verified_at = block_;
            views_now_[holder] = *views;
            if (said != settled.views_by.end() && said->second.size() >= settled.asked_all) borne_out_by_all_.insert(holder);
            continue;
        }
        entry.doubtful = true;
        if (said != settled.views_by.end()) suspect_views_.insert(*said);
    }
    for (const auto& [holder, reading] : settled.answers.empties) {
        CarriedEntry& entry = known_.carried.at(holder);
        if (reading && reading->empty()) entry.verified_at = block_;
        else entry.doubtful = true;
    }
}

void BlockReader::add_to_read(std::uint32_t venue) {
    if (!venues_[venue].facts) return;
    const bool more_than_one = parts_.panel.size() > 1 && parts_.panel.order(0).size() > 1;
    for (std::uint32_t owner = 0; owner < owners_->size(); ++owner) {
        const Holder holder{venue, owner};
        if (failed_.contains(holder)) continue;
        const CarriedEntry& entry = known_.carried.at(holder);
        const bool overdue = entry.verified_at.number + parts_.verify_every <= block_.number;
        if (entry.kind == EntryKind::absent || entry.doubtful || overdue || (entry.single_source && more_than_one)) to_read_.insert(holder);
    }
    for (const Holder& holder : close_holders())
        if (holder.venue == venue && !borne_out_by_all_.contains(holder) && !failed_.contains(holder)) to_read_.insert(holder);
}

std::set<Holder> BlockReader::close_holders() const {
    std::set<Holder> close;
    for (const model::AccountKey& key : options_.close) {
        const auto found = std::lower_bound(owners_->begin(), owners_->end(), key.owner);
        if (found == owners_->end() || *found != key.owner) continue;
        for (std::uint32_t venue = 0; venue < venues_.size(); ++venue)
            if (key.venue == scope_.venues[venue]->venue()) close.insert(Holder{venue, static_cast<std::uint32_t>(found - owners_->begin())});
    }
    return close;
}

void BlockReader::take_accounts(const Holder& holder, const Result<AccountReadings>& reading, const Settled& settled) {
    CarriedEntry& entry = known_.carried.at(holder);
    views_now_.erase(holder);
    if (!reading) {
        entry = CarriedEntry{};
        failed_[holder] = in_short(reading.error());
        if (settled.undecided.contains(Subject{Kind::account, holder.venue, holder.owner})) disputed_.insert(holder);
        return;
    }
    entry = CarriedEntry{};
    entry.kind = reading->empty() ? EntryKind::empty : EntryKind::held;
    entry.read_at = block_;
    entry.verified_at = block_;
    entry.single_source = settled.single_source;
    entry.unpinned = settled.unpinned;
    if (settled.undecided.contains(Subject{Kind::account, holder.venue, holder.owner})) {
        entry.doubtful = true;
        disputed_.insert(holder);
    }
    if (reading->empty()) return;
    entry.accounts = std::make_shared<const AccountReadings>(*reading);
    std::vector<AccountViews>& views = views_now_[holder];
    for (const AccountReading& account : *reading) views.push_back(AccountViews{account.sub, account.views});
    // Views that the rule does not bear out are wanted at every block: only they tell of a liquidation, or that the difference is gone.
    if (known_.watches[holder.venue] && !all_borne_out(holder, *reading, views)) entry.doubtful = true;
}

// Views that neither the rule nor those who were asked next bear out.
void BlockReader::name_liars(const Settled& settled) {
    for (const auto& [holder, said] : suspect_views_) {
        const Subject subject{Kind::account, holder.venue, holder.owner};
        const auto agreed = settled.answers.accounts.find(holder);
        if (agreed == settled.answers.accounts.end() || !agreed->second || settled.undecided.contains(subject) || settled.single_source) continue;
        for (const auto& [place, views] : said) {
            const std::string& name = parts_.panel.at(place).name();
            const std::string lie = other_than(*agreed->second, views, name);
            if (!lie.empty()) parts_.disputes.differed(subject, place, name, name_of(subject, scope_, *owners_) + ": " + lie, block_.number);
        }
    }
}

void BlockReader::add_hidden_logs(const Voice& voice, const std::vector<SilentBlock>& silent, std::vector<adapters::Log>& logs) {
    const std::string& name = parts_.panel.at(voice.by).name();
    const Watches watches = all_watches();
    for (const adapters::Log& log : **voice.answers.logs) {
        logs.push_back(log);
        const bool hidden = std::any_of(silent.begin(), silent.end(), [&](const SilentBlock& block) {
            return block.block == log.block_number && concerns(*watches[block.venue], log);
        });
        if (!hidden) continue;
        for (const std::size_t place : block_answers_.log_speakers) {
            const std::string& hider = parts_.panel.at(place).name();
            parts_.disputes.differed(Subject{}, place, hider,
                                     fmt::format("logs: log of {} in block {}, index {}: {} gives it, {} omits it", log.address.to_string(), log.block_number,
                                                 log.log_index, name, hider),
                                     block_.number);
        }
    }
}

void BlockReader::add_accounts(const Holder& holder, std::vector<model::MarginAccount>& into) const {
    const CarriedEntry& entry = known_.carried.at(holder);
    const Fresh& venue = venues_[holder.venue];
    const auto failed = failed_.find(holder);
    const auto& config = known_.configs[holder.venue];
    model::Qualifiers qualifiers;
    qualifiers.single_source = parts_.panel.size() == 1 || entry.single_source || block_answers_.single_source || (config && config->single_source) ||
                              known_.searches.alone(holder.venue, holder.owner);
    qualifiers.unpinned = entry.unpinned || unpinned_;
    qualifiers.disputed = venue.disputed || disputed_.contains(holder) || (config && config->disputed);
    const auto unknown = [&](std::string reason) {
        model::MarginAccount account = unknown_account(scope_.venues[holder.venue]->venue(), (*owners_)[holder.owner], block_, std::move(reason));
        account.qualifiers = qualifiers;
        return account;
    };
    if (!venue.facts || failed != failed_.end() || !entry.accounts) {
        into.push_back(unknown(!venue.facts ? venue.reason : failed != failed_.end() ? failed->second : std::string()));
        return;
    }
    const auto views = views_now_.find(holder);
    for (const AccountReading& held : *entry.accounts) {
        model::MarginAccount account = unknown(held.reason);
        account.key.sub = held.sub;
        account.read_at = entry.read_at;
        account.verified_at = entry.verified_at;
        account.facts = held.facts;
        account.qualifiers.unpinned = account.qualifiers.unpinned || held.agrees != nullptr;
        if (views != views_now_.end())
            for (const AccountViews& said : views->second)
                if (said.sub == held.sub) account.views = said.views;
        into.push_back(std::move(account));
    }
}

ChainReading BlockReader::reading() const {
    ChainReading reading;
    reading.block = block_;
    reading.prices = prices_;
    for (std::uint32_t place = 0; place < venues_.size(); ++place) {
        model::Venue venue;
        venue.id = scope_.venues[place]->venue();
        venue.facts = venues_[place].facts;
        venue.read_at = block_;
        venue.reason = venues_[place].reason;
        reading.venues.push_back(std::move(venue));
        for (std::uint32_t owner = 0; owner < owners_->size(); ++owner) {
            const Holder holder{place, owner};
            const CarriedEntry& entry = known_.carried.at(holder);
            const bool nothing = entry.kind == EntryKind::empty && (venues_[place].facts || block_.time - entry.verified_at.time <= empty_for_s);
            if (!nothing) add_accounts(holder, reading.accounts);
        }
    }
    return reading;
}

}  // namespace margind::daemon
