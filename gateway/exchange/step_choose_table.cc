// SPDX-License-Identifier: Apache-2.0
#include "exchange/exchange.h"
#include "exchange/observer.h"
#include "exchange/steps.h"

namespace gw::exchange {
namespace {

bool serves(const Endpoint& endpoint, std::string_view method) {
  return endpoint.method == method || (endpoint.method == "GET" && method == "HEAD");
}

// "/sessions/*" is "/sessions/" and one segment.
bool is_at(std::string_view pattern, std::string_view path) {
  if (!pattern.ends_with("/*")) return pattern == path;
  pattern.remove_suffix(1);
  return path.size() > pattern.size() && path.starts_with(pattern) &&
         path.find('/', pattern.size()) == std::string_view::npos;
}

// Null when none of our endpoints is meant; `allow` tells when only the method differs.
const Endpoint* find_endpoint(const std::vector<Endpoint>& endpoints, std::string_view path,
                              std::string_view method, std::string& allow) {
  for (const Endpoint& endpoint : endpoints) {
    const bool is_below = endpoint.has_below && path.starts_with(endpoint.path) &&
                          path.size() > endpoint.path.size() && path[endpoint.path.size()] == '/';
    if (!is_at(endpoint.path, path) && !is_below) continue;
    if (serves(endpoint, method)) return &endpoint;
    if (!allow.empty()) allow += ", ";
    allow += endpoint.method;
    if (endpoint.method == "GET") allow += ", HEAD";
  }
  return nullptr;
}

Verdict answer_preflight(Exchange& exchange) {
  if (!exchange.is_from_login_origin()) return exchange.refuse(Fault::forbidden);
  Reply reply;
  reply.status = 204;
  return exchange.answer(std::move(reply));
}

}  // namespace

Verdict choose_table(Exchange& exchange) {
  const bool admin = exchange.downstream().listener->door == Door::admin;
  const Snapshot& snapshot = exchange.snapshot();
  if (exchange.is_verification()) {
    exchange.set_steps(snapshot.verify_steps);
    return Verdict::proceed;
  }
  std::string allow;
  const Endpoint* endpoint = find_endpoint(admin ? snapshot.admin_endpoints : snapshot.endpoints,
                                           exchange.target().path, exchange.request().method_text, allow);
  const bool is_ours = endpoint != nullptr || !allow.empty();
  if (is_ours && !admin && snapshot.login_cors) {
    const bool preflight = !policy::preflight_method(exchange.request()).empty();
    exchange.set_cors(*snapshot.login_cors, preflight);
    if (preflight) return answer_preflight(exchange);
  }
  if (endpoint != nullptr) {
    if (Observer* observer = exchange.services().observer) return observer->on_endpoint(exchange);
    exchange.set_steps(endpoint->steps);
  } else if (!allow.empty()) {
    Reply reply = reply_for(Fault::method_not_allowed, exchange.request_id());
    reply.fields.emplace_back("Allow", std::move(allow));
    return exchange.answer(std::move(reply));
  } else if (admin) {
    return exchange.refuse(Fault::no_route);
  } else {
    exchange.set_steps(kProxySteps);
  }
  return Verdict::proceed;
}

Verdict redirect_to_https(Exchange& exchange) {
  const http::RequestHead& request = exchange.request();
  auto target = http::normalise_target(request.target, exchange.path_scratch());
  if (!target) return exchange.refuse(target.error());
  const std::string_view host = http::normalise_host(request.authority, exchange.host_scratch());
  if (host.empty()) return exchange.refuse({Fault::bad_request, "no host to send the client to"});
  Reply reply;
  reply.status = request.method == http::Method::get || request.method == http::Method::head ? 301 : 308;
  std::string location = "https://" + std::string(host);
  const std::string& port = exchange.snapshot().https_port_text;
  if (port != "443" && !port.empty()) location += ":" + port;
  location += target->path;
  if (target->has_query) location.append("?").append(target->query);
  reply.fields.emplace_back("Location", std::move(location));
  return exchange.answer(std::move(reply));
}

}  // namespace gw::exchange
