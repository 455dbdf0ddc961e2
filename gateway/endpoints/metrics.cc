// SPDX-License-Identifier: Apache-2.0
#include "endpoints/metrics.h"

#include "exchange/control.h"
#include "exchange/exchange.h"

namespace gw::endpoints {

exchange::Verdict reply_with_metrics(exchange::Exchange& exchange) {
  exchange::Services& services = exchange.services();
  return exchange.wait_for(services.control->take_census(services.loop, [&exchange](exchange::Census census) {
    exchange::Reply reply;
    reply.content_type = "text/plain; version=0.0.4; charset=utf-8";
    reply.body = exchange::format_metrics(census.counters, census.process, census.version);
    exchange.resume(exchange.answer(std::move(reply)));
  }));
}

}  // namespace gw::endpoints
