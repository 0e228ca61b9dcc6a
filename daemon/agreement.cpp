// The answers of several operators to the same questions, compared as decoded values. Pure.
#include "daemon/agreement.hpp"

#include "risk/model/text_form.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>

namespace margind::daemon {
namespace {

using adapters::AccountReading;
using adapters::AccountReadings;
using adapters::Log;
using adapters::oracles::Observation;
using model::FactsPtr;
using model::Result;
using Kind = Subject::Kind;

// A long value (bytes of code, a list of figures) is not what a sentence is for.
constexpr std::size_t longest_value = 80;

std::string shortened(std::string text) {
    if (text.size() > longest_value) text = text.substr(0, longest_value) + "…";
    return text;
}

bool same(const FactsPtr& a, const FactsPtr& b) { return (!a && !b) || (a && b && *a == *b); }
bool same(const Observation& a, const Observation& b) { return a.price == b.price && a.accepted == b.accepted; }
// The wording of a reason may hold the node's own.
bool same(const AccountReading& a, const AccountReading& b) {
    if (a.agrees != nullptr && a.agrees == b.agrees) return a.sub == b.sub && a.agrees(a, b);
    return a.sub == b.sub && same(a.facts, b.facts) && a.views == b.views;
}
bool same(const AccountReadings& a, const AccountReadings& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const AccountReading& x, const AccountReading& y) { return same(x, y); });
}

std::vector<const Log*> in_order(const std::vector<Log>& logs) {
    std::vector<const Log*> all;
    for (const Log& log : logs) all.push_back(&log);
    std::sort(all.begin(), all.end(), [](const Log* a, const Log* b) { return std::tie(a->block_number, a->log_index) < std::tie(b->block_number, b->log_index); });
    return all;
}

bool same(const Log& a, const Log& b) {
    return std::tie(a.block_number, a.block_hash, a.log_index, a.address, a.topics, a.data) ==
           std::tie(b.block_number, b.block_hash, b.log_index, b.address, b.topics, b.data);
}

bool same(const std::vector<Log>& a, const std::vector<Log>& b) {
    const auto first = in_order(a);
    const auto second = in_order(b);
    return std::equal(first.begin(), first.end(), second.begin(), second.end(), [](const Log* x, const Log* y) { return same(*x, *y); });
}

// The wording of an error is the node's own.
template <class T>
bool same(const Result<T>& a, const Result<T>& b) {
    if (a.has_value() != b.has_value()) return false;
    return a ? same(*a, *b) : a.error().code == b.error().code;
}

template <class T>
const T* entry(const std::map<std::uint32_t, T>& map, std::uint32_t place) {
    const auto found = map.find(place);
    return found == map.end() ? nullptr : &found->second;
}

// Calls `with` on the answer of each of the two, where both have one.
template <class With>
auto on_both(const Subject& subject, const Answers& a, const Answers& b, With with) -> decltype(with(*a.logs, *b.logs)) {
    using Return = decltype(with(*a.logs, *b.logs));
    const auto call = [&](const auto* x, const auto* y) { return x && y ? with(*x, *y) : Return(); };
    switch (subject.kind) {
        case Kind::configuration: return call(entry(a.configs, subject.place), entry(b.configs, subject.place));
        case Kind::venue: return call(entry(a.venues, subject.place), entry(b.venues, subject.place));
        case Kind::price: return call(entry(a.feeds, subject.place), entry(b.feeds, subject.place));
        case Kind::account: {
            const Holder holder{subject.place, subject.owner};
            const auto x = a.accounts.find(holder);
            const auto y = b.accounts.find(holder);
            return x != a.accounts.end() && y != b.accounts.end() ? with(x->second, y->second) : Return();
        }
        case Kind::logs: return a.logs && b.logs ? with(*a.logs, *b.logs) : Return();
    }
    return Return();
}

bool same_answer(const Subject& subject, const Answers& a, const Answers& b) {
    return on_both(subject, a, b, [](const auto& x, const auto& y) { return same(x, y); });
}

template <class Map, class Make>
void add_differing(const Map& a, const Map& b, std::vector<Subject>& into, Make make) {
    for (const auto& [key, value] : a) {
        const auto other = b.find(key);
        if (other != b.end() && !same(value, other->second)) into.push_back(make(key));
    }
}

// A named value of each of two answers.
struct Pair {
    std::string name;
    std::string a;
    std::string b;
};

std::string text_of(const model::FactValue* value) {
    if (!value) return "none";
    if (const bool* flag = std::get_if<bool>(value)) return *flag ? "true" : "false";
    return std::visit(
        [](const auto& held) -> std::string {
            if constexpr (std::is_same_v<std::decay_t<decltype(held)>, bool>) return {};
            else return model::to_text(held);
        },
        *value);
}

Pair difference(const model::Facts& a, const model::Facts& b) {
    for (const auto& [one, other] : {std::pair(&a, &b), std::pair(&b, &a)})
        for (std::size_t i = 0; i < one->size(); ++i) {
            const model::FactValue* value = other->find(one->name(i));
            if (!value || *value != one->value(i)) return {one->name(i), text_of(a.find(one->name(i))), text_of(b.find(one->name(i)))};
        }
    return {"schema", a.schema(), b.schema()};
}

Pair difference(const FactsPtr& a, const FactsPtr& b) {
    if (a && b) return difference(*a, *b);
    return {"facts", a ? "some" : "none", b ? "some" : "none"};
}

std::string price_text(const model::ReferencePrice& price) {
    return fmt::format("{} of {} ({})", price.raw.to_decimal(), price.updated_at, model::to_string(price.grade));
}

Pair difference(const Observation& a, const Observation& b) { return {"price", price_text(a.price), price_text(b.price)}; }

Pair difference(const AccountReading& a, const AccountReading& b) {
    if (!same(a.facts, b.facts)) return difference(a.facts, b.facts);
    for (std::size_t i = 0; i < std::min(a.views.size(), b.views.size()); ++i)
        if (a.views[i] != b.views[i]) return {"view " + a.views[i].name, a.views[i].value.to_decimal(), b.views[i].value.to_decimal()};
    return {"number of views", std::to_string(a.views.size()), std::to_string(b.views.size())};
}

Pair difference(const AccountReadings& a, const AccountReadings& b) {
    const auto holds = [](const AccountReadings& all, const std::string& sub) {
        return std::any_of(all.begin(), all.end(), [&](const AccountReading& account) { return account.sub == sub; });
    };
    for (const auto& [one, other] : {std::pair(&a, &b), std::pair(&b, &a)})
        for (const AccountReading& account : *one)
            if (!holds(*other, account.sub)) {
                const std::string name = account.sub.empty() ? "account" : "account " + account.sub;
                return {name, holds(a, account.sub) ? "some" : "none", holds(b, account.sub) ? "some" : "none"};
            }
    for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
        if (same(a[i], b[i])) continue;
        Pair pair = difference(a[i], b[i]);
        if (!a[i].sub.empty()) pair.name = a[i].sub + " " + pair.name;
        return pair;
    }
    return {"number of accounts", std::to_string(a.size()), std::to_string(b.size())};
}

std::string log_text(const Log& log) { return fmt::format("{} in block {}, index {}", log.address.to_string(), log.block_number, log.log_index); }

Pair difference(const std::vector<Log>& a, const std::vector<Log>& b) {
    for (const auto& [one, other] : {std::pair(&a, &b), std::pair(&b, &a)})
        for (const Log& log : *one)
            if (std::none_of(other->begin(), other->end(), [&](const Log& candidate) { return same(log, candidate); }))
                return {"log of " + log_text(log), one == &a ? "gives it" : "omits it", one == &a ? "omits it" : "gives it"};
    return {"number of logs", std::to_string(a.size()), std::to_string(b.size())};
}

template <class T>
std::string outcome(const Result<T>& result) {
    return result ? "answers" : shortened(in_short(result.error()));
}

template <class T>
Pair difference(const Result<T>& a, const Result<T>& b) {
    if (a && b) return difference(*a, *b);
    return {"reading", outcome(a), outcome(b)};
}

}  // namespace

bool answers(const Voice& voice, const Subject& subject) {
    if (subject.kind == Kind::logs) return voice.answers.logs && *voice.answers.logs;
    return on_both(subject, voice.answers, voice.answers, [](const auto&, const auto&) { return true; });
}

std::vector<Subject> differing(const Answers& a, const Answers& b) {
    std::vector<Subject> all;
    const auto of = [](Kind kind) { return [kind](std::uint32_t place) { return Subject{kind, place, 0}; }; };
    add_differing(a.configs, b.configs, all, of(Kind::configuration));
    add_differing(a.venues, b.venues, all, of(Kind::venue));
    add_differing(a.feeds, b.feeds, all, of(Kind::price));
    add_differing(a.accounts, b.accounts, all, [](const Holder& holder) { return Subject{Kind::account, holder.venue, holder.owner}; });
    if (a.logs && b.logs && *a.logs && *b.logs && !same(**a.logs, **b.logs)) all.push_back(Subject{Kind::logs, 0, 0});
    return all;
}

Verdict judge(const Subject& subject, const std::vector<Voice>& voices) {
    std::vector<std::size_t> heard;
    for (std::size_t i = 0; i < voices.size(); ++i)
        if (answers(voices[i], subject)) heard.push_back(i);
    std::stable_sort(heard.begin(), heard.end(), [&](std::size_t a, std::size_t b) { return voices[a].by < voices[b].by; });
    Verdict verdict;
    verdict.subject = subject;
    for (const std::size_t i : heard) {
        std::vector<std::size_t> equal;
        for (const std::size_t other : heard)
            if (same_answer(subject, voices[i].answers, voices[other].answers)) equal.push_back(other);
        if (equal.size() > verdict.agreeing.size()) {
            verdict.chosen = i;
            verdict.agreeing = std::move(equal);
        }
    }
    for (const std::size_t i : heard)
        if (std::find(verdict.agreeing.begin(), verdict.agreeing.end(), i) == verdict.agreeing.end()) verdict.odd.push_back(i);
    verdict.undecided = heard.size() > 1 && verdict.agreeing.size() < 2;
    return verdict;
}

Questions narrowed(const Questions& questions, const std::vector<Subject>& subjects) {
    Questions some;
    some.owners = questions.owners;
    some.found = questions.found;
    some.found_of_owner = questions.found_of_owner;
    for (const Subject& subject : subjects) {
        const Holder holder{subject.place, subject.owner};
        switch (subject.kind) {
            case Kind::configuration: some.configs.insert(subject.place); break;
            case Kind::venue: some.venues.insert(*questions.venues.find(subject.place)); break;
            case Kind::price: some.feeds.insert(*questions.feeds.find(subject.place)); break;
            case Kind::account: some.accounts.insert(*questions.accounts.find(holder)); break;
            case Kind::logs: some.logs = questions.logs; break;
        }
    }
    return some;
}

void replace(Answers& to, const Answers& from, const Subject& subject) {
    const Holder holder{subject.place, subject.owner};
    switch (subject.kind) {
        case Kind::configuration: to.configs.insert_or_assign(subject.place, from.configs.at(subject.place)); break;
        case Kind::venue: to.venues.insert_or_assign(subject.place, from.venues.at(subject.place)); break;
        case Kind::price: to.feeds.insert_or_assign(subject.place, from.feeds.at(subject.place)); break;
        case Kind::account: to.accounts.insert_or_assign(holder, from.accounts.at(holder)); break;
        case Kind::logs: to.logs = from.logs; break;
    }
}

std::string name_of(const Subject& subject, const Scope& scope, const std::vector<model::Address>& owners) {
    switch (subject.kind) {
        case Kind::configuration: return scope.venues[subject.place]->venue().to_string() + " configuration";
        case Kind::venue: return scope.venues[subject.place]->venue().to_string() + " venue facts";
        case Kind::price: return scope.feeds[subject.place].asset.symbol + " feed " + adapters::oracles::source_of(scope.feeds[subject.place]);
        case Kind::account: return scope.venues[subject.place]->venue().to_string() + " account " + owners[subject.owner].to_string();
        case Kind::logs: return "logs";
    }
    return {};
}

std::string difference_of(const Subject& subject, const Voice& a, const Voice& b, const std::string& a_name, const std::string& b_name) {
    const Pair pair = on_both(subject, a.answers, b.answers, [](const auto& x, const auto& y) { return difference(x, y); });
    return fmt::format("{}: {} {}, {} {}", pair.name, a_name, shortened(pair.a), b_name, shortened(pair.b));
}

}  // namespace margind::daemon
