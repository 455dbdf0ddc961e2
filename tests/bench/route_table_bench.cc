// SPDX-License-Identifier: Apache-2.0
// Matching one request among ten and among ten thousand routes.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "policy/route_table.h"

namespace gw::policy {
namespace {

void BM_Match(benchmark::State& state) {
  std::vector<Route> routes;
  for (int i = 0; i < state.range(0); ++i) {
    Route route;
    route.host = "host" + std::to_string(i % 100) + ".example.com";
    route.path = "/service" + std::to_string(i) + "/{id}/items/**";
    route.methods = {"GET"};
    routes.push_back(std::move(route));
  }
  const auto table = RouteTable::build(std::move(routes));
  std::vector<std::string> hosts, paths;
  for (int i = 0; i < state.range(0); i += 1 + static_cast<int>(state.range(0)) / 100) {
    hosts.push_back("host" + std::to_string(i % 100) + ".example.com");
    paths.push_back("/service" + std::to_string(i) + "/4711/items/a/b");
  }
  const http::Fields fields;
  std::size_t i = 0;
  for (auto _ : state) {
    i = (i + 1) % paths.size();
    http::Target target;
    target.path = paths[i];
    benchmark::DoNotOptimize(table->match({hosts[i], target, "GET", fields}));
  }
}
BENCHMARK(BM_Match)->Arg(10)->Arg(10'000);

}  // namespace
}  // namespace gw::policy

BENCHMARK_MAIN();
