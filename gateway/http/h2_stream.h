// SPDX-License-Identifier: Apache-2.0
// One request and its response on an HTTP/2 connection. Holds what the exchange or the client cannot take
// yet; the client may send on only when the exchange has taken what came (RFC 9113 section 5.2). THREAD: one
// worker.  OWNERSHIP: held by H2Server until the session says that the stream is closed.
#pragma once

#include "http/h2_body.h"
#include "http/h2_traffic.h"
#include "http/pace.h"
#include "http/server_stream.h"
#include "http/server_worker.h"
#include "net/deadlines.h"

namespace gw::http {

class H2Stream final : public ServerStream, private H2Body::Events, private net::Task, private net::Deadline {
 public:
  // What a connection lends its streams.
  struct Connection {
    H2Session& session;
    ServerWorker worker;
    net::EventLoop& loop;
    net::Task& flush;  // sends what the session has to send
    H2Traffic& traffic;
  };

  H2Stream(const Connection& connection, std::int32_t id);
  ~H2Stream();

  // What the session tells.
  void begin(RequestEvents& events, H2Head& head, bool is_whole);
  void on_body(std::string_view bytes);
  void on_trailers(H2Head& fields);
  void on_end();
  void on_sent();
  void on_gone();  // the stream is closed, or the connection is lost

  void send_interim(const ResponseHead& head) override;
  void send_head(const ResponseHead& head) override;
  void send_body(std::string_view bytes) override;
  void send_end(const Fields& trailers) override;
  void abort() override;
  void close_after_response() override {}  // other streams have nothing to do with it
  void set_body_paused(bool paused) override;
  void await_body_patiently() override;
  std::size_t unsent() const override { return out_.size(); }

 private:
  // body -> received -> complete; complete from any
  enum class Request : std::uint8_t { body, received, complete };
  // none -> head -> ended; aborted from any
  enum class Response : std::uint8_t { none, head, ended, aborted };

  void run_task() override;
  void on_deadline() override;
  void on_body_taken(std::size_t bytes, bool drained) override;

  void pass_on(std::string_view bytes);
  void finish_request();
  void stop_hearing();
  void flush_later() { connection_.loop.run_next_round(connection_.flush); }
  void drop_held();
  void note_holding_back();
  bool awaits_body() const;
  bool was_held_back();
  bool sends_too_slowly();
  bool reads_too_slowly();
  void set_reading_pace();
  void set_writing_pace();
  void update_deadline();

  const Connection& connection_;
  const std::int32_t id_;
  RequestEvents* events_ = nullptr;
  net::Buffer in_;  // came while the body was paused
  H2Body out_;
  net::Buffer trailer_storage_;
  Fields trailers_;                // of the request
  std::int64_t received_ = 0;      // of the body
  std::int64_t taken_ = 0;         // of ours, into frames
  std::int64_t behind_last_ = 0;   // of those frames: its position in the connection's traffic
  std::int64_t behind_first_ = 0;  // the same when the pace began
  Pace reading_pace_;              // while awaits_body()
  Pace writing_pace_;              // while writing_waits_: of this stream
  Pace shared_pace_;               // and of the connection
  bool writing_waits_ = false;     // for the client to make room
  Request request_ = Request::complete;
  Response response_ = Response::none;
  Method method_ = Method::get;
  bool body_paused_ = true;
  bool bodiless_ = false;
  bool is_patient_ = false;  // the body may pause for as long as it likes
  bool drained_ = false;     // to be told at the end of the callback
};

}  // namespace gw::http
