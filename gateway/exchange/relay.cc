// SPDX-License-Identifier: Apache-2.0
#include "exchange/relay.h"

#include "exchange/balance_key.h"
#include "exchange/exchange.h"
#include "exchange/hop_by_hop.h"
#include "exchange/trailers.h"

namespace gw::exchange {
namespace {

// A server that says nothing to `Expect: 100-continue` gets the body all the same (RFC 9110 10.1.1).
constexpr Duration kContinue = 1s;
constexpr std::size_t kKeptBody = 16 * 1024;  // of a request that may be sent again
constexpr unsigned kInterimAnswers = 64;      // to one request; more is a flood
constexpr const char* kManyNames = "Connection names too many fields";
constexpr Duration kTunnelTick = 1s;        // looks after the token that opened a tunnel
constexpr Duration kTunnelQuiet = 1h;       // without a byte in either direction
constexpr std::uint16_t kGoingAway = 1001;  // RFC 6455 7.4.1
constexpr std::uint16_t kTokenOver = 4401;
const http::Fields kNoFields;

}  // namespace

const upstream::ClusterOptions& Relay::options() const {
  return exchange_.world().clusters[exchange_.plan()->cluster]->options();
}

Verdict Relay::acquire() {
  begun_ = false;
  attempts_ = 0;
  body_passed_ = 0;
  body_ended_ = false;
  can_resend_ = true;
  kept_.clear();
  upstream::Cluster& cluster = *exchange_.world().clusters[exchange_.plan()->cluster];
  server_ = cluster.pick(nullptr, balance_key(exchange_, cluster.options()));
  if (server_ == nullptr)
    return exchange_.refuse({Fault::no_healthy_upstream, cluster.options().name + ": every server is down"});
  exchange_.begin_attempt(*server_);
  lease_ = server_->try_acquire();
  return lease_ ? Verdict::proceed : dial();
}

Verdict Relay::dial() {
  state_ = State::connecting;
  operation_ = server_->acquire([this](Result<upstream::Lease> lease) { on_acquired(std::move(lease)); });
  return Verdict::wait;
}

void Relay::on_acquired(Result<upstream::Lease> lease) {
  if (lease) {
    lease_ = std::move(*lease);
    if (!begun_) return exchange_.resume();  // the next step is `relay`
    return send_request();
  }
  exchange_.fail_attempt(lease.error().fault);
  if (lease.error().fault != Fault::overloaded) server_->note_failure();
  // Nothing was sent: any method may try the next server.
  if (attempts_ < options().retries && lease.error().fault != Fault::overloaded) return retry();
  exchange_.fail(lease.error());
}

Verdict Relay::begin() {
  begun_ = true;
  // A call may stay open for as long as its sides like, and be silent.
  if (exchange_.is_grpc()) exchange_.stream().await_body_patiently();
  send_request();
  return Verdict::finished;
}

void Relay::send_request() {
  state_ = State::awaiting;
  const http::RequestHead& head = exchange_.request();
  const bool rewrites_host = options().host == upstream::HostHeader::rewrite || head.authority.empty();
  http::UpstreamRequest request;
  request.method = head.method;
  request.method_text = head.method_text;
  request.path = exchange_.upstream_path();
  request.query = exchange_.target().query;
  request.has_query = exchange_.target().has_query;
  request.authority = rewrites_host ? std::string_view(lease_.server().authority()) : head.authority;
  request.fields = &head.fields;
  request.framing = head.framing;
  request.content_length = head.content_length;
  request.takes_trailers = exchange_.asked().trailers;
  request.upgrades = exchange_.asked().websocket && !options().http2;
  asked_at_ = exchange_.services().loop.now();
  lease_.stream().send_head(request, *this);

  interim_answers_ = 0;
  awaits_continue_ = false;
  net::Deadlines& deadlines = exchange_.services().deadlines;
  if (!head.has_body()) {
    lease_.stream().send_end(kNoFields);
    deadlines.set_in(*this, exchange_.plan()->response_timeout);
  } else if (body_ended_ || body_passed_ != 0) {
    resend_body();
  } else if (head.expects_continue) {
    awaits_continue_ = true;
    deadlines.set_in(*this, kContinue);
  } else {
    let_body_come();
  }
}

void Relay::resend_body() {
  if (!kept_.empty()) lease_.stream().send_body(kept_);
  if (!body_ended_) return let_body_come();
  lease_.stream().send_end(kNoFields);
  exchange_.services().deadlines.set_in(*this, exchange_.plan()->response_timeout);
}

void Relay::let_body_come() {
  awaits_continue_ = false;
  exchange_.services().deadlines.set_in(*this, exchange_.plan()->response_timeout);
  exchange_.stream().set_body_paused(false);
}

void Relay::on_request_body(std::string_view bytes) {
  body_passed_ += bytes.size();
  if (state_ == State::tunnelling)
    passed_at_ = exchange_.services().loop.now();
  else if (body_passed_ > exchange_.plan()->max_body)
    return exchange_.fail(Fault::content_too_large);
  keep_body(bytes);
  lease_.stream().send_body(bytes);
  // While the body goes, the answer may take its time.
  if (state_ == State::awaiting)
    exchange_.services().deadlines.set_in(*this, exchange_.plan()->response_timeout);
  if (lease_.stream().unsent() >= http::ClientStream::kHighWatermark)
    exchange_.stream().set_body_paused(true);
}

void Relay::keep_body(std::string_view bytes) {
  can_resend_ = can_resend_ && http::is_idempotent(exchange_.request().method) &&
                attempts_ < options().retries && bytes.size() <= kKeptBody - kept_.size();
  if (can_resend_)
    kept_.append(bytes);
  else
    kept_ = {};
}

// HTTP/1 services have merged trailers into the head, where they say what they like: they get none.
void Relay::on_request_end(http::Fields& trailers) {
  body_ended_ = true;
  if (options().http2 && trailers.size() != 0) {
    can_resend_ = false;
    filter_request_trailers(exchange_, trailers);
    lease_.stream().send_end(trailers);
  } else {
    lease_.stream().send_end(kNoFields);
  }
  if (state_ == State::awaiting)
    exchange_.services().deadlines.set_in(*this, exchange_.plan()->response_timeout);
}

void Relay::on_response_drained() {
  if (lease_) lease_.stream().set_body_paused(false);
}

void Relay::stop() {
  state_ = State::idle;
  net::Deadlines::clear(*this);
  operation_.reset();
  lease_.release();
}

bool Relay::may_try_again() const {
  return lease_ && can_resend_ && attempts_ < options().retries;
}

// A new connection that dies unanswered is a server that goes down: another may be asked, the same not.
bool Relay::may_retry(http::UpstreamFailure failure) const {
  if (failure == http::UpstreamFailure::refused) return may_try_again();
  const bool elsewhere = exchange_.world().clusters[exchange_.plan()->cluster]->size() > 1;
  return failure == http::UpstreamFailure::unanswered && may_try_again() &&
         (lease_.stream().is_reused() || elsewhere) && http::is_idempotent(exchange_.request().method);
}

// On a new connection: other idle ones may be as dead as this one was.
void Relay::retry() {
  ++attempts_;
  net::Deadlines::clear(*this);
  exchange_.stream().set_body_paused(true);  // until there is somebody to pass it on to
  lease_.release();
  upstream::Cluster& cluster = *exchange_.world().clusters[exchange_.plan()->cluster];
  server_ = cluster.pick(server_, balance_key(exchange_, cluster.options()));
  if (server_ == nullptr)
    return exchange_.fail({Fault::no_healthy_upstream, cluster.options().name + ": every server is down"});
  exchange_.begin_attempt(*server_);
  dial();
}

void Relay::on_interim_head(http::ResponseHead& head) {
  if (++interim_answers_ > kInterimAnswers)
    return on_upstream_failed(http::UpstreamFailure::protocol, "too many interim answers");
  if (head.status == 100) {
    if (!awaits_continue_) return;
    exchange_.stream().send_interim(head);
    return let_body_come();
  }
  if (!drop_hop_by_hop(head.fields)) return on_upstream_failed(http::UpstreamFailure::protocol, kManyNames);
  exchange_.stream().send_interim(head);
}

void Relay::on_response_head(http::ResponseHead& head) {
  state_ = State::answering;
  net::Deadlines::clear(*this);
  server_->note_answer_after(exchange_.services().loop.now() - asked_at_);
  note_answer(head.status);
  exchange_.note_attempt_status(head.status);
  if (!drop_hop_by_hop(head.fields)) return on_upstream_failed(http::UpstreamFailure::protocol, kManyNames);
  // The length of what a GET would get is told as it came; any other framing is written anew.
  if (exchange_.request().method != http::Method::head && head.status != 304)
    head.fields.drop(http::FieldName::content_length);
  if (const auto& changes = exchange_.plan()->response_changes) changes->apply(head.fields);
  exchange_.begin_response(head);
  if (head.status == 101) watch_tunnel();
}

void Relay::watch_tunnel() {
  state_ = State::tunnelling;
  to_client_ = {};
  passed_at_ = exchange_.services().loop.now();
  exchange_.stream().await_body_patiently();
  exchange_.stream().set_body_paused(false);
  exchange_.services().deadlines.set_in(*this, kTunnelTick);
}

void Relay::check_tunnel() {
  Services& services = exchange_.services();
  const auth::Identity* identity = exchange_.identity();
  if (identity != nullptr && exchange_.route()->stream_auth == policy::StreamAuth::token) {
    if (services.loop.wall() >= identity->expires_at) return end_tunnel(kTokenOver, "token expired");
    if (services.revocations.is_revoked(*identity)) return end_tunnel(kTokenOver, "token revoked");
  }
  if (services.is_draining()) return on_drain();  // it was opened while the gateway was going down already
  if (services.loop.now() >= passed_at_ + kTunnelQuiet) return end_tunnel(kGoingAway, "idle");
  services.deadlines.set_in(*this, kTunnelTick);
}

void Relay::end_tunnel(std::uint16_t code, std::string_view why) {
  // Amid a frame of the service the client would read it as payload: then there is only the end.
  if (to_client_.at_boundary()) exchange_.stream().send_body(http::websocket_close(code, why));
  exchange_.stream().send_end(kNoFields);
  exchange_.finish(true);
}

// A tunnel has no end of its own; 1001 tells a client to come again, to somebody else.
void Relay::on_drain() {
  if (state_ == State::tunnelling) end_tunnel(kGoingAway, "going away");
}

void Relay::on_response_body(std::string_view bytes) {
  exchange_.facts().sent += bytes.size();
  if (state_ == State::tunnelling) {
    to_client_.follow(bytes);
    passed_at_ = exchange_.services().loop.now();
  }
  exchange_.stream().send_body(bytes);
  if (exchange_.stream().unsent() >= http::ServerStream::kHighWatermark)
    lease_.stream().set_body_paused(true);
}

// A client of HTTP/1 may read trailers wherever it likes, so it gets those that it asked for (RFC
// 9110 6.5.1).
void Relay::on_response_end(http::Fields& trailers) {
  const bool wanted = exchange_.request().version == http::Version::http2 || exchange_.asked().trailers;
  if (wanted && trailers.size() != 0) {
    filter_response_trailers(exchange_, trailers);
    exchange_.stream().send_end(trailers);
  } else {
    exchange_.stream().send_end(kNoFields);
  }
  exchange_.finish(true);
}

void Relay::on_upstream_failed(http::UpstreamFailure failure, const char* why) {
  const bool is_stale = failure == http::UpstreamFailure::unanswered && lease_.stream().is_reused();
  if (!is_stale && failure != http::UpstreamFailure::refused) server_->note_failure();
  exchange_.fail_attempt(Fault::upstream_protocol);
  if (may_retry(failure)) return retry();
  // Once connected the server may have acted on the request, so this is no refusal to connect.
  exchange_.fail({Fault::upstream_protocol, lease_.server().url().text + ": " + why});
}

// What a proxy or an overloaded service says of itself counts against a server; an error of one request not.
void Relay::note_answer(std::uint16_t status) {
  if (status == 502 || status == 503 || status == 504)
    server_->note_failure();
  else
    server_->note_success();
}

void Relay::on_upstream_drained() {
  exchange_.stream().set_body_paused(false);
  if (state_ == State::awaiting)
    exchange_.services().deadlines.set_in(*this, exchange_.plan()->response_timeout);
}

void Relay::on_deadline() {
  if (state_ == State::tunnelling) return check_tunnel();
  if (awaits_continue_) {
    http::ResponseHead interim;
    interim.status = 100;
    interim.reason = "Continue";
    exchange_.stream().send_interim(interim);
    return let_body_come();
  }
  server_->note_failure();
  exchange_.fail_attempt(Fault::upstream_timeout);
  exchange_.fail({Fault::upstream_timeout, lease_.server().url().text + ": no answer in time"});
}

}  // namespace gw::exchange
