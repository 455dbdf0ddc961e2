// SPDX-License-Identifier: Apache-2.0
// One request and its answer. Walks a table of steps; the steps read and write what is here.
// THREAD: one worker.  OWNERSHIP: the worker keeps exchanges and uses them again; one is handed back by
// Services::release when it has finished, which happens always and once.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>

#include "auth/identity.h"
#include "exchange/downstream.h"
#include "exchange/relay.h"
#include "exchange/reply.h"
#include "exchange/services.h"
#include "exchange/snapshot.h"
#include "exchange/step.h"
#include "exchange/trace_link.h"
#include "http/path.h"
#include "http/server_stream.h"
#include "policy/condition_trace.h"
#include "policy/cors.h"
#include "policy/decision.h"
#include "policy/rate_limit.h"

namespace gw::exchange {

// What an endpoint keeps from one of its steps to the next.
class EndpointState {
 public:
  virtual ~EndpointState() = default;
};

enum class CredentialSource : std::uint8_t {
  none,
  authorization,  // Bearer
  dpop,           // in the same field, with a proof beside it (RFC 9449)
  cookie,
};

class Exchange final : public http::RequestEvents {
 public:
  explicit Exchange(Services& services);
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;
  ~Exchange();

  // A request begins on `stream`.
  void open(http::ServerStream& stream, const Downstream& downstream, LocalRef<World> world);

  // For steps: what is known.
  http::RequestHead& request() { return request_; }
  const http::RequestHead& request() const { return request_; }
  const Downstream& downstream() const { return *downstream_; }
  // The verified certificate of the client; null without one, and where a proxy asks about the request of
  // another: the certificate is the proxy's then.
  const net::PeerCertificate* shown_certificate() const {
    return is_verification_ ? nullptr : downstream_->certificate;
  }
  Services& services() { return services_; }
  const Snapshot& snapshot() const { return *world_->snapshot; }
  World& world() { return *world_; }
  TimePoint started() const { return started_; }
  TimePoint decided() const { return decided_; }  // zero: not yet
  WallSeconds wall() const { return services_.loop.wall(); }
  const policy::ConditionTrace& trace() const { return trace_; }
  std::string_view request_id() const { return request_id_; }
  std::string_view client_ip() const { return client_ip_; }
  // The request is a proxy's question about another one, which has taken its place.
  bool is_verification() const { return is_verification_; }
  bool client_is_secure() const { return client_is_secure_; }  // as a trusted proxy says, else TLS here
  const http::Target& target() const { return target_; }
  std::string_view host() const { return host_; }  // normalised; empty without any
  const policy::Route* route() const { return route_; }
  const RoutePlan* plan() const { return plan_; }
  // What conditions may ask of the request.
  policy::RequestFacts request_facts() const;
  std::string_view upstream_path() const { return upstream_path_; }  // after the rewrite
  std::string_view token() const { return token_; }
  CredentialSource credential_source() const { return credential_source_; }
  // The verified identity; null when there is none.
  const auth::Identity* identity() const { return identity_.get(); }
  const auth::IdentityRef& identity_ref() const { return identity_; }
  policy::Caller caller() const;
  std::string& body() { return body_; }

  // For steps: what they find out.
  void set_request_id(std::string_view id) { request_id_ = id; }
  void set_client(std::string ip, bool secure);
  void set_target(http::Target target, std::string_view host);
  void set_upstream_path(std::string_view path) { upstream_path_ = path; }
  void set_route(const policy::RouteMatch& match, const RoutePlan* plan);
  // Who hears of the conditions of the decision that is made now; null: nobody.
  policy::ConditionListener* begin_decision();
  void set_verification() { is_verification_ = true; }
  // Every answer from now on says what scripts of the request's origin may do with it.
  void set_cors(const policy::Cors& cors, bool preflight);
  // True when `login.origins` names where the request comes from.
  bool is_from_login_origin() const;
  // What a limit has left; every answer from now on says it.
  void set_rate_limit(const policy::RateLimit& limit, const policy::Spent& spent);
  void hold(policy::RunningRequest running) { running_request_ = std::move(running); }
  void set_steps(std::span<const Step> steps);
  void set_credential(CredentialSource source, std::string_view token);
  void become(auth::IdentityRef identity);
  void reject_token(Error error);
  void forget_identity() { identity_.reset(); }
  // What the fields of the connection said before they were dropped.
  struct Asked {
    bool websocket = false;
    bool trailers = false;  // TE: trailers
  };
  void set_asked(Asked asked) { asked_ = asked; }
  Asked asked() const { return asked_; }
  bool is_grpc() const;
  // As if no token had been sent.
  void forget_credential();
  // Set-Cookie on the answer, whoever makes it; no cache may keep that then.
  void add_cookie(std::string cookie) { cookies_.push_back(std::move(cookie)); }
  // Of every answer from now on (RFC 9449 8.2); no cache may keep that then.
  void set_dpop_nonce(std::string nonce) { dpop_nonce_ = std::move(nonce); }
  // Who makes the error responses from now on: a page, say, where a person asks.
  using RefusalMaker = Reply (*)(Exchange&, const Error&, const Challenge&, const json::Value& errors);
  void set_refusal_maker(RefusalMaker maker) { refusal_maker_ = maker; }
  template <class State>
  State& endpoint_state() {
    if (!endpoint_state_) endpoint_state_ = std::make_unique<State>();
    return static_cast<State&>(*endpoint_state_);
  }
  template <class State>
  State* find_endpoint_state() {
    return static_cast<State*>(endpoint_state_.get());
  }
  // Text that lives as long as the exchange.
  std::string_view keep(std::string text);
  // Room for what steps make of the request; kept for its memory.
  std::string& path_scratch() { return path_scratch_; }
  std::string& host_scratch() { return host_scratch_; }
  std::string& rewrite_scratch() { return rewrite_scratch_; }
  std::array<char, 64>& trace_scratch() { return trace_scratch_; }

  // The trace that the request is part of, known from now on.
  void link_trace();
  TraceLink& trace_link() { return link_; }
  const TraceLink& trace_link() const { return link_; }
  // A server is tried, and what came of it; only noted where there are spans.
  void begin_attempt(const upstream::Server& server);
  void fail_attempt(Fault fault);
  void note_attempt_status(std::uint16_t status);

  // For steps: verdicts.
  Verdict refuse(const Error& error, const Challenge& challenge = {}, const json::Value& errors = {});
  Reply make_refusal(const Error& error);
  Verdict answer(Reply reply);
  void add_basic_challenge();  // to a 401 that has been made
  Verdict wait_for(net::Operation operation);
  Verdict wait_for_body();  // collects it; resumes at its end
  // From the callback of a waited-for operation.
  void resume(Verdict verdict = Verdict::proceed);

  // Outside of a step: answers, or breaks the response when its head is out.
  void fail(const Error& error);

  // For the relay.
  Relay& relay() { return relay_; }
  http::ServerStream& stream() { return *stream_; }
  net::Buffer& head_storage() { return head_storage_; }
  void begin_response(http::ResponseHead& head);
  void finish(bool complete);

  // http::RequestEvents
  http::RequestHead& request_head() override { return request_; }
  void on_request_head(net::Buffer storage) override;
  void on_request_refused(const Error& error) override;
  void on_request_body(std::string_view bytes) override;
  void on_request_end(http::Fields& trailers) override;
  void on_request_failed(const Error& error) override;
  void on_response_drained() override { relay_.on_response_drained(); }
  void on_drain() override { relay_.on_drain(); }
  void on_downstream_gone() override;

  // For the access log.
  struct Facts {
    std::uint16_t status = 0;
    std::string_view code;   // of an error that the gateway made
    std::uint64_t sent = 0;  // of the body
    std::uint64_t received = 0;
    bool complete = false;        // the client got all of it
    std::string_view unenforced;  // the code that a route with enforce: false would have refused with
    std::string_view shadow;      // and that its `shadow` would have
    std::string_view refusal;     // the code, where a browser is sent to a page instead of told
    bool is_login = false;
  };
  const std::optional<Error>& token_error() const { return token_error_; }
  Facts& facts() { return facts_; }
  const Facts& facts() const { return facts_; }

 private:
  // idle -> running <-> waiting; running -> relaying; all -> finished
  enum class State : std::uint8_t { idle, running, waiting, relaying, finished };

  void advance();
  bool names_the_host() const;
  void send_reply();
  void record();
  void reset();

  Services& services_;
  http::ServerStream* stream_ = nullptr;
  const Downstream* downstream_ = nullptr;
  LocalRef<World> world_;
  TimePoint started_;
  TimePoint decided_;
  policy::ConditionTrace trace_;
  TraceLink link_;
  http::RequestHead request_;
  net::Buffer head_storage_;
  std::span<const Step> steps_;
  std::size_t next_ = 0;
  State state_ = State::idle;
  bool collects_body_ = false;
  CredentialSource credential_source_ = CredentialSource::none;
  bool client_is_secure_ = false;
  bool is_verification_ = false;
  bool is_preflight_ = false;
  Asked asked_;

  http::Target target_;
  std::string_view host_;
  std::string_view upstream_path_;
  const policy::Route* route_ = nullptr;
  policy::Captures captures_;
  const RoutePlan* plan_ = nullptr;
  const policy::Cors* cors_ = nullptr;
  std::string_view origin_;
  const policy::RateLimit* rate_limit_ = nullptr;
  std::string_view rate_limit_text_;
  std::array<char, 160> rate_limit_scratch_;
  policy::RunningRequest running_request_;
  std::string_view token_;
  auth::IdentityRef identity_;
  std::optional<Error> token_error_;
  IdSource::Id own_id_{};
  std::string_view request_id_;
  std::string client_ip_;
  std::string path_scratch_;
  std::string host_scratch_;
  std::string rewrite_scratch_;
  std::array<char, 64> trace_scratch_;
  std::string body_;
  std::vector<std::unique_ptr<std::string>> kept_;
  std::vector<std::string> cookies_;
  std::string dpop_nonce_;
  RefusalMaker refusal_maker_ = nullptr;
  std::unique_ptr<EndpointState> endpoint_state_;
  net::Operation operation_;
  Reply reply_;
  http::ResponseHead reply_head_;  // kept for its memory
  Relay relay_;
  Facts facts_;
};

}  // namespace gw::exchange
