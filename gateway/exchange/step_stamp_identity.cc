// SPDX-License-Identifier: Apache-2.0
#include "exchange/exchange.h"
#include "exchange/hop_by_hop.h"
#include "exchange/identity_fields.h"
#include "exchange/observer.h"
#include "exchange/steps.h"
#include "http/cookie.h"
#include "http/websocket.h"
#include "trace/context.h"

namespace gw::exchange {
namespace {

// What a trusted proxy said before its fields were dropped; views into the head.
struct Forwarded {
  std::string_view for_list, proto, host, port;
};

std::string_view value_of(const http::Fields& fields, http::FieldName name) {
  const http::Field* field = fields.find(name);
  return field != nullptr && fields.count(name) == 1 ? field->value : std::string_view();
}

Forwarded read_forwarded(const http::Fields& fields) {
  return {value_of(fields, http::FieldName::x_forwarded_for),
          value_of(fields, http::FieldName::x_forwarded_proto),
          value_of(fields, http::FieldName::x_forwarded_host),
          value_of(fields, http::FieldName::x_forwarded_port)};
}

void push(http::Fields& fields, std::string_view name, std::string_view value) {
  // What we add is written as it stands: nobody looks it up by its hash any more.
  fields.push({name, value, 0, http::FieldName::other, false});
}

void stamp_forwarding(Exchange& exchange, const Forwarded& said) {
  http::Fields& fields = exchange.request().fields;
  const Downstream& downstream = exchange.downstream();
  std::string_view chain = downstream.peer_ip;
  if (!said.for_list.empty()) chain = exchange.keep(std::string(said.for_list) + ", " + downstream.peer_ip);
  push(fields, "X-Forwarded-For", chain);
  push(fields, "X-Forwarded-Proto", exchange.client_is_secure() ? "https" : "http");
  const std::string_view host = said.host.empty() ? exchange.request().authority : said.host;
  if (!host.empty()) push(fields, "X-Forwarded-Host", host);
  push(fields, "X-Forwarded-Port",
       said.port.empty() ? std::string_view(downstream.listener->port_text) : said.port);
  push(fields, "X-Request-Id", exchange.request_id());
}

bool takes_trailers(const http::Fields& fields) {
  for (const http::Field& field : fields)
    if (field.id == http::FieldName::te && http::list_contains(field.value, "trailers")) return true;
  return false;
}

// The trace goes on with this hop as the parent; without a valid one it begins here. Each try of a server
// writes its own span over this one.
void stamp_trace(Exchange& exchange) {
  http::Fields& fields = exchange.request().fields;
  exchange.link_trace();
  TraceLink& link = exchange.trace_link();
  char* out = exchange.trace_scratch().data();
  trace::format_traceparent(out, link.trace, exchange.services().ids.next_span(), link.is_sampled);
  fields.drop(http::FieldName::traceparent);
  if (!link.has_parent || !trace::has_good_state(fields)) fields.drop(http::FieldName::tracestate);
  push(fields, "traceparent", {out, trace::kParentBytes});
  if (link.has_spans) link.decided = steady_now();
}

void drop_credentials(Exchange& exchange) {
  http::Fields& fields = exchange.request().fields;
  const bool by_proof = exchange.credential_source() == CredentialSource::dpop;
  if ((by_proof || exchange.credential_source() == CredentialSource::authorization) &&
      !exchange.plan()->identity->forwards_token()) {
    fields.drop(http::FieldName::authorization);
    for (http::Field& field : fields)
      if (by_proof && http::equal_without_case(field.name, "dpop")) field.dropped = true;
  }
  if (exchange.snapshot().backends == nullptr || !exchange.snapshot().login.cookie.enabled) return;
  for (http::Field& field : fields) {
    if (field.id != http::FieldName::cookie || field.dropped) continue;
    std::string scratch;
    const std::string_view rest =
        http::without_cookies(field.value, exchange.snapshot().login.cookie.name, scratch);
    if (rest.size() == field.value.size()) continue;
    field.value = rest.data() == scratch.data() && !rest.empty() ? exchange.keep(std::move(scratch)) : rest;
    field.dropped = field.value.empty();
  }
}

// Bound to the path that the upstream gets.
Status stamp_assertion(Exchange& exchange) {
  const policy::IdentityHeaders& options = *exchange.plan()->identity;
  if (exchange.identity() == nullptr || !options.assertion()) return {};
  const auto token = exchange.world().assertions->mint(
      exchange.identity_ref(), options,
      {exchange.route()->upstream, exchange.request().method_text, exchange.upstream_path()},
      exchange.services().loop.wall());
  if (!token) return token.error();
  push(exchange.request().fields, options.assertion()->header, exchange.keep(std::string(*token)));
  return {};
}

}  // namespace

Verdict stamp_identity(Exchange& exchange) {
  http::Fields& fields = exchange.request().fields;
  const bool trusted = exchange.downstream().peer_is_trusted;
  Forwarded said;
  if (trusted) said = read_forwarded(fields);
  exchange.set_asked({http::asks_for_websocket(exchange.request()), takes_trailers(fields)});

  // First everything that the client may not say ...
  if (!drop_hop_by_hop(fields))
    return exchange.refuse({Fault::bad_request, "Connection names too many fields"});
  exchange.snapshot().protected_fields.drop_from(fields, {trusted, !exchange.route()->methods.empty()});
  fields.drop(http::FieldName::host);
  fields.drop(http::FieldName::content_length);
  fields.drop(http::FieldName::x_request_id);
  drop_credentials(exchange);

  // ... then what is known.
  const RoutePlan& plan = *exchange.plan();
  if (plan.request_changes) plan.request_changes->apply(fields);
  stamp_forwarding(exchange, said);
  stamp_trace(exchange);
  if (const auth::Identity* identity = exchange.identity()) {
    auto rendered = identity_fields(*identity, *plan.identity);
    if (!rendered) return exchange.refuse(rendered.error());
    plan.identity->for_each(**rendered, [&](const http::Field& field) { fields.push(field); });
  }

  std::string_view path = exchange.target().path;
  if (plan.rewrite) {
    auto rewritten = plan.rewrite->apply(path, exchange.rewrite_scratch());
    if (!rewritten) return exchange.refuse(rewritten.error());
    path = *rewritten;
  }
  exchange.set_upstream_path(path);
  if (auto stamped = stamp_assertion(exchange); !stamped) return exchange.refuse(stamped.error());
  return Verdict::proceed;
}

Verdict respond(Exchange& exchange) {
  const auto& fixed = exchange.route()->respond;
  if (!fixed) return Verdict::proceed;
  Reply reply;
  reply.status = fixed->status;
  reply.content_type = "text/plain; charset=utf-8";
  reply.body = fixed->body;
  return exchange.answer(std::move(reply));
}

Verdict acquire_upstream(Exchange& exchange) {
  if (Observer* observer = exchange.services().observer) return observer->on_forward(exchange);
  return exchange.relay().acquire();
}

Verdict relay(Exchange& exchange) {
  return exchange.relay().begin();
}

}  // namespace gw::exchange
