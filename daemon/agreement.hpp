// The answers of several operators to the same questions, compared as decoded values. Pure.
#pragma once

#include "daemon/questions.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace margind::daemon {

/// One thing that was read.
struct Subject {
    enum class Kind : std::uint8_t { configuration, venue, price, account, logs };
    Kind kind = Kind::logs;
    /// Of a venue, an account's venue, or a feed.
    std::uint32_t place = 0;
    std::uint32_t owner = 0;
    friend auto operator<=>(const Subject&, const Subject&) = default;
};

/// What one operator, by its place in the configuration, answered.
struct Voice {
    std::size_t by = 0;
    bool pinned = true;
    Answers answers;
};

/// Of one subject; members are places in the list of voices.
struct Verdict {
    Subject subject;
    std::size_t chosen = 0;
    std::vector<std::size_t> agreeing;
    std::vector<std::size_t> odd;
    /// Two or more answered and no two the same: `chosen` is the first in the configuration.
    bool undecided = false;
};

/// Whether a voice has an answer to it.
bool answers(const Voice& voice, const Subject& subject);
/// Subjects that both answered and differently. Two failures are the same when their codes are; a failure to give logs is no answer.
std::vector<Subject> differing(const Answers& a, const Answers& b);
/// By the greatest number of equal answers. \pre some voice has an answer to it
Verdict judge(const Subject& subject, const std::vector<Voice>& voices);
/// The questions whose answers these subjects are.
Questions narrowed(const Questions& questions, const std::vector<Subject>& subjects);
/// Puts the answer of `from` in the place of that of `to`.
void replace(Answers& to, const Answers& from, const Subject& subject);

/// "aave_v3:1 venue facts".
std::string name_of(const Subject& subject, const Scope& scope, const std::vector<model::Address>& owners);
/// The first thing in which two answers differ, "reserve.3.price: alchemy 300000000000, infura 290000000000".
std::string difference_of(const Subject& subject, const Voice& a, const Voice& b, const std::string& a_name, const std::string& b_name);

}  // namespace margind::daemon
