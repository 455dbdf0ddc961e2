// SPDX-License-Identifier: Apache-2.0
// The HTTP/2 server side of one connection (RFC 9113): its streams, its time, its end. Gathers the frames of
// one event and writes them at once. THREAD: one worker.  OWNERSHIP: see server_codec.h.
#pragma once

#include <unordered_map>

#include "http/h2_stream.h"
#include "http/h2_traffic.h"
#include "http/pace.h"
#include "http/server_codec.h"

namespace gw::http {

class H2Server final : public ServerCodec,
                       private net::Stream::Events,
                       private net::Task,
                       private net::Deadline {
 public:
  H2Server(net::Stream& stream, const ServerWorker& worker, ServerCodecEvents& owner, TimePoint accepted);
  ~H2Server() override;

  void start(net::Buffer received) override;
  void drain(Duration patience) override;

 private:
  // serving -> announced (a first GOAWAY) -> draining (no new streams) -> lingering -> closed;
  // ending (a last GOAWAY), lingering and closed from any that stands before
  enum class State : std::uint8_t { serving, announced, draining, ending, lingering, closed };

  void on_stream_open() override {}
  void on_stream_readable() override;
  void on_stream_writable() override;
  void on_stream_failed(const char*) override { lose_client(); }
  void run_task() override;
  void on_deadline() override;

  // Once for all events of a batch: the answers of many streams share a record and a system call.
  void flush_later() { stream_.loop().run_next_round(*this); }
  void take(std::string_view bytes);
  void handle_events();
  void handle(H2Session::Event& event);
  void open_stream(H2Session::Event& event);
  void close_stream(std::int32_t id);
  bool write_out();
  void note_blocked();
  void refuse_new_streams();
  void give_up(H2Session::Ending ending);
  void discard();
  void linger();
  void lose_client();
  void close();
  void update_deadline();

  net::Stream& stream_;
  ServerCodecEvents& owner_;
  const TimePoint accepted_;
  H2Session session_;
  H2Traffic traffic_;
  H2Stream::Connection connection_;
  std::unordered_map<std::int32_t, std::unique_ptr<H2Stream>> streams_;
  TimePoint idle_since_;
  TimePoint blocked_since_ = TimePoint::max();  // what has been written waits for the client
  Pace writing_pace_;                           // since then
  TimePoint announced_at_;
  std::size_t discarded_ = 0;  // while ending
  State state_ = State::serving;
};

}  // namespace gw::http
