// What was read of each chain as one snapshot, and what is remembered of owners who could not be read.
#include "daemon/assemble.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace margind::daemon {
namespace {

model::AccountKey key(const char* protocol, unsigned char owner, const std::string& sub) {
    model::AccountKey made;
    made.venue.protocol = protocol;
    made.venue.chain = model::ChainId{1};
    made.owner.bytes[19] = std::byte{owner};
    made.sub = sub;
    return made;
}

model::MarginAccount unreadable(const model::AccountKey& of) {
    model::MarginAccount account;
    account.key = of;
    account.reason = "reverted: no answer";
    return account;
}

model::MarginAccount known(const model::AccountKey& of) {
    model::MarginAccount account;
    account.key = of;
    account.facts = *model::FactsBuilder("test.account/1").build();
    return account;
}

std::vector<std::string> keys(const model::Snapshot& snapshot) {
    std::vector<std::string> all;
    for (const model::MarginAccount& account : snapshot.accounts) all.push_back(account.key.to_string().substr(0, 8) + " " + account.key.sub);
    return all;
}

TEST(Assemble, makes_each_remembered_account_unknown_where_its_owner_could_not_be_read) {
    model::Memory memory;
    for (const char* sub : {"12", "7"}) memory.portfolios["desk"].accounts[key("options", 1, sub)];
    // In another portfolio too, and one more at another venue.
    memory.portfolios["twin"].accounts[key("options", 1, "7")];
    memory.portfolios["twin"].accounts[key("perps", 1, "3")];
    model::Snapshot snapshot;
    snapshot.accounts = {unreadable(key("options", 1, "")), unreadable(key("options", 2, "")), known(key("perps", 1, "4"))};
    keep_remembered_accounts(snapshot, memory);
    EXPECT_EQ(keys(snapshot), (std::vector<std::string>{"options: 12", "options: 7", "options: ", "perps:1: 4"}));
    EXPECT_EQ(snapshot.accounts[0].reason, "reverted: no answer");
    EXPECT_EQ(snapshot.accounts[1].facts, nullptr);
}

TEST(Assemble, leaves_an_account_that_alone_could_not_be_read_beside_its_siblings) {
    model::Memory memory;
    for (const char* sub : {"", "7", "8"}) memory.portfolios["desk"].accounts[key("options", 1, sub)];
    model::Snapshot snapshot;
    snapshot.accounts = {unreadable(key("options", 1, "")), known(key("options", 1, "7"))};
    keep_remembered_accounts(snapshot, memory);
    EXPECT_EQ(snapshot.accounts.size(), 2U);
}

}  // namespace
}  // namespace margind::daemon
