// SPDX-License-Identifier: Apache-2.0
#include "endpoints/admin_reads.h"

#include "endpoints/waiting.h"
#include "exchange/same_site.h"
#include "http/form.h"
#include "net/address.h"
#include "store/store.h"

namespace gw::endpoints {
namespace {

using exchange::Exchange;
using exchange::Verdict;

json::Value describe(const store::Family& family) {
  json::Object session{{"id", family.id},
                       {"backend", family.backend},
                       {"scope", family.scope},
                       {"created_at", family.created_at},
                       {"expires_at", family.expires_at},
                       {"address", family.address},
                       {"client", family.client}};
  if (family.used_at != 0) session.emplace_back("used_at", family.used_at);
  return session;
}

}  // namespace

bool is_own_name(std::string_view host) {
  if (host == "localhost" || host.ends_with(".localhost")) return true;
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return net::Address::parse(host, 0).has_value();
}

Verdict admit_admin_read(Exchange& exchange) {
  if (!exchange.host().empty() && !is_own_name(exchange.host()))
    return exchange.refuse({Fault::misdirected_request, "ask by an address or as localhost"});
  if (exchange::is_cross_site(exchange)) return exchange.refuse(Fault::csrf);
  return Verdict::proceed;
}

Verdict reply_with_sessions_of(Exchange& exchange) {
  exchange::Services& services = exchange.services();
  if (services.store == nullptr)
    return exchange.refuse({Fault::store_unavailable, "without login there is no store"});
  const auto query = http::parse_form(exchange.target().query);
  const std::string* subject = query ? query->find("sub") : nullptr;
  if (subject == nullptr || subject->empty())
    return exchange.refuse(Fault::unprocessable_content, {}, json::Array{"say whose: /api/sessions?sub=SUB"});
  auto listed = [&exchange](const std::vector<store::Family>& families) {
    json::Array all;
    for (const store::Family& family : families) all.push_back(describe(family));
    exchange::Reply reply;
    reply.body = json::dump(json::Object{{"sessions", std::move(all)}});
    return exchange.answer(std::move(reply));
  };
  return exchange.wait_for(services.store->list_families(services.loop, *subject, services.loop.wall(),
                                                         then(exchange, std::move(listed))));
}

Verdict reply_with_config(Exchange& exchange) {
  exchange::Reply reply;
  reply.body = exchange.snapshot().description;
  return exchange.answer(std::move(reply));
}

}  // namespace gw::endpoints
