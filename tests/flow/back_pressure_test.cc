// SPDX-License-Identifier: Apache-2.0
// Who does not read holds back who sends: what waits in between is bounded.
#include <malloc.h>

#include <future>

#include "flow/flow.h"

namespace gw::test {
namespace {

constexpr std::size_t kLarge = 256u * 1024 * 1024;
// What the kernel's four socket buffers may hold, and ours.
constexpr std::size_t kBetween = 64u * 1024 * 1024;
constexpr std::chrono::milliseconds kQuiet{500};

class BackPressure : public Flow {
 protected:
  // In use by the whole process: what the gateway holds is within.
  static std::size_t memory_in_use() {
    const struct mallinfo2 heap = mallinfo2();
    return heap.uordblks + heap.hblkhd;
  }
};

TEST_F(BackPressure, OfAClientThatDoesNotReadHoldsTheServiceBack) {
  std::promise<std::size_t> taken;
  const auto service = serve([&](Wire& wire, FakeService& self) {
    if (!self.next_request(wire)) return;
    wire.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(kLarge) + "\r\n\r\n");
    const std::size_t stuck_at = wire.send_until_stuck(kLarge, kQuiet);
    taken.set_value(stuck_at);
    for (std::size_t sent = stuck_at; sent < kLarge;) {
      const std::string block(std::min<std::size_t>(1 << 20, kLarge - sent), 'x');
      if (!wire.send(block)) return;
      sent += block.size();
    }
  });
  GatewayInProcess gateway(configuration(*service));
  Wire wire = connect(gateway, 0, 4096);
  const std::size_t before = memory_in_use();
  ASSERT_TRUE(wire.send(get("/large")));

  EXPECT_LT(taken.get_future().get(), kBetween);
  EXPECT_LT(memory_in_use(), before + 4 * 1024 * 1024);
  // It then goes on to the end.
  std::size_t received = 0;
  for (std::string got; received < kLarge && !(got = wire.read_some()).empty();) received += got.size();
  EXPECT_GE(received, kLarge);
}

TEST_F(BackPressure, OfAServiceThatDoesNotReadHoldsTheClientBack) {
  std::promise<void> may_read;
  std::shared_future<void> told = may_read.get_future().share();
  const auto service = serve([&](Wire& wire, FakeService& self) {
    told.wait();
    if (self.next_request(wire)) wire.send(ok("done"));
  });
  GatewayInProcess gateway(configuration(*service, {.more = "limits: {body: 1GiB}\n"}));
  Wire wire = connect(gateway);
  const std::size_t before = memory_in_use();
  const std::size_t size = 64u * 1024 * 1024;
  ASSERT_TRUE(
      wire.send("POST / HTTP/1.1\r\nHost: api.test\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n"));
  const std::size_t stuck_at = wire.send_until_stuck(size, kQuiet);

  EXPECT_LT(stuck_at, size);
  EXPECT_LT(memory_in_use(), before + 4 * 1024 * 1024);
  may_read.set_value();
  EXPECT_EQ(wire.send_until_stuck(size - stuck_at, kPatience), size - stuck_at);
  EXPECT_EQ(read_message(wire).body, "done");
}

TEST_F(BackPressure, OfPipelinedRequestsWhoseAnswersAreNotReadIsBounded) {
  const std::string body = make_body(32 * 1024);
  const auto service = answer([&](const Message&) { return ok(body); });
  GatewayInProcess gateway(configuration(*service));
  Wire wire = connect(gateway, 0, 4096);
  const std::size_t before = memory_in_use();
  constexpr int kRequests = 2000;
  std::string all;
  for (int i = 0; i < kRequests; ++i) all += get("/");
  std::thread sender([&] { wire.send(all); });
  int seen = -1;
  // Until nothing moves any more.
  while (seen != service->requests_seen()) {
    seen = service->requests_seen();
    std::promise<void>().get_future().wait_for(kQuiet);
  }
  EXPECT_LT(seen, kRequests);
  EXPECT_LT(memory_in_use(), before + 4 * 1024 * 1024);
  for (int i = 0; i < kRequests; ++i) ASSERT_EQ(read_message(wire).body.size(), body.size()) << i;
  sender.join();
}

}  // namespace
}  // namespace gw::test
