// The subaccounts of one owner: all candidates are asked together, in three rounds.
#include "adapters/protocols/derive/readings.hpp"
#include "adapters/protocols/derive/subaccount.hpp"

#include <algorithm>
#include <list>

namespace margind::adapters::protocols::derive {
namespace {

using evm::Answers;
using model::ErrorCode;
using model::U256;

class AccountsReading final : public Reading<AccountReadings> {
public:
    AccountsReading(model::FactsPtr venue, const model::Address& owner, std::span<const U256> candidates) : venue_(std::move(venue)), owner_(owner) {
        if (venue_.facts->schema() != venue_schema)
            error_ = model::Error{ErrorCode::unknown_schema, "venue facts of schema " + venue_.facts->schema()};
        else if (!venue_.read.ok()) error_ = venue_.read.error();
        else if (candidates.size() > most_candidates)
            error_ = model::Error{ErrorCode::limit, std::to_string(candidates.size()) + " subaccounts came to the owner, more than the " +
                                                        std::to_string(most_candidates) + " that are asked whose they are"};
        if (error_) return;
        for (const U256& id : candidates) accounts_.emplace_back(venue_, owner_, id);
    }

    std::vector<Request> next(std::span<const Reply> replies) override {
        if (error_) return {};
        Answers answers(replies);
        std::vector<Request> requests;
        switch (round_++) {
            case 0: ask(requests, [](Subaccount& a) { return a.ask_balances(); }); break;
            case 1:
                for (Subaccount& account : accounts_) account.take_balances(answers);
                std::erase_if(accounts_, [](const Subaccount& account) { return !account.owned(); });
                ask(requests, [](Subaccount& a) { return a.ask_feeds(); });
                break;
            case 2:
                for (Subaccount& account : accounts_) account.take_feeds(answers);
                ask(requests, [](Subaccount& a) { return a.ask_stored(); });
                break;
            case 3:
                for (Subaccount& account : accounts_) account.take_stored(answers);
                break;
            default: break;
        }
        if (!error_) error_ = answers.error();
        if (!error_ && !venue_.read.ok()) error_ = venue_.read.error();
        if (error_) requests.clear();
        return requests;
    }

    model::Result<AccountReadings> result() override {
        if (error_) return model::fail(error_->code, owner_.to_string() + ": " + error_->message, error_->retry);
        AccountReadings readings;
        for (Subaccount& account : accounts_) readings.push_back(account.result());
        std::sort(readings.begin(), readings.end(), [](const AccountReading& a, const AccountReading& b) { return a.sub < b.sub; });
        return readings;
    }

private:
    template <class F>
    void ask(std::vector<Request>& requests, F of) {
        for (Subaccount& account : accounts_)
            for (Request& request : of(account)) requests.push_back(std::move(request));
    }

    VenueKnowledge venue_;
    model::Address owner_;
    std::list<Subaccount> accounts_;
    int round_ = 0;
    std::optional<model::Error> error_;
};

}  // namespace

std::unique_ptr<Reading<AccountReadings>> account_reading(model::FactsPtr venue, const model::Address& owner,
                                                          std::span<const model::U256> candidates) {
    return std::make_unique<AccountsReading>(std::move(venue), owner, candidates);
}

}  // namespace margind::adapters::protocols::derive
