// SPDX-License-Identifier: Apache-2.0
// What one request costs in allocations once everything is warm: kept-alive connections on both sides, a
// token that the cache knows. A program of its own, because it replaces operator new.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "flow/flow.h"

namespace {

std::atomic<long> allocations = 0;
thread_local bool is_counted = true;  // not on threads of the test itself

}  // namespace

void* operator new(std::size_t size) {
  if (is_counted) allocations.fetch_add(1, std::memory_order_relaxed);
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace gw::test {
namespace {

constexpr int kRequests = 2000;
// The time stamp of the access log.
constexpr double kPerRequest = 1.1;

class Allocations : public Flow {
 protected:
  static void expect_few(Wire& wire, const std::string& request, const std::string& answer) {
    long before = 0;
    for (int i = -kRequests; i < kRequests; ++i) {
      if (i == 0) before = allocations;
      ASSERT_TRUE(wire.send(request));
      ASSERT_THAT(read_message(wire).body, ::testing::HasSubstr(answer));
    }
    const double each = static_cast<double>(allocations - before) / kRequests;
    std::cout << "allocations per request: " << each << '\n';
    EXPECT_LE(each, kPerRequest) << answer;
  }
};

TEST_F(Allocations, OfARequestInTheSteadyStateDoNotGrow) {
  is_counted = false;
  const auto service = serve([](Wire& wire, FakeService& self) {
    is_counted = false;
    while (self.next_request(wire)) wire.send(ok("hello"));
  });
  Settings settings;
  settings.routes = "  - {path: /**, upstream: service}\n";
  GatewayInProcess gateway(configuration(*service, settings));
  Wire wire = connect(gateway);
  expect_few(wire, get("/orders/7?page=2", bearer(mint())), "hello");
  expect_few(wire, get("/orders/7?page=2"), "\"token_missing\"");
}

}  // namespace
}  // namespace gw::test
