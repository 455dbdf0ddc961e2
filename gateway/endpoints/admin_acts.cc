// SPDX-License-Identifier: Apache-2.0
#include "endpoints/admin_acts.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/log.h"
#include "endpoints/admin_reads.h"
#include "endpoints/audit.h"
#include "endpoints/request_body.h"
#include "endpoints/waiting.h"
#include "exchange/control.h"
#include "exchange/same_site.h"
#include "store/store.h"

namespace gw::endpoints {
namespace {

using exchange::Exchange;
using exchange::ReloadReport;
using exchange::Verdict;
using store::RevokedKind;

struct Member {
  std::string_view name;
  RevokedKind kind;
};
constexpr std::array kMembers{Member{"jti", RevokedKind::token}, Member{"sid", RevokedKind::session},
                              Member{"sub", RevokedKind::subject}, Member{"iss", RevokedKind::issuer}};

struct RevokeState : exchange::EndpointState {
  store::Revocation revocation;
  Pause pause;
};

bool is_json(const http::Fields& fields) {
  const http::Field* type = fields.find(http::FieldName::content_type);
  return type != nullptr && fields.count(http::FieldName::content_type) == 1 &&
         http::is_media_type(type->value, "application/json");
}

json::Array to_array(const std::vector<std::string>& texts) {
  return {texts.begin(), texts.end()};
}

Verdict answer_reload(Exchange& exchange, const ReloadReport& report) {
  if (report.outcome == ReloadReport::Outcome::busy)
    return exchange.refuse(Fault::conflict, {}, json::Array{"the gateway is starting or draining"});
  if (report.outcome == ReloadReport::Outcome::refused)
    return exchange.refuse(Fault::unprocessable_content, {}, to_array(report.issues));
  exchange::Reply reply;
  reply.body = json::dump(json::Object{{"result", "reloaded"},
                                       {"at", report.at},
                                       {"changes", to_array(report.changes)},
                                       {"widenings", to_array(report.widenings)},
                                       {"warnings", to_array(report.issues)}});
  return exchange.answer(std::move(reply));
}

// One text that says what is revoked; `iss` beside it says whose, or alone means everything of that issuer.
std::optional<store::Revocation> read_what(const json::Value& body, WallSeconds now) {
  const json::Object* members = body.as_object();
  if (members == nullptr || members->empty()) return std::nullopt;
  store::Revocation what{RevokedKind::issuer, {}, now, now + store::kLongestMemory};
  for (const json::Member& member : *members) {
    const auto known = std::find_if(kMembers.begin(), kMembers.end(),
                                    [&](const Member& one) { return one.name == member.first; });
    const std::string* text = member.second.as_string();
    if (known == kMembers.end() || text == nullptr || text->empty()) return std::nullopt;
    if (known->kind == RevokedKind::issuer) {
      what.issuer = *text;
      continue;
    }
    if (!what.value.empty()) return std::nullopt;
    what.kind = known->kind;
    what.value = *text;
  }
  if (what.value.empty()) what.value = std::exchange(what.issuer, {});
  return what;
}

}  // namespace

Verdict admit_admin_post(Exchange& exchange) {
  const http::RequestHead& request = exchange.request();
  const bool has_origin = request.fields.find(http::FieldName::origin) != nullptr;
  if (exchange::is_cross_site(exchange)) return exchange.refuse(Fault::csrf);
  if (has_origin && !is_own_name(exchange.host()))
    return exchange.refuse({Fault::csrf, "a browser reached the admin address by a name"});
  if ((request.has_body() || has_origin) && !is_json(request.fields))
    return exchange.refuse(Fault::unsupported_media_type);
  return Verdict::proceed;
}

Verdict reload_configuration(Exchange& exchange) {
  exchange::Services& services = exchange.services();
  return exchange.wait_for(services.control->reload(services.loop, [&exchange](const ReloadReport& report) {
    const bool done = report.outcome == ReloadReport::Outcome::reloaded;
    audit(exchange, exchange::AuditEvent("reload").add("result", done ? "reloaded" : "refused"));
    exchange.resume(answer_reload(exchange, report));
  }));
}

Verdict begin_drain(Exchange& exchange) {
  exchange.services().control->drain();
  audit(exchange, exchange::AuditEvent("drain"));
  exchange::Reply reply;
  reply.status = 202;
  reply.body = R"({"result":"draining"})";
  return exchange.answer(std::move(reply));
}

Verdict read_revocation(Exchange& exchange) {
  const auto body = json::parse(exchange.body());
  auto what = body ? read_what(*body, exchange.services().loop.wall()) : std::nullopt;
  if (!what)
    return exchange.refuse(
        Fault::unprocessable_content, {},
        json::Array{
            "the body is an object with one text: jti, sid or sub, and with iss or without; or iss alone"});
  const std::string& own = exchange.snapshot().tokens.issuer;
  const std::string& meant = what->kind == RevokedKind::issuer ? what->value : what->issuer;
  what->ends_sessions = meant.empty() || meant == own;
  exchange.endpoint_state<RevokeState>().revocation = std::move(*what);
  return Verdict::proceed;
}

Verdict record_revocation(Exchange& exchange) {
  exchange::Services& services = exchange.services();
  if (services.store == nullptr)
    return exchange.refuse({Fault::store_unavailable, "without login there is no store"});
  const store::Revocation& revocation = exchange.endpoint_state<RevokeState>().revocation;
  return exchange.wait_for(services.store->revoke(
      services.loop, revocation, then(exchange, [](std::monostate) { return Verdict::proceed; })));
}

// The store has told every worker's loop by now; one of them may be busy still.
Verdict reach_every_worker(Exchange& exchange) {
  exchange::Services& services = exchange.services();
  return exchange.wait_for(services.control->take_census(
      services.loop, [&exchange](const exchange::Census&) { exchange.resume(); }));
}

Verdict outlast_revoked(Exchange& exchange) {
  auto& state = exchange.endpoint_state<RevokeState>();
  return store::covers_a_second(state.revocation.kind) ? state.pause.outlast(exchange, state.revocation.at)
                                                       : Verdict::proceed;
}

Verdict reply_revoked(Exchange& exchange) {
  const store::Revocation& revocation = exchange.endpoint_state<RevokeState>().revocation;
  const auto known = std::find_if(kMembers.begin(), kMembers.end(),
                                  [&](const Member& one) { return one.kind == revocation.kind; });
  log::info("revoked by the admin address",
            {{"request_id", exchange.request_id()}, {"kind", known->name}, {"value", revocation.value}});
  audit(exchange, exchange::AuditEvent("revoked")
                      .add("kind", known->name)
                      .add("value", revocation.value)
                      .add("iss", revocation.issuer));
  exchange::Reply reply;
  reply.status = 204;
  return exchange.answer(std::move(reply));
}

}  // namespace gw::endpoints
