// SPDX-License-Identifier: Apache-2.0
// Conditions come out of a trace as they went in, and what does not fit is told, not written.
#include "policy/condition_trace.h"

#include <gtest/gtest.h>

namespace gw::policy {
namespace {

TEST(ConditionTrace, GivesBackWhatWasAsked) {
  ConditionTrace trace;
  trace.on_condition({Condition::token, {}, true});
  trace.on_condition({Condition::scope, "orders:read", false});
  trace.on_condition({Condition::when, "claims.x == 1", false, "no such key: x"});
  const auto asked = ConditionTrace::unpack(trace.packed());
  ASSERT_EQ(asked.size(), 3u);
  EXPECT_EQ(asked[0].condition, Condition::token);
  EXPECT_TRUE(asked[0].met);
  EXPECT_EQ(asked[1].name, "orders:read");
  EXPECT_FALSE(asked[1].met);
  EXPECT_EQ(asked[2].trouble, "no such key: x");
  EXPECT_FALSE(trace.is_cut());
  trace.clear();
  EXPECT_TRUE(trace.packed().empty());
}

TEST(ConditionTrace, IsBoundedAndSaysWhenItWasCut) {
  ConditionTrace trace;
  const std::string longest(500, 'x');
  for (int i = 0; i < 50; ++i) trace.on_condition({Condition::claim, longest, true, longest});
  EXPECT_TRUE(trace.is_cut());
  EXPECT_LE(trace.packed().size(), 255u);
  const auto asked = ConditionTrace::unpack(trace.packed());
  ASSERT_FALSE(asked.empty());
  EXPECT_EQ(asked.front().name, longest.substr(0, asked.front().name.size()));
  trace.clear();
  EXPECT_FALSE(trace.is_cut());
}

TEST(ConditionTrace, DoesNotMakeADecisionAskMore) {
  Route route;
  route.require.scopes = {"a", "b", "c"};
  const auth::IdentityRef identity =
      auth::make_identity("self", {}, *json::parse(R"({"sub":"x","scope":"a"})"), {});
  ConditionTrace trace;
  EXPECT_EQ(decide(route, Caller::verified(*identity), {}, &trace).fault(), Fault::insufficient_scope);
  const auto asked = ConditionTrace::unpack(trace.packed());
  ASSERT_EQ(asked.size(), 3u);  // token, a, b; c is not asked any more
  EXPECT_EQ(asked.back().name, "b");
}

}  // namespace
}  // namespace gw::policy
