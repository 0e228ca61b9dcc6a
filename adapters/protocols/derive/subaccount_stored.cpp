// What a subaccount takes from the storage of feeds that are too old for their views.
#include "adapters/protocols/derive/stale_feeds.hpp"
#include "adapters/protocols/derive/subaccount.hpp"

namespace margind::adapters::protocols::derive {

using model::ErrorCode;
using model::U256;

void Subaccount::postpone(Stored kind, const model::Address& feed, std::size_t index, const model::Error& error) {
    if (!is_stale(error)) return refuse(error.code, error.message);
    const HeldExpiry& expiry = expiries_[index];
    // Over, and the average that it pays on has not been signed: no price of before says what it will be.
    if (kind == Stored::forward && expiry.time <= venue_.now && !expiry.settled)
        return refuse(ErrorCode::missing, "the options of expiry " + std::to_string(expiry.time) + " are over and their settlement price is not set");
    if (!venue_.readable.contains(feed))
        return refuse(error.code, error.message + ": too old, and the layout of the feed's storage is not the one known");
    const std::size_t words = kind == Stored::volatility ? 7 : kind == Stored::forward ? 3 : 1;
    pending_.push_back({kind, feed, index, words});
    const char* name = kind == Stored::volatility ? "volatility" : kind == Stored::forward ? "forward" : "rate";
    note_stale(std::string(name) + " of expiry " + std::to_string(expiry.time));
}

std::vector<Request> Subaccount::ask_stored() const {
    std::vector<Request> requests;
    if (error_) return requests;
    for (const Pending& row : pending_) {
        const std::uint64_t expiry = expiries_[row.index].time;
        std::vector<Request> slots = row.kind == Stored::volatility ? volatility_slots(row.feed, expiry)
                                     : row.kind == Stored::forward  ? forward_slots(row.feed, expiry)
                                                                    : rate_slots(row.feed, expiry);
        requests.insert(requests.end(), slots.begin(), slots.end());
    }
    return requests;
}

void Subaccount::take_stored(evm::Answers& answers) {
    if (error_) return;
    std::vector<std::vector<model::Result<U256>>> replies;
    for (const Pending& row : pending_) {
        std::vector<model::Result<U256>>& words = replies.emplace_back();
        for (std::size_t i = 0; i < row.words; ++i) words.push_back(answers.attempt_u256("storage of " + row.feed.to_string()));
    }
    for (std::size_t i = 0; i < pending_.size(); ++i) {
        std::vector<U256> words;
        for (const model::Result<U256>& word : replies[i]) {
            if (!word) return refuse(word.error().code, word.error().message);
            words.push_back(*word);
        }
        const model::Result<void> kept = keep_stored(pending_[i], words);
        const HeldExpiry& expiry = expiries_[pending_[i].index];
        if (!kept)
            return refuse(kept.error().code, "feed " + pending_[i].feed.to_string() +
                                                 " is too old for its view, and what its storage holds of expiry " + std::to_string(expiry.time) +
                                                 " is of no use: " + kept.error().message);
    }
}

model::Result<void> Subaccount::keep_stored(const Pending& row, const std::vector<U256>& words) {
    const HeldExpiry& expiry = expiries_[row.index];
    if (row.kind == Stored::rate) {
        const auto stored = stored_rate(words, venue_.now);
        if (!stored) return model::fail(stored.error());
        facts_.add(expiry.prefix + "rate", stored->price);
        facts_.add(expiry.prefix + "rate_confidence", stored->confidence);
        return {};
    }
    if (row.kind == Stored::forward) {
        const auto stored = stored_forward(words, venue_.now);
        if (!stored) return model::fail(stored.error());
        // The rule knows the spot: the portions follow from it there.
        facts_.add(expiry.prefix + "forward_difference", stored->message.spot_difference);
        facts_.add(expiry.prefix + "forward_timestamp", U256(stored->message.timestamp));
        facts_.add(expiry.prefix + "forward_start_aggregate", stored->message.start_aggregate);
        facts_.add(expiry.prefix + "forward_current_aggregate", stored->message.current_aggregate);
        facts_.add(expiry.prefix + "forward_confidence", stored->confidence);
        return {};
    }
    const auto stored = stored_volatility(words, venue_.now);
    if (!stored) return model::fail(stored.error());
    facts_.add(expiry.prefix + "volatility_confidence", stored->confidence);
    for (const HeldOption& option : options_) {
        if (!option.prefix.starts_with(expiry.prefix)) continue;
        const std::optional<I256> vol = svi_volatility(stored->curve, option.terms.strike);
        if (!vol) return model::fail(ErrorCode::decode, "the words are no curve");
        facts_.add(option.prefix + "volatility", *vol);
    }
    return {};
}

AccountReading Subaccount::result() {
    AccountReading reading;
    reading.sub = id_.to_decimal();
    if (!error_) {
        std::string stale;
        for (const std::string& what : stale_) stale += (stale.empty() ? "" : ", ") + what;
        facts_.add("stale", to_bytes(stale));
        model::Result<model::FactsPtr> facts = std::move(facts_).build();
        if (facts) {
            reading.facts = *std::move(facts);
            reading.views = std::move(views_);
            return reading;
        }
        error_ = facts.error();
    }
    reading.reason = error_->message;
    return reading;
}

}  // namespace margind::adapters::protocols::derive
