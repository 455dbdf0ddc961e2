// SPDX-License-Identifier: Apache-2.0
// One connection to a Redis, kept: commands are pipelined and answered in their order, each within the
// timeout, whatever happens. A connection that is lost or says nothing is made anew, after a pause that
// doubles and is jittered. What waits is bounded. A command that was sent and not answered may have been
// done: its failure says only that nobody knows.
// THREAD: one loop. OWNERSHIP: destroyed on the loop's thread or after it; callbacks then never come.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/callback.h"
#include "base/result.h"
#include "net/dialer.h"
#include "store/redis_options.h"
#include "store/resp.h"

namespace gw::store {

class RedisClient final : private net::Stream::Events, private net::Deadline, private net::Task {
 public:
  struct Options {
    RedisAddress address;
    std::shared_ptr<const net::ClientTls> tls;  // with address.tls
    std::string server_name;                    // verified; empty: the host
    Duration timeout{50};                       // of a command, from call() on
    Duration patience{1000};                    // without any answer, until the connection is given up
    bool is_quiet = false;                      // troubles are told by others
    std::size_t queue = 4096;                   // commands that wait or are under way
    std::size_t queue_bytes = 16 * 1024 * 1024;
  };
  // A reply may be an error of Redis: a Value of that kind.
  using Reply = Callback<void(Result<resp::Value>)>;

  RedisClient(net::EventLoop& loop, net::Deadlines& deadlines, net::Dialer& dialer, Options options);
  ~RedisClient();

  void start();
  // Never answers inside the call.
  void call(const std::vector<std::string_view>& words, Reply done);

  // Of each new connection, once Redis has let us in. Commands of call_first() go before all others; these go
  // when accept() says so, and reject() gives the connection up.
  void on_connected(std::function<void()> hook) { on_connected_ = std::move(hook); }
  void on_lost(std::function<void()> hook) { on_lost_ = std::move(hook); }
  void call_first(const std::vector<std::string_view>& words, Reply done);
  void accept();
  void reject(const std::string& why) { lose(why); }

  bool is_ready() const { return state_ == State::ready; }
  std::uint64_t reconnects() const { return connections_ == 0 ? 0 : connections_ - 1; }
  const std::string& trouble() const { return trouble_; }  // why there is no connection; empty: there is

 private:
  // idle -> dialing -> greeting -> proving -> ready; back to idle when lost, then dialing after a pause
  enum class State : std::uint8_t { idle, dialing, greeting, proving, ready };
  struct Command {
    std::string bytes;  // until they are written
    Reply done;         // empty: nobody waits any more
    TimePoint sent_at;
    TimePoint until;
  };

  void dial();
  void ask_sentinel();
  void on_master_told(const Result<resp::Value>& reply);
  void dial_to(const HostPort& target);
  void check_role();
  void forget_sentinel();
  bool follow_move(const resp::Value& reply);
  void greet();
  void log_in();
  void on_greeted(const Result<resp::Value>& reply, bool may_fall_back);
  void select_db();
  void become_proving();
  void send(Command command);
  void write_out();
  void lose(const std::string& why);
  void fail_late();
  void arm();
  void answer(resp::Value value);

  void on_stream_open() override {}
  void on_stream_readable() override;
  void on_stream_writable() override;
  void on_stream_failed(const char* why) override { lose(why); }
  void on_deadline() override;
  void run_task() override;

  struct DyingStream;
  struct DyingClient;

  net::EventLoop& loop_;
  net::Deadlines& deadlines_;
  net::Dialer& dialer_;
  const Options options_;
  std::function<void()> on_connected_;
  std::function<void()> on_lost_;
  State state_ = State::idle;
  net::Operation dialing_;
  std::unique_ptr<RedisClient> sentinel_;  // while it is asked
  std::size_t turn_ = 0;                   // of the sentinel, or node of a cluster, that is tried next
  std::optional<HostPort> moved_to_;
  std::string dialed_host_;
  std::unique_ptr<net::Stream> stream_;
  resp::Reader reader_;
  std::string out_;  // bytes on their way
  std::deque<Command> waiting_;
  std::size_t waiting_bytes_ = 0;
  std::deque<Command> sent_;
  std::deque<Reply> refused_;  // for want of room; told at the end of the callback
  std::uint64_t connections_ = 0;
  unsigned failures_ = 0;
  TimePoint retry_at_{};
  TimePoint heard_at_{};
  std::string trouble_;
  bool is_trouble_logged_ = false;
};

}  // namespace gw::store
