// SPDX-License-Identifier: Apache-2.0
// What one request pays for a limit: for one caller that all threads share, and for a million callers.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "policy/rate_limit.h"

namespace gw::policy {
namespace {

RateLimit limit_of(const RateLimitOptions& options) {
  Route route;
  route.name = route.path = "/orders/{id}/**";
  return RateLimit(route, options);
}

LocalRateLimits& limits() {
  static LocalRateLimits one({1, 2});
  return one;
}

void BM_OneCaller(benchmark::State& state) {
  static const RateLimit limit = limit_of({.requests = 100'000, .per = 1s, .burst = 1'000'000});
  const TimePoint now = steady_now();
  for (auto _ : state)
    benchmark::DoNotOptimize(limits().try_take({limit, limits().key_of(limit, "sub self\nalice"), now, 1}));
}
BENCHMARK(BM_OneCaller)->ThreadRange(1, 2)->UseRealTime();

void BM_ManyCallers(benchmark::State& state) {
  static const RateLimit limit = limit_of({.requests = 100, .per = 60s, .burst = 20, .daily = 10'000});
  static const std::vector<std::string> callers = [] {
    std::vector<std::string> all;
    for (int i = 0; i < 1'000'000; ++i) all.push_back("ip 10.0." + std::to_string(i));
    return all;
  }();
  const TimePoint now = steady_now();
  std::size_t i = static_cast<std::size_t>(state.thread_index()) * 7919;
  for (auto _ : state) {
    i = (i + 104729) % callers.size();
    benchmark::DoNotOptimize(limits().try_take({limit, limits().key_of(limit, callers[i]), now, 1}));
  }
}
BENCHMARK(BM_ManyCallers)->ThreadRange(1, 2)->UseRealTime();

}  // namespace
}  // namespace gw::policy

BENCHMARK_MAIN();
