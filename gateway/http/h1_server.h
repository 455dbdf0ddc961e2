// SPDX-License-Identifier: Apache-2.0
// The HTTP/1.1 server side of one connection: requests one after the other (RFC 9112 section 9.3), pipelined
// ones kept until their turn. Gathers what is sent during one round of the loop and writes it at its
// end, head and body together. THREAD: one worker.  OWNERSHIP: held by the connection, which also holds the
// stream; both go by defer_delete after on_codec_closed().
#pragma once

#include "http/h1_parser.h"
#include "http/pace.h"
#include "http/server_codec.h"

namespace gw::http {

class H1Server final : public ServerCodec,
                       public ServerStream,
                       private net::Stream::Events,
                       private net::Task,
                       private net::Deadline {
 public:
  H1Server(net::Stream& stream, const ServerWorker& worker, ServerCodecEvents& owner, TimePoint accepted);
  ~H1Server() override;

  void start(net::Buffer received) override;
  void drain(Duration patience) override;
  TimePoint rests_until() const override { return deadline(); }
  void resume(TimePoint until) override;

  void send_interim(const ResponseHead& head) override;
  void send_head(const ResponseHead& head) override;
  void send_body(std::string_view bytes) override;
  void send_end(const Fields& trailers) override;
  void abort() override;
  void close_after_response() override { keep_alive_ = false; }
  void set_body_paused(bool paused) override;
  void await_body_patiently() override;
  std::size_t unsent() const override { return out_.size(); }

 private:
  // idle -> head -> body -> complete -> idle; lingering and closed from any
  enum class Request : std::uint8_t { idle, head, body, complete, lingering, closed };
  // none -> head -> ended -> none
  enum class Response : std::uint8_t { none, head, ended };

  void on_stream_open() override {}
  void on_stream_readable() override;
  void on_stream_writable() override;
  void on_stream_failed(const char*) override { close(); }
  void on_stream_hung_up() override;
  void on_deadline() override;
  void run_task() override;

  void read_head();
  void parse_head();
  void accept_head();
  void refuse(const Error& error);
  void read_body();
  std::string_view feed_body(std::string_view bytes);
  void read_ahead();
  void discard();
  void resume_body();
  void finish_request();
  void begin_next_request();
  void decide_persistence(const ResponseHead& head);
  void send_switch(const ResponseHead& head);
  void await_body();
  void await_reader();
  void write_out();
  void flush();
  void linger();
  void client_left();
  void close();

  net::Stream& stream_;
  ServerWorker worker_;
  ServerCodecEvents& owner_;
  RequestEvents* events_ = nullptr;  // of the current request
  net::Buffer in_;
  net::Buffer out_;
  RequestParser parser_;
  BodyReader body_;
  TimePoint head_started_;
  std::uint64_t discarded_ = 0;
  std::int64_t received_ = 0;  // of bodies
  std::int64_t written_ = 0;
  Pace reading_pace_;
  Pace writing_pace_;           // while `writing_waits_`
  bool writing_waits_ = false;  // for the client to read
  Request request_ = Request::idle;
  Response response_ = Response::none;
  Framing response_framing_ = Framing::none;
  Method method_ = Method::get;
  Version version_ = Version::http11;
  bool keep_alive_ = true;
  bool body_paused_ = true;
  bool awaits_continue_ = false;  // the client holds its body back until it hears from us
  bool above_watermark_ = false;
  bool first_request_ = true;
  bool is_tunnel_ = false;   // after 101
  bool is_patient_ = false;  // the body may pause for as long as it likes
};

}  // namespace gw::http
