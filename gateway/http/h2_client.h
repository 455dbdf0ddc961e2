// SPDX-License-Identifier: Apache-2.0
// The HTTP/2 client side of one upstream connection: many requests at once, each on an H2ClientStream.
// THREAD: one worker.  OWNERSHIP: held by the upstream pool; freed by defer_delete after
// on_connection_ended(). Streams are leased out and may outlive it; they are told when it ends.
#pragma once

#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "http/h2_client_stream.h"
#include "net/deadlines.h"
#include "net/stream.h"

namespace gw::http {

class H2Client;

class H2ClientOwner {
 public:
  virtual void on_room(H2Client& client) = 0;  // perhaps for another stream
  // It opens no streams any more, and none is left. Called once, unless shut_down() came first.
  virtual void on_connection_ended(H2Client& client) = 0;

 protected:
  ~H2ClientOwner() = default;
};

class H2Client final : public net::Deferred,
                       private net::Stream::Events,
                       private net::Task,
                       private net::Deadline {
 public:
  struct Worker {
    net::Deadlines& deadlines;
    net::BufferPool& buffers;
    std::span<char> scratch;
    const Limits& limits;
    Duration idle_timeout;
  };

  H2Client(std::unique_ptr<net::Stream> stream, const Worker& worker, H2ClientOwner& owner);
  ~H2Client() override;

  bool has_room() const;
  // It opens no streams any more.
  bool is_leaving() const { return state_ != State::serving; }
  // The server has not yet said how many streams it takes.
  bool is_new() const { return !session_.has_begun(); }
  // REQUIRES: has_room(). It is counted until it is cancelled or its answer has ended.
  std::unique_ptr<ClientStream> open_stream();
  std::size_t streams() const { return leased_.size(); }
  int fd() const { return stream_->fd(); }
  // Opens no more streams; ends once those that are open have ended.
  void leave();
  // The owner is going: no more events to it.
  void shut_down();

 private:
  friend class H2ClientStream;
  // serving -> leaving (a GOAWAY came or went: no new streams) -> closed
  enum class State : std::uint8_t { serving, leaving, closed };

  void on_stream_open() override {}
  void on_stream_readable() override;
  void on_stream_writable() override;
  void on_stream_failed(const char*) override {}
  void run_task() override;
  void on_deadline() override;

  bool handle_events();
  void write_out();
  void close(const char* why);
  void update_deadline();

  // For its streams.
  H2Session& session() { return session_; }
  net::EventLoop& loop() { return stream_->loop(); }
  // Once for all events of a batch: streams share a record and a system call.
  void flush_later() { loop().run_next_round(*this); }
  std::int32_t send_head(H2ClientStream& stream, const UpstreamRequest& request, H2Session::Body* body);
  void forget(H2ClientStream& stream);
  // A stream was given up without an answer: is anybody there?
  void probe(TimePoint asked);

  std::unique_ptr<net::Stream> stream_;
  const Worker worker_;
  H2ClientOwner* owner_;
  H2Session session_;
  std::unordered_map<std::int32_t, H2ClientStream*> streams_;
  std::vector<H2ClientStream*> leased_;
  net::Buffer out_;
  TimePoint heard_;       // from the server
  TimePoint idle_since_;  // without any stream
  TimePoint probed_{};    // waits for the answer to a ping since
  bool is_reused_ = false;
  bool write_broken_ = false;
  State state_ = State::serving;
};

}  // namespace gw::http
