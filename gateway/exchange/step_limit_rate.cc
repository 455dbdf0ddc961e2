// SPDX-License-Identifier: Apache-2.0
#include <netinet/in.h>

#include "base/log.h"
#include "exchange/exchange.h"
#include "exchange/steps.h"
#include "net/address.h"

namespace gw::exchange {
namespace {

using policy::LimitKey;

bool is_by_client(const LimitKey& key) {
  return key.kind == LimitKey::Kind::address || key.kind == LimitKey::Kind::header;
}

// Who owns one IPv6 address owns at least 2^64 of them.
std::string address_key(std::string_view ip) {
  const auto address = net::Address::parse(ip, 0);
  if (!address || address->family() != AF_INET6) return "ip " + std::string(ip);
  const auto* v6 = reinterpret_cast<const sockaddr_in6*>(address->get());
  return "ip6 " + std::string(reinterpret_cast<const char*>(v6->sin6_addr.s6_addr), 8);
}

std::string subject_key(const Exchange& exchange) {
  const auth::Identity* identity = exchange.identity();
  const bool is_somebody =
      identity != nullptr && !identity->issuer_name.empty() && !identity->subject.empty();
  if (!is_somebody) return address_key(exchange.client_ip());
  return std::string("sub ").append(identity->issuer_name).append("\n").append(identity->subject);
}

std::string claim_key(const Exchange& exchange, const std::string& name) {
  const auth::Identity* identity = exchange.identity();
  if (identity == nullptr) return subject_key(exchange);
  std::string key = std::string("claim ").append(identity->issuer_name).append("\n");
  if (const auto text = identity->find_text(name)) return json::append_quoted(key, *text), key;
  const json::Value* claim = identity->find_claim(name);
  if (claim == nullptr || claim->is_null()) return subject_key(exchange);
  return key + json::dump(*claim);
}

std::string header_key(const Exchange& exchange, const std::string& name) {
  const http::Field* field = exchange.request().fields.find(name);
  if (field == nullptr || field->value.empty()) return address_key(exchange.client_ip());
  return "header " + std::string(field->value);
}

// The kind goes before the value, so that no header stands for an address.
std::string caller_of(const Exchange& exchange, const LimitKey& key) {
  switch (key.kind) {
    case LimitKey::Kind::address:
      return address_key(exchange.client_ip());
    case LimitKey::Kind::header:
      return header_key(exchange, key.name);
    case LimitKey::Kind::claim:
      return claim_key(exchange, key.name);
    case LimitKey::Kind::subject:
      break;
  }
  return subject_key(exchange);
}

Verdict judge(Exchange& exchange, const policy::RateLimit& limit, const policy::Spent& spent) {
  exchange.set_rate_limit(limit, spent);
  if (spent.allowed) return Verdict::proceed;
  if (!exchange.route()->enforce) {
    note_unenforced(exchange, Fault::rate_limited);
    return Verdict::proceed;
  }
  Reply reply = reply_for(Fault::rate_limited, exchange.request_id());
  reply.fields.emplace_back("Retry-After", std::to_string(spent.retry_after));
  return exchange.answer(std::move(reply));
}

Verdict take(Exchange& exchange, const policy::RateLimit& limit) {
  if (exchange.services().observer != nullptr) return Verdict::proceed;
  policy::RateLimits& limits = exchange.services().rate_limits;
  net::EventLoop& loop = exchange.services().loop;
  const policy::RateLimits::Key key = limits.key_of(limit, caller_of(exchange, limit.key()));
  const policy::RateLimits::Wish wish{limit, key, loop.now(), loop.wall()};
  const auto spent = [&exchange, &limit, &limits, key](const policy::Spent& what) {
    // What a verification asks for goes on elsewhere, and its end is not known here.
    if (what.allowed && limit.concurrent() != 0) {
      policy::RunningRequest running(limits, key);
      if (!exchange.is_verification()) exchange.hold(std::move(running));
    }
    return judge(exchange, limit, what);
  };
  if (const auto at_once = limits.try_take(wish)) return spent(*at_once);
  return exchange.wait_for(limits.take(
      loop, wish, [&exchange, spent](const policy::Spent& what) { exchange.resume(spent(what)); }));
}

}  // namespace

Verdict limit_clients(Exchange& exchange) {
  const auto& limit = exchange.plan()->rate_limit;
  return limit && is_by_client(limit->key()) ? take(exchange, *limit) : Verdict::proceed;
}

Verdict limit_callers(Exchange& exchange) {
  const auto& limit = exchange.plan()->rate_limit;
  return limit && !is_by_client(limit->key()) ? take(exchange, *limit) : Verdict::proceed;
}

}  // namespace gw::exchange
