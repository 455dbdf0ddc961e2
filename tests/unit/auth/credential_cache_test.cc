// SPDX-License-Identifier: Apache-2.0
#include "auth/credential_cache.h"

#include <gtest/gtest.h>

#include "jose/claims.h"

namespace gw::auth {
namespace {

constexpr WallSeconds kNow = 1000, kUntil = 1060;

IdentityRef identity_of(const std::string& subject) {
  json::Value payload;
  payload.set("sub", subject);
  payload.set("exp", WallSeconds{5000});
  return make_identity("self", *jose::read_claims(payload), payload, {});
}

std::string credential(int number) {
  return "Basic " + std::to_string(number);
}

int count_found(CredentialCache& cache, int among, WallSeconds now) {
  int found = 0;
  for (int i = 0; i < among; ++i) found += cache.find(credential(i), now) ? 1 : 0;
  return found;
}

TEST(CredentialCache, KnowsWhomACredentialStoodForUntilItsTimeIsOver) {
  CredentialCache cache;
  cache.add(credential(1), identity_of("one"), kUntil, kNow);
  ASSERT_TRUE(cache.find(credential(1), kUntil - 1));
  EXPECT_EQ(cache.find(credential(1), kUntil - 1)->subject, "one");
  EXPECT_FALSE(cache.find(credential(2), kNow));
  EXPECT_FALSE(cache.find("basic 1", kNow)) << "byte for byte";
  EXPECT_FALSE(cache.find(credential(1), kUntil));
  EXPECT_FALSE(cache.find(credential(1), kNow)) << "gone for good";
}

TEST(CredentialCache, IsBoundedInNumber) {
  constexpr int kMany = 4 * static_cast<int>(CredentialCache::kEntries);
  CredentialCache cache;
  for (int i = 0; i < kMany; ++i) cache.add(credential(i), identity_of("one"), kUntil, kNow);
  EXPECT_EQ(count_found(cache, kMany, kNow), static_cast<int>(CredentialCache::kEntries));
  EXPECT_TRUE(cache.find(credential(kMany - 1), kNow)) << "the latest is in";
}

TEST(CredentialCache, MakesRoomOfWhatIsOverBeforeOfWhatIsFresh) {
  CredentialCache cache;
  constexpr int kHalf = CredentialCache::kEntries / 2;
  for (int i = 0; i < 2 * kHalf; ++i)
    cache.add(credential(i), identity_of("one"), i < kHalf ? kNow + 1 : kUntil, kNow);
  cache.add(credential(2 * kHalf), identity_of("one"), kUntil, kNow + 1);
  EXPECT_EQ(count_found(cache, 2 * kHalf + 1, kNow + 1), kHalf + 1);
}

}  // namespace
}  // namespace gw::auth
