// SPDX-License-Identifier: Apache-2.0
#include "exchange/exchange.h"

#include <algorithm>
#include <utility>

#include "auth/revocations.h"
#include "base/log.h"
#include "exchange/access_log.h"
#include "exchange/audit_log.h"
#include "exchange/counters.h"
#include "exchange/observer.h"
#include "exchange/receipts.h"
#include "exchange/steps.h"
#include "exchange/tracer.h"
#include "http/h1_writer.h"
#include "net/address.h"

namespace gw::exchange {
namespace {

constexpr std::size_t kSmallBody = 64 * 1024;  // of requests to our own endpoints
constexpr std::size_t kRefusal = 2048;         // bytes of most answers that say no
const http::Fields kNoFields;

}  // namespace

LoginWorld::LoginWorld(const Snapshot& snapshot, net::EventLoop& loop, store::Store& store)
    : sessions(loop, store, *snapshot.refresh_key, snapshot.tokens),
      lockout(loop, store, snapshot.login.lockout) {}

World::World(std::shared_ptr<const Snapshot> shared, const upstream::ClusterWorker& worker,
             store::Store* store, const World* former)
    : snapshot(std::move(shared)),
      loop(worker.loop),
      verifier(snapshot->issuers, snapshot->tokens.cache_bytes) {
  for (const auto& spec : snapshot->clusters) {
    const upstream::Cluster* namesake = nullptr;
    LocalRef<upstream::Cluster> cluster;
    for (std::size_t i = 0; former != nullptr && i < former->clusters.size(); ++i) {
      if (former->clusters[i]->options().name == spec->options.name) namesake = former->clusters[i].get();
      if (upstream::are_alike(former->clusters[i]->options(), spec->options)) cluster = former->clusters[i];
    }
    clusters.push_back(cluster ? cluster : make_local<upstream::Cluster>(spec, worker, namesake));
  }
  const auto& issuers = *snapshot->issuers;
  if (std::any_of(issuers.begin(), issuers.end(),
                  [](const auto& one) { return one.introspection.has_value(); }))
    introspector = std::make_unique<auth::Introspector>(loop, snapshot->issuers);
  if (snapshot->backends != nullptr && store != nullptr) login.emplace(*snapshot, worker.loop, *store);
  if (snapshot->keys == nullptr) return;
  keys = snapshot->keys;
  signer.emplace(keys->current());
  assertions.emplace(keys->current(), snapshot->tokens.issuer);
}

const auth::IdentityRef& World::anonymous(const policy::Route& route) {
  auth::IdentityRef& identity = anonymous_[&route];
  if (!identity) identity = auth::make_identity({}, {}, *route.anonymous, {});
  return identity;
}

// The last exchange of a former world may end in a callback of this.
World::~World() {
  if (introspector != nullptr) loop.defer_delete(std::move(introspector));
}

void World::use_keys(std::shared_ptr<const auth::KeyStore> newer) {
  if (keys == nullptr || newer == nullptr) return;
  verifier.replace_keys(auth::kSelfIssuer, newer->verification_keys());
  keys = std::move(newer);
  signer.emplace(keys->current());
  assertions->use_key(keys->current());
}

Exchange::Exchange(Services& services)
    : services_(services), head_storage_(services.buffers), relay_(*this) {}

Exchange::~Exchange() = default;

void Exchange::open(http::ServerStream& stream, const Downstream& downstream, LocalRef<World> world) {
  stream_ = &stream;
  downstream_ = &downstream;
  world_ = std::move(world);
  state_ = State::running;
  request_.clear();
}

void Exchange::on_request_head(net::Buffer storage) {
  head_storage_ = std::move(storage);
  started_ = services_.loop.now();
  own_id_ = services_.ids.next();
  request_id_ = {own_id_.data(), own_id_.size()};
  if (snapshot().trace_sample) link_trace();
  set_steps(downstream_->listener->door == Door::redirect ? std::span<const Step>(kRedirectSteps)
                                                          : std::span<const Step>(kEntrySteps));
  advance();
}

void Exchange::on_request_refused(const Error& error) {
  request_.clear();  // may be half-read
  set_client(downstream_->peer_ip, downstream_->listener->tls);
  started_ = services_.loop.now();
  own_id_ = services_.ids.next();
  request_id_ = {own_id_.data(), own_id_.size()};
  if (snapshot().trace_sample) link_trace();
  refuse(error);
  reply_.close = true;
  send_reply();
}

void Exchange::on_request_body(std::string_view bytes) {
  facts_.received += bytes.size();
  if (state_ == State::relaying) return relay_.on_request_body(bytes);
  if (!collects_body_) return;
  if (body_.size() + bytes.size() > kSmallBody) return fail(Fault::content_too_large);
  body_.append(bytes);
}

void Exchange::on_request_end(http::Fields& trailers) {
  if (state_ == State::relaying) return relay_.on_request_end(trailers);
  if (!std::exchange(collects_body_, false)) return;
  resume();
}

void Exchange::on_request_failed(const Error& error) {
  if (facts_.status == 0) stream_->close_after_response();
  fail(error);
}

void Exchange::on_downstream_gone() {
  stream_ = nullptr;
  finish(false);
}

policy::Caller Exchange::caller() const {
  policy::Caller caller = token_error_ ? policy::Caller::rejected(token_error_->fault)
                          : identity_  ? policy::Caller::verified(*identity_)
                                       : policy::Caller::anonymous();
  if (route_ != nullptr && route_->require.client_certificate)
    caller.shows(downstream_->certificate, names_the_host());
  return caller;
}

// Clients send no name for an address (RFC 6066 3).
bool Exchange::names_the_host() const {
  if (!downstream_->listener->tls) return true;
  if (!downstream_->server_name.empty()) return downstream_->server_name == host_;
  return host_.empty() || host_.front() == '[' || net::Address::parse(host_, 0).has_value();
}

void Exchange::set_client(std::string ip, bool secure) {
  client_ip_ = std::move(ip);
  client_is_secure_ = secure;
}

void Exchange::set_target(http::Target target, std::string_view host) {
  target_ = target;
  host_ = host;
}

// A trace that somebody else began is sampled as they say; one that begins here, by chance.
void Exchange::link_trace() {
  if (std::exchange(link_.is_known, true)) return;
  const std::optional<double>& share = snapshot().trace_sample;
  if (const auto parent = trace::find_parent(request_.fields)) {
    link_.has_parent = true;
    link_.trace = parent->trace;
    link_.parent = parent->span;
    link_.is_sampled = parent->sampled;
  } else {
    link_.trace = services_.ids.next();
    link_.is_sampled = share && trace::is_in_share(link_.trace, *share);
  }
  link_.has_spans = link_.is_sampled && share && services_.tracer != nullptr &&
                    downstream_->listener->door != Door::admin &&
                    services_.tracer->admits(services_.loop.now());
  if (link_.has_spans) link_.span = services_.ids.next_span();
}

void Exchange::begin_attempt(const upstream::Server& server) {
  if (!link_.has_spans) return;
  UpstreamAttempt attempt{.span = services_.ids.next_span(), .server = &server, .began = steady_now()};
  trace::format_traceparent(trace_scratch_.data(), link_.trace, attempt.span, link_.is_sampled);
  link_.attempts.push_back(attempt);
}

void Exchange::fail_attempt(Fault fault) {
  if (link_.attempts.empty()) return;
  link_.attempts.back().ended = steady_now();
  link_.attempts.back().code = info_of(fault).code;
}

void Exchange::note_attempt_status(std::uint16_t status) {
  if (!link_.attempts.empty()) link_.attempts.back().status = status;
}

policy::ConditionListener* Exchange::begin_decision() {
  if (services_.observer != nullptr) return services_.observer;
  if (services_.receipts == nullptr) return nullptr;
  decided_ = steady_now();
  return &trace_;
}

policy::RequestFacts Exchange::request_facts() const {
  return {.method = request_.method_text,
          .path = target_.path,
          .host = host_,
          .query = target_.query,
          .scheme = client_is_secure_ ? "https" : "http",
          .client_ip = client_ip_,
          .fields = &request_.fields,
          .captures = &captures_,
          .now = services_.loop.wall()};
}

void Exchange::set_route(const policy::RouteMatch& match, const RoutePlan* plan) {
  route_ = match.route;
  captures_ = match.captures;
  plan_ = plan;
}

void Exchange::set_cors(const policy::Cors& cors, bool preflight) {
  cors_ = &cors;
  origin_ = policy::origin_of(request_.fields);
  is_preflight_ = preflight;
}

bool Exchange::is_from_login_origin() const {
  const auto& cors = snapshot().login_cors;
  return cors && cors_ == &*cors && cors->allows(origin_);
}

void Exchange::set_rate_limit(const policy::RateLimit& limit, const policy::Spent& spent) {
  rate_limit_ = &limit;
  rate_limit_text_ = policy::format_rate_limit(limit, spent, rate_limit_scratch_);
}

void Exchange::set_steps(std::span<const Step> steps) {
  steps_ = steps;
  next_ = 0;
}

void Exchange::set_credential(CredentialSource source, std::string_view token) {
  credential_source_ = source;
  token_ = token;
}

void Exchange::become(auth::IdentityRef identity) {
  identity_ = std::move(identity);
  token_error_.reset();
}

void Exchange::forget_credential() {
  set_credential(CredentialSource::none, {});
  identity_.reset();
  token_error_.reset();
}

void Exchange::reject_token(Error error) {
  if (log::enabled(log::Level::debug))
    log::debug("token rejected",
               {{"request_id", request_id_}, {"code", info_of(error.fault).code}, {"why", error.detail}});
  identity_.reset();
  token_error_ = std::move(error);
}

std::string_view Exchange::keep(std::string text) {
  kept_.push_back(std::make_unique<std::string>(std::move(text)));
  return *kept_.back();
}

Verdict Exchange::refuse(const Error& error, const Challenge& challenge, const json::Value& errors) {
  const FaultInfo& fault = info_of(error.fault);
  if (!error.detail.empty())
    log::write(fault.blame == Blame::client ? log::Level::debug : log::Level::warn, "request refused",
               {{"request_id", request_id_}, {"code", fault.code}, {"why", error.detail}});
  if (refusal_maker_ != nullptr) return answer(refusal_maker_(*this, error, challenge, errors));
  reply_.clear();
  write_refusal(reply_, error, request_id_, challenge, errors);
  return Verdict::reply;
}

Reply Exchange::make_refusal(const Error& error) {
  return refusal_maker_ != nullptr ? refusal_maker_(*this, error, {}, {}) : reply_for(error, request_id_);
}

void Exchange::add_basic_challenge() {
  constexpr std::uint16_t kUnauthorized = 401;
  if (reply_.status == kUnauthorized)
    reply_.fields.emplace_back("WWW-Authenticate", "Basic realm=\"gatewarden\", charset=\"UTF-8\"");
}

Verdict Exchange::answer(Reply reply) {
  reply_ = std::move(reply);
  return Verdict::reply;
}

Verdict Exchange::wait_for(net::Operation operation) {
  operation_ = std::move(operation);
  return Verdict::wait;
}

Verdict Exchange::wait_for_body() {
  if (!request_.has_body()) return Verdict::proceed;
  // Refused before 100, so that no body is sent for nothing.
  if (request_.framing == http::Framing::length && request_.content_length > kSmallBody)
    return refuse(Fault::content_too_large);
  if (request_.expects_continue) {
    http::ResponseHead interim;
    interim.status = 100;
    interim.reason = "Continue";
    stream_->send_interim(interim);
  }
  collects_body_ = true;
  stream_->set_body_paused(false);
  return Verdict::wait;
}

void Exchange::resume(Verdict verdict) {
  if (state_ != State::waiting) return;
  state_ = State::running;
  if (verdict == Verdict::reply) return send_reply();
  if (verdict == Verdict::wait) {
    state_ = State::waiting;
    return;
  }
  advance();
}

void Exchange::advance() {
  while (next_ != steps_.size()) {
    switch (steps_[next_++].run(*this)) {
      case Verdict::proceed:
        break;
      case Verdict::wait:
        state_ = State::waiting;
        return;
      case Verdict::reply:
        return send_reply();
      case Verdict::finished:
        if (state_ == State::running) state_ = State::relaying;
        return;
    }
  }
  finish(true);
}

// Over HTTP/1 nobody speaks gRPC; grpc-web is another protocol.
bool Exchange::is_grpc() const {
  if (request_.version != http::Version::http2) return false;
  const http::Field* type = request_.fields.find(http::FieldName::content_type);
  return type != nullptr && is_grpc_type(type->value);
}

void Exchange::send_reply() {
  const std::uint16_t meant = reply_.status;
  // Whoever asks another table than the routes' (/auth/verify above all) goes by the status alone.
  const bool is_routed = steps_.data() == kProxySteps.data() && !is_verification_;
  const bool to_grpc = !reply_.code.empty() && is_routed && is_grpc();
  if (to_grpc) speak_grpc(reply_);
  http::ResponseHead& head = reply_head_;
  head.clear();
  head.status = reply_.status;
  head.reason = http::reason_of(reply_.status);
  head.framing = reply_.body.empty() ? http::Framing::none : http::Framing::length;
  head.content_length = reply_.body.size();
  if (!reply_.body.empty() || to_grpc) head.fields.add(http::FieldName::content_type, reply_.content_type);
  head.fields.add(http::FieldName::cache_control, reply_.cache_control);
  head.fields.add(http::FieldName::x_content_type_options, "nosniff");
  if (!reply_.challenge.empty()) head.fields.add(http::FieldName::www_authenticate, reply_.challenge);
  for (const auto& [name, value] : reply_.fields) head.fields.add(name, value);
  if (reply_.code.empty() && plan_ != nullptr && plan_->response_changes && !is_verification_)
    plan_->response_changes->apply(head.fields);
  facts_.code = reply_.code;
  if (reply_.close) stream_->close_after_response();
  collects_body_ = false;
  begin_response(head);
  facts_.status = meant;
  facts_.sent = request_.method == http::Method::head ? 0 : reply_.body.size();
  stream_->send_body(reply_.body);
  stream_->send_end(kNoFields);
  finish(true);
}

void Exchange::fail(const Error& error) {
  relay_.stop();
  if (facts_.status == 0) {
    refuse(error);
    return send_reply();
  }
  log::warn("response broken off",
            {{"request_id", request_id_}, {"code", info_of(error.fault).code}, {"why", error.detail}});
  facts_.code = info_of(error.fault).code;
  std::exchange(stream_, nullptr)->abort();
  finish(false);
}

void Exchange::begin_response(http::ResponseHead& head) {
  facts_.status = head.status;
  if (cors_ != nullptr && is_preflight_) cors_->apply_to_preflight(head.fields, origin_);
  if (cors_ != nullptr && !is_preflight_) cors_->apply(head.fields, origin_);
  if (!rate_limit_text_.empty()) {
    head.fields.add("RateLimit-Policy", rate_limit_->policy_text());
    head.fields.add("RateLimit", rate_limit_text_);
  }
  head.fields.drop(http::FieldName::x_request_id);
  head.fields.add(http::FieldName::x_request_id, request_id_);
  if (!cookies_.empty() || !dpop_nonce_.empty()) {
    for (const char* name : {"Cache-Control", "Expires", "Age"}) head.fields.drop(name);
    head.fields.add(http::FieldName::cache_control, "no-store");
    for (const std::string& cookie : cookies_) head.fields.add("Set-Cookie", cookie);
  }
  if (!dpop_nonce_.empty()) {
    head.fields.drop("DPoP-Nonce");
    head.fields.add("DPoP-Nonce", dpop_nonce_);
  }
  stream_->send_head(head);
}

void Exchange::finish(bool complete) {
  if (state_ == State::finished || state_ == State::idle) return;
  state_ = State::finished;
  facts_.complete = complete;
  operation_.reset();
  relay_.stop();
  if (services_.observer != nullptr) services_.observer->on_finish(*this);
  if (!request_id_.empty()) record();
  reset();
  services_.release(*this);
}

// Who looks at the admin address is no client and is not counted.
void Exchange::record() {
  if (world_->snapshot->access_log) services_.access_log.record(*this);
  if (services_.audit != nullptr) services_.audit->record(*this);
  if (downstream_->listener->door == Door::admin) return;
  if (services_.receipts != nullptr) services_.receipts->note(*this);
  if (link_.has_spans) services_.tracer->record(*this);
  const bool is_proxied = plan_ != nullptr && !route_->respond;
  services_.counters.record(
      {.status = facts_.status,
       .code = facts_.code,
       .upstream = is_proxied ? std::string_view(route_->upstream) : std::string_view(),
       .route = route_ != nullptr && !is_preflight_ ? std::string_view(route_->name) : std::string_view(),
       .refusal = facts_.refusal,
       .is_login = facts_.is_login,
       .would_refuse = !facts_.unenforced.empty(),
       .shadow_would_refuse = !facts_.shadow.empty(),
       .spent = services_.loop.now() - started_});
}

// Ready for another request: what is kept is memory.
void Exchange::reset() {
  state_ = State::idle;
  stream_ = nullptr;
  world_.reset();
  head_storage_.clear();
  collects_body_ = client_is_secure_ = is_verification_ = is_preflight_ = false;
  asked_ = {};
  credential_source_ = CredentialSource::none;
  route_ = nullptr;
  plan_ = nullptr;
  captures_ = {};
  cors_ = nullptr;
  rate_limit_ = nullptr;
  rate_limit_text_ = origin_ = {};
  running_request_.reset();
  token_ = {};
  identity_.reset();
  token_error_.reset();
  // Views into what is gone: the access log of a refused head must not find them.
  target_ = {};
  host_ = upstream_path_ = request_id_ = {};
  if (body_.capacity() != 0) wipe(body_);  // may hold a password
  kept_.clear();
  cookies_.clear();
  dpop_nonce_.clear();
  refusal_maker_ = nullptr;
  endpoint_state_.reset();
  // Refusals come in floods, and hold no secret: their memory is kept.
  if (reply_.code.empty() || reply_.body.capacity() + reply_.challenge.capacity() > kRefusal)
    reply_ = Reply();
  else
    reply_.clear();
  facts_ = Facts();
  decided_ = {};
  trace_.clear();
  link_ = {};
}

}  // namespace gw::exchange
