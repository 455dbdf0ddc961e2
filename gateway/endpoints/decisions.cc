// SPDX-License-Identifier: Apache-2.0
#include "endpoints/decisions.h"

#include "exchange/control.h"
#include "exchange/exchange.h"

namespace gw::endpoints {
namespace {

using exchange::Exchange;
using exchange::Receipt;
using exchange::Verdict;

json::Array conditions_of(const Receipt& receipt) {
  json::Array all;
  for (const policy::AskedCondition& asked : receipt.conditions) {
    json::Object one{{"condition", policy::name_of(asked.condition)}, {"met", asked.met}};
    if (!asked.name.empty()) one.emplace_back("name", asked.name);
    if (!asked.trouble.empty()) one.emplace_back("error", asked.trouble);
    all.push_back(std::move(one));
  }
  return all;
}

// What is not there is left out.
json::Value describe(const Receipt& receipt) {
  json::Object all{{"request_id", receipt.request_id}, {"at", receipt.at}};
  const auto add = [&](const char* name, const std::string& text) {
    if (!text.empty()) all.emplace_back(name, text);
  };
  add("client", receipt.client);
  add("method", receipt.method);
  add("host", receipt.host);
  add("path", receipt.path);
  add("route", receipt.route);
  all.emplace_back("decision", receipt.code.empty() ? "passed" : "refused");
  all.emplace_back("status", std::int64_t{receipt.status});
  add("code", receipt.code);
  all.emplace_back("conditions", conditions_of(receipt));
  add("would_refuse", receipt.unenforced);
  add("shadow", receipt.shadow);
  json::Object timing;
  if (receipt.decided_us != 0)
    timing.emplace_back("decided_us", static_cast<std::int64_t>(receipt.decided_us));
  timing.emplace_back("total_us", static_cast<std::int64_t>(receipt.total_us));
  all.emplace_back("timing", std::move(timing));
  if (receipt.is_cut) all.emplace_back("cut", true);
  return all;
}

}  // namespace

Verdict reply_with_receipt(Exchange& exchange) {
  const std::string_view below = exchange.target().path.substr(std::string_view(kDecisionsPath).size());
  const std::string_view id = below.substr(below.empty() ? 0 : 1);
  if (id.empty()) return exchange.refuse(Fault::no_route);
  exchange::Services& services = exchange.services();
  return exchange.wait_for(services.control->find_receipt(
      services.loop, std::string(id), [&exchange](const std::optional<Receipt>& receipt) {
        if (!receipt) return exchange.resume(exchange.refuse(Fault::no_route));
        exchange::Reply reply;
        reply.body = json::dump(describe(*receipt));
        exchange.resume(exchange.answer(std::move(reply)));
      }));
}

}  // namespace gw::endpoints
