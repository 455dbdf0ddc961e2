// SPDX-License-Identifier: Apache-2.0
#include "exchange/tracer.h"

#include <utility>

#include "exchange/exchange.h"
#include "exchange/masks.h"
#include "trace/span.h"

namespace gw::exchange {
namespace {

constexpr std::size_t kBatchSpans = 128;
constexpr Duration kDelay = 1s;

// Names as https://opentelemetry.io/docs/specs/semconv/http/http-spans/ has them.
class Recorder {
 public:
  Recorder(const Exchange& exchange, trace::Batch& batch)
      : exchange_(exchange), link_(exchange.trace_link()), batch_(batch), ended_(steady_now()) {
    const auto wall = std::chrono::system_clock::now().time_since_epoch();
    offset_ = std::chrono::duration_cast<std::chrono::nanoseconds>(wall) - ended_.time_since_epoch();
  }

  void write_all() {
    write_server();
    write_decision();
    for (std::size_t i = 0; i < link_.attempts.size(); ++i) write_attempt(link_.attempts[i], i);
  }

 private:
  trace::SpanWriter begin(std::string_view name, trace::Kind kind, const trace::SpanId& id,
                          std::string_view parent, TimePoint began, TimePoint ended) {
    if (batch_.count++ != 0) batch_.spans += ',';
    return {batch_.spans,
            {trace::text_of(link_.trace), trace::text_of(id), parent, name, kind,
             began.time_since_epoch() + offset_, ended.time_since_epoch() + offset_}};
  }

  // Any word could be one, so that unknown ones are not told apart.
  std::string_view method() const {
    return exchange_.request().method == http::Method::other ? "_OTHER" : exchange_.request().method_text;
  }

  void write_server() {
    const Exchange::Facts& facts = exchange_.facts();
    const policy::Route* route = exchange_.route();
    std::string name(method() == "_OTHER" || method().empty() ? "HTTP" : method());
    if (route != nullptr) name += ' ' + route->path;
    trace::SpanWriter span = begin(name, trace::Kind::server, link_.span,
                                   link_.has_parent ? trace::text_of(link_.parent) : std::string_view(),
                                   exchange_.started(), ended_);
    span.text("http.request.method", method());
    span.text("url.scheme", exchange_.client_is_secure() ? "https" : "http");
    span.text("url.path", mask_path(exchange_.target().path));
    if (exchange_.target().has_query) span.text("url.query", mask_query(exchange_.target().query));
    if (route != nullptr) span.text("http.route", route->path);
    span.text("server.address", exchange_.host());
    span.text("client.address", exchange_.client_ip());
    span.text("network.protocol.version", version());
    if (facts.status != 0) span.number("http.response.status_code", facts.status);
    const bool failed = facts.status >= 500;
    if (failed) span.text("error.type", facts.code.empty() ? std::to_string(facts.status) : facts.code);
    span.text("gatewarden.code", facts.code);
    span.text("gatewarden.request_id", exchange_.request_id());
    span.end(failed);
  }

  std::string_view version() const {
    switch (exchange_.request().version) {
      case http::Version::http10:
        return "1.0";
      case http::Version::http11:
        return "1.1";
      case http::Version::http2:
        break;
    }
    return "2";
  }

  // What a service failed at was let through before.
  void write_decision() {
    const Exchange::Facts& facts = exchange_.facts();
    const std::string_view code = facts.refusal.empty() ? facts.code : facts.refusal;
    const bool is_decided = exchange_.route() != nullptr || code == info_of(Fault::no_route).code;
    const bool was_allowed =
        link_.decided != TimePoint() || (exchange_.is_verification() && code.empty() && facts.status != 0);
    if (!is_decided || (!was_allowed && code.empty())) return;
    const trace::SpanId id = trace::derive(link_.span);
    trace::SpanWriter span =
        begin("decide", trace::Kind::internal, id, trace::text_of(link_.span), exchange_.started(),
              link_.decided != TimePoint() ? link_.decided : ended_);
    span.text("gatewarden.decision", was_allowed ? "allowed" : "refused");
    if (!was_allowed) span.text("gatewarden.code", code);
    if (exchange_.route() != nullptr) span.text("gatewarden.route", exchange_.route()->name);
    span.text("gatewarden.credential", credential());
    if (exchange_.identity() != nullptr) span.text("gatewarden.issuer", exchange_.identity()->issuer_name);
    span.text("gatewarden.would_refuse", exchange_.facts().unenforced);
    span.text("gatewarden.shadow", exchange_.facts().shadow);
    span.end(false);
  }

  std::string_view credential() const {
    switch (exchange_.credential_source()) {
      case CredentialSource::authorization:
        return "bearer";
      case CredentialSource::dpop:
        return "dpop";
      case CredentialSource::cookie:
        return "cookie";
      case CredentialSource::none:
        break;
    }
    return "none";
  }

  void write_attempt(const UpstreamAttempt& attempt, std::size_t number) {
    const upstream::ServerUrl& server = attempt.server->url();
    const bool is_open = attempt.ended == TimePoint();
    trace::SpanWriter span =
        begin(method() == "_OTHER" ? "HTTP" : method(), trace::Kind::client, attempt.span,
              trace::text_of(link_.span), attempt.began, is_open ? ended_ : attempt.ended);
    std::string code(attempt.code);
    if (code.empty() && attempt.status >= 400) code = std::to_string(attempt.status);
    if (code.empty() && is_open && !exchange_.facts().complete) code = "cancelled";
    span.text("http.request.method", method());
    span.text("url.full", full_url(server));
    span.text("server.address", server.host);
    if (!server.host.starts_with('/')) span.number("server.port", server.port);
    if (attempt.status != 0) span.number("http.response.status_code", attempt.status);
    if (number != 0) span.number("http.request.resend_count", static_cast<std::int64_t>(number));
    span.text("error.type", code);
    span.text("gatewarden.upstream", exchange_.route()->upstream);
    span.end(!code.empty());
  }

  std::string full_url(const upstream::ServerUrl& server) const {
    std::string url = server.text + mask_path(exchange_.upstream_path());
    if (exchange_.target().has_query) url += "?" + mask_query(exchange_.target().query);
    return url;
  }

  const Exchange& exchange_;
  const TraceLink& link_;
  trace::Batch& batch_;
  const TimePoint ended_;
  std::chrono::nanoseconds offset_{0};  // from the steady clock to 1970
};

}  // namespace

bool Tracer::admits(TimePoint now) {
  if (budget_.has_room(now)) return true;
  queue_.drop(1);
  return false;
}

void Tracer::record(const Exchange& exchange) {
  if (batch_.count == 0) deadlines_.set_in(*this, kDelay);
  const std::size_t before = batch_.count;
  Recorder(exchange, batch_).write_all();
  budget_.spend(batch_.count - before);
  if (batch_.count >= kBatchSpans) flush();
}

void Tracer::flush() {
  if (batch_.count == 0) return;
  net::Deadlines::clear(*this);
  queue_.push(std::exchange(batch_, {}));
}

}  // namespace gw::exchange
