// SPDX-License-Identifier: Apache-2.0
#include "endpoints/health.h"

#include "exchange/exchange.h"

namespace gw::endpoints {

exchange::Verdict reply_alive(exchange::Exchange& exchange) {
  exchange::Reply reply;
  reply.body = R"({"status":"alive"})";
  return exchange.answer(std::move(reply));
}

namespace {

// Upstreams of which health checks have taken out every server. The gateway is ready all the same: others
// may be well, and taking it away would help nobody.
json::Array upstreams_that_are_down(const exchange::World& world) {
  json::Array names;
  for (const auto& cluster : world.clusters) {
    std::size_t down = 0;
    for (std::size_t i = 0; i < cluster->size(); ++i) down += cluster->is_down(i) ? 1 : 0;
    if (down == cluster->size()) names.emplace_back(cluster->options().name);
  }
  return names;
}

}  // namespace

exchange::Verdict reply_ready(exchange::Exchange& exchange) {
  exchange::Reply reply;
  const bool ready = exchange.services().is_ready();
  reply.status = ready ? 200 : 503;
  const std::vector<std::string> troubles = exchange.services().troubles();
  json::Object body{{"status", ready ? "ready" : troubles.empty() ? "draining" : "not_ready"}};
  if (!troubles.empty()) body.emplace_back("problems", json::Array(troubles.begin(), troubles.end()));
  if (json::Array down = upstreams_that_are_down(exchange.world()); !down.empty())
    body.emplace_back("upstreams_down", std::move(down));
  reply.body = json::dump(std::move(body));
  return exchange.answer(std::move(reply));
}

}  // namespace gw::endpoints
