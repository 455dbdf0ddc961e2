// SPDX-License-Identifier: Apache-2.0
// The upstream half of an exchange: gets a connection, sends the request, passes both bodies on. One side is
// not read while more than the high watermark waits for the other. Retries live here, for as long as
// the body so far is short and kept. THREAD: one worker.  OWNERSHIP: a member of the exchange.
#pragma once

#include <cstdint>
#include <string>

#include "exchange/step.h"
#include "http/client_stream.h"
#include "http/websocket.h"
#include "net/deadlines.h"
#include "upstream/cluster.h"

namespace gw::exchange {

class Exchange;

class Relay final : public http::ResponseEvents, private net::Deadline {
 public:
  explicit Relay(Exchange& exchange) : exchange_(exchange) {}

  // The steps acquire_upstream and relay.
  Verdict acquire();
  Verdict begin();

  // What the client sends, once relaying.
  void on_request_body(std::string_view bytes);
  void on_request_end(http::Fields& trailers);
  void on_response_drained();
  void on_drain();
  // The exchange is over: the connection goes back, or ends.
  void stop();

 private:
  // idle -> connecting -> awaiting (the answer) -> answering or tunnelling -> idle
  enum class State : std::uint8_t { idle, connecting, awaiting, answering, tunnelling };

  Verdict dial();
  void on_acquired(Result<upstream::Lease> lease);
  void send_request();
  void let_body_come();
  void resend_body();
  void keep_body(std::string_view bytes);
  bool may_try_again() const;
  bool may_retry(http::UpstreamFailure failure) const;
  void retry();
  void note_answer(std::uint16_t status);
  void watch_tunnel();
  void check_tunnel();
  void end_tunnel(std::uint16_t code, std::string_view why);
  const upstream::ClusterOptions& options() const;

  void on_interim_head(http::ResponseHead& head) override;
  void on_response_head(http::ResponseHead& head) override;
  void on_response_body(std::string_view bytes) override;
  void on_response_end(http::Fields& trailers) override;
  void on_upstream_failed(http::UpstreamFailure failure, const char* why) override;
  void on_upstream_drained() override;
  void on_deadline() override;

  Exchange& exchange_;
  upstream::Lease lease_;
  upstream::Server* server_ = nullptr;  // of this attempt; the world keeps it
  net::Operation operation_;
  State state_ = State::idle;
  unsigned attempts_ = 0;
  unsigned interim_answers_ = 0;  // to this attempt
  std::uint64_t body_passed_ = 0;
  std::string kept_;        // all of it so far, while can_resend_
  bool can_resend_ = true;  // what was sent can be sent again
  bool body_ended_ = false;
  bool awaits_continue_ = false;
  bool begun_ = false;  // the step `relay` has run
  http::WebSocketFrames to_client_;
  TimePoint asked_at_{};   // when this attempt was sent
  TimePoint passed_at_{};  // the last byte of a tunnel
};

}  // namespace gw::exchange
