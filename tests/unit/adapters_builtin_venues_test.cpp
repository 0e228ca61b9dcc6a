// The venues that ship are those that the protocols of the build can be made from.
#include "adapters/adapter.hpp"
#include "config/settings.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace margind::adapters {
namespace {

TEST(BuiltInVenues, hold_what_their_protocol_asks_for_and_can_be_made) {
    std::set<std::string> used;
    for (const auto& [id, venue] : config::defaults().venues) {
        const auto protocol = std::ranges::find(all_protocols(), id.protocol, &Protocol::name);
        ASSERT_NE(protocol, all_protocols().end()) << id.to_string() << ": no such protocol in the build";
        used.insert(id.protocol);
        std::set<std::string> addresses;
        for (const auto& [name, address] : venue.addresses) addresses.insert(name);
        EXPECT_EQ(addresses, std::set<std::string>(protocol->required_addresses.begin(), protocol->required_addresses.end())) << id.to_string();
        std::set<std::string> lists;
        for (const auto& [name, list] : venue.lists) lists.insert(name);
        EXPECT_EQ(lists, std::set<std::string>(protocol->required_lists.begin(), protocol->required_lists.end())) << id.to_string();
        std::set<std::string> ids;
        for (const auto& [name, list] : venue.ids) ids.insert(name);
        EXPECT_EQ(ids, std::set<std::string>(protocol->required_ids.begin(), protocol->required_ids.end())) << id.to_string();
        const auto adapter = protocol->make(venue);
        ASSERT_TRUE(adapter) << adapter.error().message;
        EXPECT_EQ((*adapter)->venue(), id);
    }
    for (const Protocol& protocol : all_protocols())
        EXPECT_TRUE(protocol.reads_assets || used.contains(protocol.name)) << "a protocol of the build has no venue: " << protocol.name;
}

}  // namespace
}  // namespace margind::adapters
