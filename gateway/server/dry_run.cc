// SPDX-License-Identifier: Apache-2.0
#include "server/dry_run.h"

#include <algorithm>

#include "exchange/access_log.h"
#include "exchange/counters.h"
#include "exchange/exchange.h"
#include "exchange/observer.h"
#include "http/h1_parser.h"
#include "jose/claims.h"
#include "net/address.h"
#include "net/dialer.h"

namespace gw::server {
namespace {

using exchange::Exchange;
using exchange::Verdict;

// Keeps the head of an answer; everything else goes nowhere.
class Recorder final : public http::ServerStream {
 public:
  void send_interim(const http::ResponseHead&) override {}
  void send_head(const http::ResponseHead& head) override {
    status = head.status;
    for (const http::Field& field : head.fields)
      if (!field.dropped) fields.emplace_back(field.name, field.value);
  }
  void send_body(std::string_view) override {}
  void send_end(const http::Fields&) override {}
  void abort() override {}
  void close_after_response() override {}
  void set_body_paused(bool) override {}
  void await_body_patiently() override {}
  std::size_t unsent() const override { return 0; }

  std::uint16_t status = 0;
  HeaderList fields;
};

class Witness final : public exchange::Observer {
 public:
  // Before each request.
  void begin(auth::IdentityRef presumed) {
    presumed_ = std::move(presumed);
    explanation = Explanation();
    finished = false;
    sent_fields = 0;
  }

  auth::IdentityRef presumed_identity() override { return presumed_; }

  void on_condition(const policy::Finding& finding) override {
    explanation.conditions.push_back(
        {finding.condition, std::string(finding.name), finding.met, std::string(finding.trouble)});
  }

  void on_decision(const policy::Decision& decision) override {
    explanation.would_refuse = decision.would_refuse();
    if (decision.would_refuse()) explanation.unenforced_code = info_of(*decision.fault()).code;
  }

  Verdict on_endpoint(Exchange& exchange) override {
    explanation.endpoint = exchange.target().path;
    return exchange.answer({});
  }

  Verdict on_forward(Exchange& exchange) override {
    explanation.outcome = Explanation::Outcome::forwarded;
    explanation.upstream = exchange.route()->upstream;
    explanation.upstream_url = exchange.upstream_path();
    if (exchange.target().has_query) explanation.upstream_url.append("?").append(exchange.target().query);
    http::Fields& fields = exchange.request().fields;
    for (std::size_t i = 0; i < fields.size(); ++i) {
      const http::Field& field = fields[i];
      if (i >= sent_fields && !field.dropped) explanation.added.emplace_back(field.name, field.value);
      // These two are written anew from what was understood of them.
      const bool is_framing =
          field.id == http::FieldName::host || field.id == http::FieldName::content_length;
      if (i < sent_fields && field.dropped && !is_framing) explanation.removed.emplace_back(field.name);
    }
    return exchange.answer({});
  }

  void on_finish(const Exchange& exchange) override {
    finished = true;
    explanation.client_ip = exchange.client_ip();
    if (exchange.route() != nullptr) {
      explanation.route = exchange.route()->name;
      explanation.route_place = exchange.route()->place;
    }
    if (const auth::Identity* identity = exchange.identity()) {
      explanation.subject = identity->subject;
      explanation.issuer = identity->issuer_name;
    }
    if (exchange.token_error()) explanation.reason = exchange.token_error()->detail;
    explanation.code = exchange.facts().code;
    explanation.shadow_code = exchange.facts().shadow;
  }

  Explanation explanation;
  std::size_t sent_fields = 0;
  bool finished = false;

 private:
  auth::IdentityRef presumed_;
};

struct Url {
  std::string scheme, authority, target;
};

std::optional<Url> split(const std::string& text) {
  Url url;
  if (text.starts_with("/") || text == "*") {
    url.target = text;
    return url;
  }
  const std::size_t colon = text.find("://");
  if (colon == std::string::npos) return std::nullopt;
  url.scheme = text.substr(0, colon);
  if (url.scheme != "http" && url.scheme != "https") return std::nullopt;
  const std::size_t path = text.find_first_of("/?#", colon + 3);
  url.authority = text.substr(colon + 3, path == std::string::npos ? path : path - colon - 3);
  url.target = path == std::string::npos ? "/" : text.substr(path);
  if (!url.target.starts_with("/")) url.target.insert(0, "/");
  if (url.authority.empty()) return std::nullopt;
  return url;
}

// The identity that a verified token with these claims would give.
auth::IdentityRef presume(const json::Value& claims, const auth::Issuers& issuers) {
  std::string_view name = "self";
  const json::Value* iss = claims.find("iss");
  const jose::ClaimNames* names = nullptr;
  for (const auth::Issuer& issuer : issuers) {
    const bool is_meant = iss != nullptr && iss->as_string() != nullptr && *iss->as_string() == issuer.issuer;
    if (!is_meant) continue;
    name = issuer.name;
    names = &issuer.claims;
  }
  json::Value payload = claims;
  return auth::make_identity(name, {}, std::move(payload), names == nullptr ? jose::ClaimNames() : *names);
}

}  // namespace

struct DryRun::Stage {
  Stage(std::shared_ptr<const exchange::Snapshot> shared, const std::vector<config::Listener>& all,
        auth::Revocations revoked)
      : snapshot(std::move(shared)), scratch(64 * 1024), revocations(std::move(revoked)) {
    for (const config::Listener& listener : all) {
      exchange::ListenerFacts facts;
      facts.door = listener.redirect_to_https ? exchange::Door::redirect : exchange::Door::proxy;
      facts.tls = listener.tls.has_value();
      facts.port = listener.address.port;
      facts.port_text = std::to_string(facts.port);
      facts.trusted_proxies = listener.trusted_proxies;
      listeners.push_back(std::move(facts));
    }
    world = make_local<exchange::World>(
        snapshot, upstream::ClusterWorker{loop, deadlines, dialer, buffers, scratch, snapshot->limits},
        nullptr, nullptr);
  }

  // The one that the URL means, else the first that serves.
  const exchange::ListenerFacts& choose(const Url& url) const {
    const std::size_t colon = url.authority.rfind(':');
    const std::string port = colon == std::string::npos ? "" : url.authority.substr(colon + 1);
    const exchange::ListenerFacts* best = nullptr;
    int highest = -1;
    for (const exchange::ListenerFacts& facts : listeners) {
      const bool scheme_fits = url.scheme.empty() || (url.scheme == "https") == facts.tls;
      const int score = (scheme_fits ? 4 : 0) + (!port.empty() && port == facts.port_text ? 2 : 0) +
                        (facts.door == exchange::Door::proxy ? 1 : 0);
      if (score <= highest) continue;
      highest = score;
      best = &facts;
    }
    return *best;
  }

  const std::shared_ptr<const exchange::Snapshot> snapshot;
  std::vector<exchange::ListenerFacts> listeners;
  net::EventLoop loop;
  net::Deadlines deadlines{loop};
  net::Dialer dialer{loop, deadlines};
  net::BufferPool buffers;
  std::vector<char> scratch;
  auth::Revocations revocations;
  net::BlockingPool pool{{1, 1}, "dry-run"};
  exchange::IdSource ids;
  exchange::LogWriter writer{"/dev/null"};
  exchange::AccessLog access_log{deadlines, writer};
  exchange::Counters counters;
  policy::LocalRateLimits rate_limits{{}, 1};  // not used
  Witness witness;
  exchange::Services services{loop,
                              deadlines,
                              buffers,
                              pool,
                              revocations,
                              ids,
                              access_log,
                              [](Exchange&) {},
                              [] { return true; },
                              [] { return false; },
                              [] { return std::vector<std::string>(); },
                              counters,
                              rate_limits,
                              nullptr,
                              nullptr,
                              nullptr,
                              nullptr,
                              &witness};
  LocalRef<exchange::World> world;
};

DryRun::DryRun(std::shared_ptr<const exchange::Snapshot> snapshot,
               const std::vector<config::Listener>& listeners, auth::Revocations revocations)
    : stage_(std::make_unique<Stage>(std::move(snapshot), listeners, std::move(revocations))) {}
DryRun::~DryRun() = default;

Result<Explanation, std::string> DryRun::run(const DryRequest& request) {
  const auto url = split(request.url);
  if (!url) return std::string("the URL is neither /path nor http(s)://host/path");
  const auto address = net::Address::parse(request.client_ip, 0);
  if (!address) return "\"" + request.client_ip + "\" is no IP address";
  if (request.claims && request.claims->as_object() == nullptr)
    return std::string("the claims are no JSON object");

  const exchange::ListenerFacts& listener = stage_->choose(*url);
  exchange::Downstream downstream;
  downstream.listener = &listener;
  downstream.peer_ip = request.client_ip;
  downstream.peer_is_trusted = std::any_of(listener.trusted_proxies.begin(), listener.trusted_proxies.end(),
                                           [&](const net::Cidr& network) { return address->is_in(network); });

  std::string head = request.method + " " + url->target + " HTTP/1.1\r\n";
  const bool names_host = std::any_of(request.headers.begin(), request.headers.end(), [](const auto& header) {
    return http::equal_without_case(header.first, "Host");
  });
  if (!names_host)
    head += "Host: " + (url->authority.empty() ? std::string("localhost") : url->authority) + "\r\n";
  for (const auto& [name, value] : request.headers) head += name + ": " + value + "\r\n";
  head += "\r\n";

  Witness& witness = stage_->witness;
  witness.begin(request.claims ? presume(*request.claims, *stage_->snapshot->issuers) : auth::IdentityRef());
  Recorder recorder;
  Exchange exchange(stage_->services);
  exchange.open(recorder, downstream, stage_->world);
  net::Buffer storage(stage_->buffers);
  storage.append(head);
  http::RequestParser parser(stage_->snapshot->limits);
  if (parser.parse(storage.view(), exchange.request_head()) == http::Parse::complete) {
    witness.sent_fields = exchange.request().fields.size();
    exchange.on_request_head(std::move(storage));
  } else {
    exchange.on_request_refused(parser.error());
  }
  if (!witness.finished) return std::string("the request came to no end");

  Explanation& explanation = witness.explanation;
  if (explanation.outcome == Explanation::Outcome::forwarded) return std::move(explanation);
  if (explanation.code.empty()) explanation.outcome = Explanation::Outcome::answered;
  explanation.status = explanation.endpoint.empty() ? recorder.status : 0;
  if (explanation.endpoint.empty()) explanation.answer = std::move(recorder.fields);
  return std::move(explanation);
}

}  // namespace gw::server
