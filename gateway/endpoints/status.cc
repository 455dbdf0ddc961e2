// SPDX-License-Identifier: Apache-2.0
#include "endpoints/status.h"

#include <algorithm>

#include "exchange/control.h"
#include "exchange/exchange.h"
#include "policy/when.h"

namespace gw::endpoints {
namespace {

using exchange::Exchange;
using exchange::Verdict;

Verdict answer_json(Exchange& exchange, json::Value value) {
  exchange::Reply reply;
  reply.body = json::dump(value);
  return exchange.answer(std::move(reply));
}

json::Array to_array(const std::vector<std::string>& texts) {
  return {texts.begin(), texts.end()};
}

// Absent is null.
json::Value text_or_null(const std::string& text) {
  return text.empty() ? json::Value() : json::Value(text);
}

json::Array listeners_of(const exchange::Census& census) {
  json::Array all;
  for (const exchange::Listening& listening : census.listeners)
    all.push_back(
        json::Object{{"address", listening.address}, {"tls", listening.tls}, {"serves", listening.door}});
  return all;
}

json::Array key_ids_of(const exchange::World& world) {
  json::Array all;
  if (world.keys == nullptr) return all;
  for (const jose::Key& key : world.keys->verification_keys()) all.emplace_back(key.kid());
  return all;
}

// Those whose keys are fetched say how that goes.
json::Array issuers_of(const exchange::World& world, const exchange::Census& census) {
  json::Array all;
  for (const auth::Issuer& issuer : *world.snapshot->issuers) {
    json::Object one{{"name", issuer.name}, {"issuer", issuer.issuer}};
    const auto& fetched = census.process.issuers;
    const auto health = std::find_if(fetched.begin(), fetched.end(), [&](const exchange::IssuerHealth& each) {
      return each.name == issuer.name;
    });
    if (!issuer.is_remote || health == fetched.end()) {
      one.emplace_back("keys", static_cast<std::int64_t>(issuer.keys.size()));
    } else {
      one.emplace_back("keys", static_cast<std::int64_t>(health->keys));
      one.emplace_back("fetched_at", health->fetched_at);
      one.emplace_back("problem", text_or_null(health->problem));
    }
    all.emplace_back(std::move(one));
  }
  return all;
}

json::Value last_reload_of(const exchange::Census& census) {
  if (!census.last_reload) return {};
  const bool done = census.last_reload->outcome == exchange::ReloadReport::Outcome::reloaded;
  return json::Object{{"at", census.last_reload->at},
                      {"result", done ? "reloaded" : "refused"},
                      {"changes", to_array(census.last_reload->changes)},
                      {"widenings", to_array(census.last_reload->widenings)},
                      {"issues", to_array(census.last_reload->issues)}};
}

json::Array upstreams_of(const exchange::Census& census) {
  json::Array all;
  std::string_view last;
  json::Array servers;
  const auto close = [&] {
    if (!last.empty()) all.push_back(json::Object{{"name", last}, {"servers", std::exchange(servers, {})}});
  };
  for (const auto& [key, state] : census.counters.servers) {
    if (key.first != last) close();
    last = key.first;
    servers.push_back(json::Object{{"url", key.second},
                                   {"up", state.up},
                                   {"ejected_by", static_cast<std::int64_t>(state.ejected)},
                                   {"active", static_cast<std::int64_t>(state.active)}});
  }
  close();
  return all;
}

json::Object privileges_of(const exchange::Census& census) {
  const exchange::LeastPrivilege& all = census.privileges;
  return {{"user", all.user},
          {"no_new_privileges", all.no_new_privileges},
          {"capabilities", static_cast<std::int64_t>(all.capabilities)},
          {"system_calls_filtered", all.system_calls_filtered},
          {"landlock", all.landlock},
          {"core_dumps", all.core_dumps},
          {"keys_locked", all.keys_locked}};
}

json::Value status_of(const exchange::World& world, bool ready, const exchange::Census& census) {
  const auto uptime = std::chrono::duration_cast<std::chrono::seconds>(steady_now() - census.started);
  return json::Object{{"version", census.version},
                      {"uptime", static_cast<std::int64_t>(uptime.count())},
                      {"ready", ready},
                      {"workers", static_cast<std::int64_t>(census.workers)},
                      {"connections", static_cast<std::int64_t>(census.counters.connections)},
                      {"listeners", listeners_of(census)},
                      {"upstreams", upstreams_of(census)},
                      {"keys", key_ids_of(world)},
                      {"issuers", issuers_of(world, census)},
                      {"config_file", census.config_file},
                      {"last_reload", last_reload_of(census)},
                      {"least_privilege", privileges_of(census)}};
}

std::string_view auth_name(policy::Auth auth) {
  switch (auth) {
    case policy::Auth::required:
      return "required";
    case policy::Auth::optional:
      return "optional";
    case policy::Auth::none:
      break;
  }
  return "none";
}

json::Value require_of(const policy::Requirement& require) {
  json::Object claims;
  for (const policy::ClaimRule& rule : require.claims) claims.emplace_back(rule.name, rule.value);
  json::Array bound;
  for (const policy::Binding one : require.bound)
    bound.emplace_back(one == policy::Binding::dpop ? "dpop" : "mtls");
  return json::Object{{"scopes", to_array(require.scopes)},
                      {"roles", to_array(require.roles)},
                      {"claims", std::move(claims)},
                      {"when", require.when == nullptr ? json::Value() : json::Value(require.when->text())},
                      {"bound", std::move(bound)},
                      {"client_certificate", require.client_certificate.has_value()}};
}

json::Value describe_route(const policy::Route& route) {
  return json::Object{{"name", route.name},
                      {"host", text_or_null(route.host)},
                      {"path", route.path},
                      {"methods", to_array(route.methods)},
                      {"auth", auth_name(route.auth)},
                      {"issuers", to_array(route.issuers)},
                      {"require", require_of(route.require)},
                      {"enforce", route.enforce},
                      {"upstream", text_or_null(route.upstream)}};
}

}  // namespace

Verdict reply_with_status(Exchange& exchange) {
  exchange::Services& services = exchange.services();
  return exchange.wait_for(services.control->take_census(services.loop, [&exchange](exchange::Census census) {
    const bool ready = exchange.services().is_ready();
    exchange.resume(answer_json(exchange, status_of(exchange.world(), ready, census)));
  }));
}

Verdict reply_with_routes(Exchange& exchange) {
  json::Array all;
  for (const policy::Route& route : exchange.snapshot().routes.routes()) all.push_back(describe_route(route));
  return answer_json(exchange, json::Object{{"routes", std::move(all)}});
}

}  // namespace gw::endpoints
