// SPDX-License-Identifier: Apache-2.0
// One request and its answer on an HTTP/2 connection to an upstream server. Holds what the exchange or the
// server cannot take yet.
// THREAD: one worker.  OWNERSHIP: of whoever leases it; the connection knows it until the answer has ended.
#pragma once

#include "http/h2_body.h"

namespace gw::http {

class H2Client;

class H2ClientStream final : public ClientStream, private H2Body::Events, private net::Task {
 public:
  H2ClientStream(H2Client& connection, net::BufferPool& buffers, bool is_reused);
  ~H2ClientStream() override;

  void send_head(const UpstreamRequest& request, ResponseEvents& events) override;
  void send_body(std::string_view bytes) override;
  void send_end(const Fields& trailers) override;
  void set_body_paused(bool paused) override;
  std::size_t unsent() const override { return out_.size(); }
  void cancel() override;
  bool is_reused() const override { return is_reused_; }
  bool is_reusable() const override { return false; }

  // What the connection tells.
  void on_head(H2Head& fields, bool is_whole);
  void on_body(std::string_view bytes);
  void on_end() { received_ = true, deliver_end(); }
  void on_closed(H2Session::Outcome outcome);
  void on_connection_lost(const char* why);

 private:
  friend class H2Client;
  // idle -> head -> body -> done; done from any
  enum class State : std::uint8_t { idle, head, body, done };

  void on_body_taken(std::size_t, bool drained) override;
  void run_task() override;
  void pass_on(std::string_view bytes);
  void take_trailers(H2Head& fields);
  void deliver_end();
  void fail(UpstreamFailure failure, const char* why);
  void give_window_back();
  void leave();

  H2Client* connection_;  // null when it has ended
  net::EventLoop& loop_;
  std::int32_t id_ = 0;
  std::size_t place_ = 0;  // among those of the connection
  ResponseEvents* events_ = nullptr;
  net::Buffer in_;  // came while the body was paused
  H2Body out_;
  ResponseHead head_;
  net::Buffer trailer_storage_;
  Fields trailers_;
  TimePoint asked_{};
  Method method_ = Method::get;
  State state_ = State::idle;
  const bool is_reused_;
  bool has_body_ = false;
  bool answering_ = false;  // an interim answer has come
  bool paused_ = false;
  bool received_ = false;       // all of the answer
  bool drained_ = false;        // to be told at the end of the callback
  const char* lost_ = nullptr;  // why the connection has ended before the head went out
};

}  // namespace gw::http
