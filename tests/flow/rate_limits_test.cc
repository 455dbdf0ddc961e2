// SPDX-License-Identifier: Apache-2.0
// Rate limits whose counts are kept elsewhere: the answer comes later, and the request waits for it.
#include "flow/flow.h"

namespace gw::test {
namespace {

using ::testing::HasSubstr;

// As a store would be: never an answer at once. Lets `allowed` requests pass.
class DistantLimits final : public policy::RateLimits {
 public:
  explicit DistantLimits(int allowed) : left_(allowed) {}

  Key key_of(const policy::RateLimit&, std::string_view) const override { return 1; }
  std::optional<policy::Spent> try_take(const Wish&) override { return std::nullopt; }
  net::Operation take(net::EventLoop& loop, const Wish&, Callback<void(policy::Spent)> done) override {
    policy::Spent spent;
    spent.allowed = left_-- > 0;
    spent.retry_after = spent.allowed ? 0 : 7;
    const std::uint64_t id = loop.expect(
        [done = std::move(done)](void* value) mutable { done(*static_cast<const policy::Spent*>(value)); });
    loop.complete_later(id, spent);
    return loop.operation_of(id);
  }
  void end(Key) override { ++ended_; }
  int ended() const { return ended_; }

 private:
  std::atomic<int> left_;
  std::atomic<int> ended_ = 0;
};

class DistantRateLimits : public EachPair {};

TEST_P(DistantRateLimits, AreWaitedForAndObeyed) {
  const auto service = answer([](const Message&) { return ok("hello"); });
  DistantLimits limits(2);
  Settings settings;
  settings.routes =
      "  - {path: /**, auth: none, upstream: service, rate_limit: {requests: 9, per: 1m, concurrent: 5, key: "
      "ip}}\n";
  GatewayInProcess gateway(configuration(*service, settings), {.limits = &limits});

  EXPECT_EQ(ask(gateway, get("/")).body, "hello");
  EXPECT_EQ(ask(gateway, post("/", "body")).body, "hello");
  const Message refused = ask(gateway, get("/"));
  EXPECT_EQ(refused.status(), 429);
  EXPECT_EQ(refused.field("Retry-After"), "7");
  EXPECT_THAT(refused.body, HasSubstr("rate_limited"));
  EXPECT_EQ(service->requests_seen(), 2);
  gateway.stop();
  EXPECT_EQ(limits.ended(), 2);
}

EACH_PAIR(DistantRateLimits);

}  // namespace
}  // namespace gw::test
