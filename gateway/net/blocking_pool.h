// SPDX-License-Identifier: Apache-2.0
// Threads for work that blocks: password hashing, plugins, SQLite. Bounded: what does not fit is answered
// with Fault::overloaded, and proxying goes on undisturbed.
// THREAD: run() from any event loop. A job owns its inputs by value and must not throw.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

#include "base/callback.h"
#include "base/result.h"
#include "net/event_loop.h"

namespace gw::net {

class BlockingPool {
 public:
  struct Options {
    unsigned threads = 4;
    std::size_t queue = 256;  // waiting jobs
  };

  BlockingPool(const Options& options, const std::string& name);
  ~BlockingPool();  // runs what is queued, then joins

  // Runs `job` (returning Result<T> or Status) on a pool thread and `done` with its result on `loop`,
  // unless the Operation is gone by then. A full queue calls `done` with Fault::overloaded, later, like any
  // result.
  template <class Job, class Done>
  Operation run(EventLoop& loop, Job job, Done done) {
    using T = std::invoke_result_t<Job&>;
    const std::uint64_t id = loop.expect(
        [done = std::move(done)](void* value) mutable { done(std::move(*static_cast<T*>(value))); });
    const bool queued =
        enqueue([job = std::move(job), &loop, id]() mutable { loop.complete_later<T>(id, job()); });
    if (!queued)
      loop.complete_later<T>(id, T(Error(Fault::overloaded, "the queue of blocking work is full")));
    return loop.operation_of(id);
  }

  // Work whose result nobody waits for; false when the queue is full.
  bool enqueue(Callback<void()> job);

 private:
  void serve();

  const std::size_t limit_;
  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<Callback<void()>> queue_;
  bool closing_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace gw::net
