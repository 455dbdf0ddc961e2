// SPDX-License-Identifier: Apache-2.0
// The store that replicas share: a Redis, asked by one thread over one connection, which all workers' calls
// share as a pipeline; a second one follows the revocations. Each call is one script and one round trip, and
// has its answer within the timeout, whatever Redis does. What was told as failed may still have been done.
// One thread and not every worker's loop: calls are some per login and refresh, none per request; so one
// connection is enough, fills its pipeline better, and its end needs no loop but its own.
// THREAD: as shared_store.h says.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "store/redis_client.h"
#include "store/redis_codec.h"
#include "store/redis_scripts.h"
#include "store/redis_tail.h"
#include "store/revocation_feed.h"
#include "store/sealer.h"
#include "store/shared_store.h"

namespace gw::store {

class RedisStore final : public SharedStore {
 public:
  struct Options {
    RedisClient::Options redis;
    std::vector<SecretString> encryption_keys;  // the first seals
    unsigned replicas = 0;                      // of Redis that must have what is written
    Duration start_timeout{10s};                // for open(), while Redis may be starting, too
  };
  // Waits until Redis has been spoken to. The error's `detail` says what is wrong; no secret is in it.
  static Result<std::unique_ptr<RedisStore>> open(Options options);
  ~RedisStore() override;

  net::Operation dump(net::EventLoop& loop, WallSeconds now, Done<StoreDump> done) override;
  net::Operation restore(net::EventLoop& loop, StoreDump dump, WallSeconds now,
                         Done<std::monostate> done) override;
  net::Operation open_family(net::EventLoop& loop, Family family, std::string token_hash, WallSeconds now,
                             Done<std::monostate> done) override;
  net::Operation rotate(net::EventLoop& loop, Presented token, WallSeconds now, Done<Rotation> done) override;
  net::Operation find_family(net::EventLoop& loop, std::string token_hash, WallSeconds now,
                             Done<Rotation> done) override;
  net::Operation list_families(net::EventLoop& loop, std::string subject, WallSeconds now,
                               Done<std::vector<Family>> done) override;
  net::Operation revoke(net::EventLoop& loop, Revocation revocation, Done<std::monostate> done) override;
  net::Operation watch_revocations(net::EventLoop& loop, RevocationWatcher on_revoked) override;
  net::Operation load_revocations(net::EventLoop& loop, WallSeconds now,
                                  Done<std::vector<Revocation>> done) override;
  net::Operation reserve_attempt(net::EventLoop& loop, std::vector<std::string> keys, LockoutPolicy policy,
                                 WallSeconds now, Done<Attempt> done) override;
  net::Operation clear_attempts(net::EventLoop& loop, std::vector<std::string> keys,
                                Done<std::monostate> done) override;
  net::Operation remember_address(net::EventLoop& loop, std::string subject, std::string address,
                                  WallSeconds now, Done<std::monostate> done) override;
  net::Operation knows_address(net::EventLoop& loop, std::string subject, std::string address,
                               WallSeconds now, Done<bool> done) override;
  net::Operation unlock(net::EventLoop& loop, std::string subject, Done<std::monostate> done) override;
  net::Operation put_record(net::EventLoop& loop, Record record, WallSeconds now,
                            Done<std::monostate> done) override;
  net::Operation find_record(net::EventLoop& loop, RecordKind kind, std::string key, WallSeconds now,
                             Done<std::optional<Record>> done) override;
  net::Operation take_record(net::EventLoop& loop, RecordKind kind, std::string key, WallSeconds now,
                             Done<std::optional<Record>> done) override;
  net::Operation list_records(net::EventLoop& loop, RecordKind kind, std::string owner, WallSeconds now,
                              Done<std::vector<Record>> done) override;

  SecretString derive(std::string_view purpose) const override;
  std::chrono::milliseconds revocation_lag() const override { return tail_.lag(); }
  StoreHealth health() const override;
  net::Operation happen_once(net::EventLoop& loop, std::string id, WallSeconds until, WallSeconds now,
                             Done<bool> done) override;
  net::Operation lead(net::EventLoop& loop, std::string name, std::string who, Duration time,
                      Done<bool> done) override;
  net::Operation swap_record(net::EventLoop& loop, Record record, std::optional<std::string> before,
                             WallSeconds now, Done<bool> done) override;
  net::Operation lease(net::EventLoop& loop, RateLease wish, Done<GrantedLease> done) override;

 private:
  using Reply = RedisClient::Reply;
  using Words = std::vector<std::string>;
  static constexpr std::size_t kMaxPending = 4096;  // calls of all workers

  explicit RedisStore(Options options);
  Status start();

  // `work(finish)` runs on our thread and calls `finish` once; the result goes to the loop that asked.
  template <class T, class Work>
  net::Operation submit(net::EventLoop& loop, Work work, Done<T> done);
  // One script of `words()`, whose reply `read` makes a Result<T> of; both run on our thread.
  template <class T, class MakeWords, class Read>
  net::Operation ask(net::EventLoop& loop, const RedisScript& script, MakeWords words, Read read,
                     Done<T> done);
  void run(const RedisScript& script, Words words, Reply done);
  Reply after_replicas(Reply done);
  void call(const Words& words, Reply done);
  Reply judged(Reply done);

  // Of a new connection: that it has the secret that we know.
  void prove();
  void offer_secret();
  void take_secret(std::string_view sealed);
  void use_secret(SecretString secret, bool reseal);
  void refuse(std::string why);
  void publish(const Revocation& revocation, const std::string& stream_id);
  // Moving, one step after the other.
  struct Dumping;
  struct Restoring;
  void scan(std::string pattern, std::string cursor, std::function<void(const resp::Value& keys)> each,
            Reply done);
  void dump_families(std::shared_ptr<Dumping> dumping);
  void dump_next_family(std::shared_ptr<Dumping> dumping);
  void dump_tokens(std::shared_ptr<Dumping> dumping);
  void dump_next_token(std::shared_ptr<Dumping> dumping);
  void dump_revocations(std::shared_ptr<Dumping> dumping);
  void dump_records(std::shared_ptr<Dumping> dumping, RecordKind kind);
  void restore_next(std::shared_ptr<Restoring> restoring);
  Words words_of(const Revocation& revocation) const;
  Words words_of(const Record& record, WallSeconds now) const;
  Words words_of(const KeptFamily& kept, WallSeconds now) const;
  Result<std::vector<Record>> read_records(RecordKind kind, const resp::Value& reply) const;
  void scan_revocations(std::string cursor, std::shared_ptr<std::vector<Revocation>> found, WallSeconds now,
                        Callback<void(Result<std::vector<Revocation>>)> finish);

  const Options options_;
  const Sealer sealer_;
  RevocationFeed feed_;
  net::EventLoop loop_;
  net::Deadlines deadlines_{loop_, 5ms};
  net::Dialer dialer_{loop_, deadlines_};
  RedisClient client_;
  RedisTail tail_;
  std::optional<SecretString> master_;  // written before open() returns, never after
  std::optional<RedisCodec> codec_;
  std::atomic<bool> is_open_{false};
  std::atomic<std::size_t> pending_{0};

  mutable std::mutex mutex_;
  StoreHealth health_;  // guarded by mutex_
  Callback<void(Status)> on_open_;
  std::thread thread_;
};

template <class T, class Work>
net::Operation RedisStore::submit(net::EventLoop& loop, Work work, Done<T> done) {
  const std::uint64_t id = loop.expect(
      [done = std::move(done)](void* result) mutable { done(std::move(*static_cast<Result<T>*>(result))); });
  if (pending_.fetch_add(1) >= kMaxPending) {
    --pending_;
    loop.complete_later(id, Result<T>(Error(Fault::overloaded, "the queue of the store is full")));
    return loop.operation_of(id);
  }
  loop_.post([this, &loop, id, work = std::move(work)]() mutable {
    work([this, &loop, id](Result<T> result) {
      --pending_;
      loop.complete_later(id, std::move(result));
    });
  });
  return loop.operation_of(id);
}

}  // namespace gw::store
