// Evaluation files that ask for what no configuration may.
#include "daemon/evaluation_file.hpp"

#include <gtest/gtest.h>

namespace margind::daemon {
namespace {

TEST(EvaluationFile, refuses_a_policy_outside_of_the_ranges_of_a_configuration) {
    model::Policy policy;
    const auto parsed = [&] { return parse_evaluation_file(evaluation_file_text(model::Snapshot{}, model::Market{}, policy, nullptr)); };
    EXPECT_TRUE(parsed()) << parsed().error().message;
    // A scan that would not end within a lifetime.
    policy.scan_steps = 1'000'000'000'000;
    ASSERT_FALSE(parsed());
    EXPECT_NE(parsed().error().message.find("$.policy.scan_steps: 1000000000000 is not from 10 to 10000"), std::string::npos) << parsed().error().message;
}

}  // namespace
}  // namespace margind::daemon
