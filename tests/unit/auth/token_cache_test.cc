// SPDX-License-Identifier: Apache-2.0
#include "auth/token_cache.h"

#include <gtest/gtest.h>

#include "jose/claims.h"

namespace gw::auth {
namespace {

constexpr WallSeconds kNow = 1000, kLater = 2000;

IdentityRef identity_of(const std::string& subject, std::size_t padding = 0) {
  json::Value payload;
  payload.set("sub", subject);
  payload.set("exp", kLater);
  payload.set("x", std::string(padding, 'x'));
  const auto claims = jose::read_claims(payload);
  return make_identity("self", *claims, payload, {});
}

TokenHash token(int number) {
  static const TokenHasher hasher;
  return hasher("header.payload." + std::string(43, 'a') + std::to_string(number));
}

void put(TokenCache& cache, int number, WallSeconds until = kLater, std::size_t padding = 0) {
  cache.insert(token(number), {identity_of(std::to_string(number), padding), 0, until}, kNow);
}

TEST(TokenCache, FindsTheTokenThatWasPutInAndNoOther) {
  TokenCache cache;
  put(cache, 1);
  ASSERT_NE(cache.find(token(1), kNow), nullptr);
  EXPECT_EQ(cache.find(token(1), kNow)->identity->subject, "1");
  EXPECT_EQ(cache.find(token(1), kNow)->valid_until, kLater);
  EXPECT_EQ(cache.find(token(2), kNow), nullptr);
  EXPECT_EQ(cache.find({token(1)[0], token(2)[1]}, kNow), nullptr) << "both halves count";
  EXPECT_EQ(cache.find({token(2)[0], token(1)[1]}, kNow), nullptr);
}

TEST(TokenCache, ForgetsOneOrAll) {
  TokenCache cache;
  for (int i = 0; i < 100; ++i) put(cache, i);
  EXPECT_EQ(cache.size(), 100u);
  cache.erase(token(7));
  EXPECT_EQ(cache.find(token(7), kNow), nullptr);
  EXPECT_EQ(cache.size(), 99u);
  cache.flush();
  EXPECT_EQ(cache.size(), 0u);
  EXPECT_EQ(cache.bytes(), 0u);
  EXPECT_EQ(cache.find(token(8), kNow), nullptr);
}

TEST(TokenCache, LeavesAnIdentityAliveThatSomebodyStillHolds) {
  TokenCache cache;
  put(cache, 1);
  const IdentityRef held = cache.find(token(1), kNow)->identity;
  cache.flush();
  EXPECT_EQ(held->subject, "1");
}

TEST(TokenCache, StaysWithinItsBytes) {
  TokenCache cache({.bytes = 256 * 1024, .slots = 1024});
  for (int i = 0; i < 2000; ++i) {
    put(cache, i, kLater, static_cast<std::size_t>(i % 5) * 500);
    ASSERT_LE(cache.bytes(), 256u * 1024);
    if (cache.find(token(i), kNow) == nullptr) put(cache, i, kLater, static_cast<std::size_t>(i % 5) * 500);
    ASSERT_LE(cache.bytes(), 256u * 1024);
    ASSERT_NE(cache.find(token(i), kNow), nullptr) << "what comes twice is kept";
  }
  EXPECT_GT(cache.size(), 20u);
}

TEST(TokenCache, StaysWithinItsBytesWhenWhatItHoldsGrows) {
  struct Made final : Identity::Derived {};
  const TokenCacheOptions options{.bytes = 256 * 1024, .slots = 1024};
  TokenCache cache(options);
  for (int i = 0; i < 500; ++i) put(cache, i);
  const std::size_t full = cache.size();
  for (int i = 0; i < 500; ++i) {
    const auto* known = cache.find(token(i), kNow);
    ASSERT_LE(cache.bytes(), options.bytes);
    if (known == nullptr) continue;
    const IdentityRef held = known->identity;  // as a request does
    held->claims();
    held->derive(held->derived, std::make_unique<Made>(), 2000);
    put(cache, 1000 + i);
    ASSERT_LE(cache.bytes(), options.bytes);
  }
  EXPECT_LT(cache.size(), full);
  EXPECT_GT(cache.size(), 20u);
  cache.flush();
  EXPECT_EQ(cache.bytes(), 0u);
}

TEST(TokenCache, StaysWithinItsSlots) {
  TokenCache cache({.bytes = 1 << 24, .slots = 64});
  for (int i = 0; i < 1000; ++i) put(cache, i);
  EXPECT_LE(cache.size(), 64u);
  EXPECT_GE(cache.size(), 48u);
}

TEST(TokenCache, DoesNotKeepATokenThatWouldTakeMostOfIt) {
  TokenCache cache({.bytes = 64 * 1024, .slots = 64});
  put(cache, 1, kLater, 8 * 1024);
  EXPECT_EQ(cache.size(), 0u);
  EXPECT_EQ(cache.bytes(), 0u);
}

TEST(TokenCache, TakesATokenAtOnceWhileThereIsRoomAndOnItsSecondComingAfterwards) {
  TokenCache cache({.bytes = 1 << 24, .slots = 8});
  for (int i = 0; i < 8; ++i) put(cache, i);
  EXPECT_EQ(cache.size(), 8u);
  put(cache, 8);
  EXPECT_EQ(cache.find(token(8), kNow), nullptr);
  put(cache, 8);
  EXPECT_NE(cache.find(token(8), kNow), nullptr);
  EXPECT_EQ(cache.size(), 8u);
}

TEST(TokenCache, KeepsTheTokensInUseThroughAFloodOfNewOnes) {
  for (const TokenCacheOptions options : {TokenCacheOptions{.bytes = 1 << 24, .slots = 256},
                                          TokenCacheOptions{.bytes = 256 * 1024, .slots = 4096}}) {
    TokenCache cache(options);
    constexpr int kInUse = 16;
    for (int i = 0; i < kInUse; ++i) put(cache, i);
    int misses = 0;
    for (int flood = 0; flood < 10'000; ++flood) {
      put(cache, 100 + flood);
      const int used = flood % kInUse;
      if (cache.find(token(used), kNow) != nullptr) continue;
      ++misses;
      put(cache, used);
    }
    EXPECT_LT(misses, 500) << options.slots << " slots: 5 % of the uses";
  }
}

TEST(TokenCache, OneClientWithManyTokensDoesNotPushOutTheOthers) {
  for (const TokenCacheOptions options : {TokenCacheOptions{.bytes = 1 << 24, .slots = 1024},
                                          TokenCacheOptions{.bytes = 1 << 20, .slots = 4096}}) {
    TokenCache cache(options);
    constexpr int kOthers = 100;
    for (int i = 0; i < kOthers; ++i) put(cache, i);
    // Each of them twice and then in use, as that of a client that wants to be kept.
    for (int i = 0; i < 20'000; ++i) {
      const TokenHash greedy = token(1000 + i);
      for (int times = 0; times < 2; ++times)
        if (cache.find(greedy, kNow) == nullptr)
          cache.insert(greedy, {identity_of("greedy"), 0, kLater}, kNow);
      cache.find(greedy, kNow);
    }
    int left = 0;
    for (int i = 0; i < kOthers; ++i) left += cache.find(token(i), kNow) != nullptr ? 1 : 0;
    EXPECT_GE(left, kOthers - 5) << "though none of them came in the meantime; " << options.slots << " slots";
    EXPECT_LE(cache.bytes(), options.bytes);
  }
}

#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
constexpr int kManyTokens = 100'000;
#else
constexpr int kManyTokens = 1'000'000;
#endif

TEST(TokenCache, ManyDistinctTokensStayWithinTheConfiguredMemory) {
  const TokenCacheOptions options = cache_of(std::size_t{8} * 1024 * 1024);
  TokenCache cache(options);
  for (int i = 0; i < kManyTokens; ++i) {
    const TokenHash text = token(i);
    for (int times = i % 16 == 0 ? 2 : 1; times > 0 && cache.find(text, kNow) == nullptr; --times)
      cache.insert(text, {identity_of("7", 300), 0, kLater}, kNow);
    if (i % 4096 == 0) {
      ASSERT_LE(cache.bytes(), options.bytes);
    }
  }
  EXPECT_LE(cache.bytes(), options.bytes);
  EXPECT_LE(cache.size(), options.slots);
  EXPECT_GT(cache.size(), options.slots / 2);
}

TEST(TokenCache, GivesUpAnExpiredTokenBeforeOneThatIsGood) {
  TokenCache cache({.bytes = 1 << 24, .slots = 8});
  put(cache, 0, kNow);
  for (int i = 1; i < 8; ++i) put(cache, i);
  ASSERT_NE(cache.find(token(0), kNow), nullptr) << "the most recently used of all";
  for (int times = 0; times < 2; ++times) put(cache, 8);
  EXPECT_EQ(cache.find(token(0), kNow), nullptr);
  for (int i = 1; i <= 8; ++i) EXPECT_NE(cache.find(token(i), kNow), nullptr) << i;
}

}  // namespace
}  // namespace gw::auth
