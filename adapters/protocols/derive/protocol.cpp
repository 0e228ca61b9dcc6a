// One deployment of Derive as an adapter.
#include "adapters/protocols/derive/protocol.hpp"

#include "adapters/protocols/derive/account.hpp"
#include "adapters/protocols/derive/margin_report.hpp"
#include "adapters/protocols/derive/raw_account.hpp"
#include "adapters/protocols/derive/readings.hpp"
#include "adapters/protocols/derive/rule.hpp"
#include "adapters/protocols/derive/schema.hpp"
#include "adapters/protocols/derive/search.hpp"

#include <set>

namespace margind::adapters::protocols::derive {

namespace {

using model::ErrorCode;
using model::Result;

constexpr const char* manager_list = "portfolio_managers";

const model::VenueRule& shared_rule() {
    static const Rule rule;
    return rule;
}

class Derive final : public Adapter {
public:
    explicit Derive(config::Venue settings) : settings_(std::move(settings)) {}

    const model::VenueId& venue() const override { return settings_.id; }
    std::unique_ptr<Reading<model::FactsPtr>> read_config() const override { return config_reading(settings_); }
    std::unique_ptr<Reading<model::FactsPtr>> read_venue(model::FactsPtr config, const model::BlockRef& block) const override {
        return venue_reading(std::move(config), block);
    }
    std::unique_ptr<Reading<AccountReadings>> read_account(model::FactsPtr venue, const model::Address& owner,
                                                           const model::BlockRef& block) const override {
        return read_account_found(std::move(venue), owner, block, {});
    }
    std::vector<Search> searches(const model::Facts& config, const model::Address* owner) const override {
        if (owner == nullptr) return {};
        return owner_searches(config, *owner, settings_.from_block);
    }
    std::unique_ptr<Reading<AccountReadings>> read_account_found(model::FactsPtr venue, const model::Address& owner, const model::BlockRef&,
                                                                 std::span<const Log> found) const override {
        return account_reading(std::move(venue), owner, subaccounts_in(found));
    }
    const model::VenueRule& rule() const override { return shared_rule(); }
    std::vector<std::string> limits() const override {
        return {
            "Accounts are volatile: forwards, volatilities and rates belong to the expiries that an account holds, and no view lists them, so it is "
            "read at each block.",
            "Owners are the addresses that Matching or SubAccounts name: most people trade through a smart wallet of their own, whose address is meant.",
            "Subaccounts are found by the logs of their deposits and transfers; all that ever came to an owner are asked whose they are, up to 1,024: "
            "somebody who gives an owner more than that makes the owner unknown.",
            "Where a feed is too old for its view, its last message is read from storage, if the layout is proved by the feed's own views; the margin is "
            "then marked stale, and the managers' views say nothing until the next message.",
            "Options that are over stay unknown until their settlement price is signed, where the forward's view refuses.",
            "Scenarios move spot as the spot feed alone would: forwards and perps keep their difference to spot, volatilities their strike.",
            "Margin views count cash as stored; interest is added where it is decided whether an auction may start.",
            "A portfolio manager's later implementation may replace the library for single accounts: their views then differ from ours.",
            "What an auction takes is that at the end of its fast part; a bid may come sooner, or never.",
            "Deployed code may be older than the sources that the rule follows: the views decide.",
        };
    }

private:
    config::Venue settings_;
};

Result<std::unique_ptr<Adapter>> make(config::Venue settings) {
    for (const char* name : {"standard_manager", "matching"})
        if (!settings.addresses.contains(name))
            return model::fail(ErrorCode::bad_input, settings.id.to_string() + ": address " + name + " is missing");
    const auto list = settings.lists.find(manager_list);
    if (list == settings.lists.end()) return model::fail(ErrorCode::bad_input, settings.id.to_string() + ": list " + manager_list + " is missing");
    if (list->second.size() > most_managers)
        return model::fail(ErrorCode::limit, settings.id.to_string() + ": list " + manager_list + " has " + std::to_string(list->second.size()) +
                                                 " entries, more than " + std::to_string(most_managers));
    std::set<model::Address> seen;
    for (const model::Address& address : list->second)
        if (!seen.insert(address).second)
            return model::fail(ErrorCode::bad_input, settings.id.to_string() + ": " + address.to_string() + " is twice in " + manager_list);
    return std::unique_ptr<Adapter>(std::make_unique<Derive>(std::move(settings)));
}

Result<AccountFileAnswer> evaluate_file(std::string_view text) {
    Result<Book> book = parse_raw_account(text);
    if (!book) return model::fail(book.error());
    Result<MarginReport> report = margin_report(*book);
    if (!report) return model::fail(report.error());
    return AccountFileAnswer{std::move(report->text), std::move(report->json), report->liquidatable, std::make_unique<Account>(std::move(*book), std::string())};
}

}  // namespace

Protocol protocol() {
    Protocol protocol;
    protocol.name = "derive";
    protocol.required_addresses = {"standard_manager", "matching"};
    protocol.make = make;
    protocol.rule = shared_rule;
    protocol.required_lists = {manager_list};
    protocol.account_file = AccountFile{raw_format, evaluate_file};
    return protocol;
}

}  // namespace margind::adapters::protocols::derive
