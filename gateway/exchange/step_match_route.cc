// SPDX-License-Identifier: Apache-2.0
#include "exchange/exchange.h"
#include "exchange/steps.h"

namespace gw::exchange {

namespace {

Result<policy::RouteMatch, policy::NoRoute> find_route(const Exchange& exchange, std::string_view method) {
  return exchange.snapshot().routes.match(
      {exchange.host(), exchange.target(), method, exchange.request().fields, exchange.client_ip()});
}

void take_route(Exchange& exchange, const policy::RouteMatch& match, bool preflight) {
  const RoutePlan& plan = exchange.snapshot().plans[match.index];
  exchange.set_route(match, &plan);
  if (plan.cors) exchange.set_cors(*plan.cors, preflight);
}

// A browser asks, without any credential, whether a script may send a request: the route of that request
// answers, if it speaks of CORS at all. Never for a proxy that asks about it, which would take a yes as leave
// to forward.
bool is_answered_preflight(Exchange& exchange) {
  const std::string_view method = policy::preflight_method(exchange.request());
  if (method.empty() || exchange.is_verification()) return false;
  const auto match = find_route(exchange, method);
  if (!match || !exchange.snapshot().plans[match->index].cors) return false;
  take_route(exchange, *match, true);
  return true;
}

}  // namespace

Verdict match_route(Exchange& exchange) {
  if (is_answered_preflight(exchange)) {
    if (!exchange.plan()->cors->allows(policy::origin_of(exchange.request().fields)))
      return exchange.refuse(Fault::forbidden);
    Reply reply;
    reply.status = 204;
    return exchange.answer(std::move(reply));
  }
  auto match = find_route(exchange, exchange.request().method_text);
  if (!match) {
    Reply reply = reply_for(match.error().fault, exchange.request_id());
    if (!match.error().allow.empty()) reply.fields.emplace_back("Allow", std::move(match.error().allow));
    return exchange.answer(std::move(reply));
  }
  take_route(exchange, *match, false);
  return Verdict::proceed;
}

Verdict admit_request(Exchange& exchange) {
  const http::RequestHead& request = exchange.request();
  if (request.framing == http::Framing::length && request.content_length > exchange.plan()->max_body)
    return exchange.refuse(Fault::content_too_large);
  return Verdict::proceed;
}

}  // namespace gw::exchange
