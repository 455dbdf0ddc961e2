// SPDX-License-Identifier: Apache-2.0
// Connections to one server, used by one call at a time. Idle ones are kept up to the limit; when all are in
// use, a call waits for one. A connection that failed is not given back, so a server that comes back is found
// without a restart. THREAD: any, several at once. OWNERSHIP: outlives its leases.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace common {

template <class Connection>
class Pool {
 public:
  using Owned = std::unique_ptr<Connection>;

  // A connection for one call; closed at the end unless keep() was called.
  class Lease {
   public:
    Lease() = default;
    Lease(Pool* pool, Owned connection) : pool_(pool), connection_(std::move(connection)) {}
    Lease(Lease&& other) noexcept
        : pool_(std::exchange(other.pool_, nullptr)), connection_(std::move(other.connection_)) {}
    Lease& operator=(Lease&&) = delete;
    ~Lease() {
      if (pool_ != nullptr) pool_->take_back(nullptr);
    }

    bool has_connection() const { return connection_ != nullptr; }
    Connection& operator*() const { return *connection_; }
    Connection* operator->() const { return connection_.get(); }
    void put(Owned connection) { connection_ = std::move(connection); }
    void keep() { std::exchange(pool_, nullptr)->take_back(std::move(connection_)); }
    explicit operator bool() const { return pool_ != nullptr; }

   private:
    Pool* pool_ = nullptr;
    Owned connection_;
  };

  explicit Pool(std::size_t most) : most_(most) {}

  // With an idle connection, or with none yet (put() one); false when all stayed in use for `wait`.
  Lease lease(std::chrono::milliseconds wait) {
    std::unique_lock lock(mutex_);
    if (!free_.wait_for(lock, wait, [this] { return in_use_ < most_; })) return {};
    ++in_use_;
    if (idle_.empty()) return {this, nullptr};
    Owned connection = std::move(idle_.back());
    idle_.pop_back();
    return {this, std::move(connection)};
  }

 private:
  void take_back(Owned connection) {
    {
      const std::lock_guard lock(mutex_);
      --in_use_;
      if (connection != nullptr) idle_.push_back(std::move(connection));
    }
    free_.notify_one();
  }

  const std::size_t most_;
  std::mutex mutex_;
  std::condition_variable free_;
  std::vector<Owned> idle_;
  std::size_t in_use_ = 0;
};

// `call` on a pooled connection; it says with `false` that the connection is broken. A connection that was
// idle is replaced once by a new one, for the server may have been restarted since. False: the server is
// away.
template <class Connection, class Connect, class Call>
bool with_connection(Pool<Connection>& pool, std::chrono::milliseconds wait, Connect connect, Call call) {
  auto lease = pool.lease(wait);
  if (!lease) return false;
  if (lease.has_connection()) {
    if (call(*lease)) return lease.keep(), true;
    lease.put(nullptr);
  }
  auto made = connect();
  if (made == nullptr) return false;
  lease.put(std::move(made));
  if (!call(*lease)) return false;
  lease.keep();
  return true;
}

}  // namespace common
