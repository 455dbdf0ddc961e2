// SPDX-License-Identifier: Apache-2.0
// Follows the stream of revocations on a connection of its own: waits in Redis for what comes, goes on after
// the last id when the connection comes back, and reads the whole list when what it missed is no longer in
// the stream. Nothing is told twice but after such a reading. Knows how long ago it knew everything.
// THREAD: the loop; lag() from any.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "store/redis_client.h"
#include "store/redis_codec.h"

namespace gw::store {

class RedisTail {
 public:
  using Tell = std::function<void(const Revocation&)>;

  RedisTail(net::EventLoop& loop, net::Deadlines& deadlines, net::Dialer& dialer,
            RedisClient::Options options, Tell tell);

  // Once what opens them is known.
  void start(const RedisCodec& codec);
  // Told already, by who made it; false when the stream was faster.
  bool is_news(const std::string& id);

  std::chrono::milliseconds lag() const;

 private:
  void prove();
  void begin();
  void compare_ends();
  void read_all(std::string cursor, std::string resume_after);
  void wait();
  void take(const resp::Value& reply);
  bool take_entries(const resp::Value& entries);
  void tell(std::string_view id, std::string_view text);
  void know_everything();
  void give_up(std::string_view why);

  RedisClient client_;
  const Tell tell_;
  const RedisCodec* codec_ = nullptr;
  std::string last_;                      // id of the stream; empty: not begun
  std::unordered_set<std::string> told_;  // lately
  std::atomic<std::int64_t> known_at_;    // nanoseconds of the steady clock
};

}  // namespace gw::store
