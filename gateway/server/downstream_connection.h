// SPDX-License-Identifier: Apache-2.0
// One client connection: its stream, its codec and what is known of the client, which behind a balancer its
// PROXY header tells. Once the codec is chosen, protocols look the same. THREAD: the worker that accepted it.
// OWNERSHIP: held by Worker; freed by defer_delete after close().
#pragma once

#include <memory>

#include "exchange/downstream.h"
#include "http/server_codec.h"
#include "net/deadlines.h"
#include "net/proxy_greeting.h"
#include "net/stream.h"
#include "server/resting_connections.h"

namespace gw::server {

class Worker;
struct Door;

class DownstreamConnection final : public net::Deferred,
                                   private net::Stream::Events,
                                   private net::Deadline,
                                   private net::ProxyGreeting::Events,
                                   private net::Task,
                                   private http::ServerCodecEvents,
                                   private RestingConnections::Member {
 public:
  DownstreamConnection(Worker& worker, const Door& door, UniqueFd fd, const net::Address& peer);
  ~DownstreamConnection() override;

  void start();
  void drain(Duration patience);  // ends when its last response is out
  void close();
  void set_id(std::uint64_t id) { id_ = id; }
  bool is_admin() const { return facts_.listener->door == exchange::Door::admin; }

 private:
  // greeting (where a PROXY header comes first) -> handshaking -> choosing (by the first bytes, on plain
  // listeners) -> serving <-> resting (without a codec) -> closed
  enum class State : std::uint8_t { greeting, handshaking, choosing, serving, resting, closed };

  void on_stream_open() override;
  void on_stream_readable() override;
  void on_stream_writable() override {}
  void on_stream_failed(const char* why) override;
  void on_deadline() override;
  void on_greeting(const net::ProxyHeader& header) override;
  void on_greeting_failed(const char* why) override;
  void run_task() override;  // after the greeting
  http::RequestEvents& open_exchange(http::ServerStream& stream) override;
  void on_codec_closed() override { close(); }
  void on_codec_resting() override;
  void give_up_codec() override;
  bool is_draining() const override;

  void learn_peer(const net::Address& peer);
  void open_stream(UniqueFd fd);
  void choose_codec();
  void serve(http::Protocol protocol, net::Buffer received);
  void resume();

  Worker& worker_;
  const Door& door_;
  exchange::Downstream facts_;
  const TimePoint accepted_;
  std::uint64_t id_ = 0;
  State state_ = State::greeting;
  UniqueFd fd_;  // until start()
  std::unique_ptr<net::ProxyGreeting> greeting_;
  std::unique_ptr<net::Stream> stream_;       // null while greeting
  std::unique_ptr<net::Buffer> first_bytes_;  // while choosing
  std::unique_ptr<http::ServerCodec> codec_;
};

}  // namespace gw::server
