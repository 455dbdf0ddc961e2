// SPDX-License-Identifier: Apache-2.0
#include "net/blocking_pool.h"

#include <pthread.h>

#include "net/stand_back.h"

namespace gw::net {
BlockingPool::BlockingPool(const Options& options, const std::string& name) : limit_(options.queue) {
  for (unsigned i = 0; i < options.threads; ++i) {
    threads_.emplace_back([this, name = name.substr(0, 15)] {
      pthread_setname_np(pthread_self(), name.c_str());
      serve();
    });
  }
}

BlockingPool::~BlockingPool() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  ready_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

bool BlockingPool::enqueue(Callback<void()> job) {
  {
    const std::lock_guard lock(mutex_);
    if (closing_ || queue_.size() >= limit_) return false;
    queue_.push_back(std::move(job));
  }
  ready_.notify_one();
  return true;
}

void BlockingPool::serve() {
  // Hashing takes a CPU for long: event loops go first, and a storm of logins is not felt by requests that
  // pass.
  stand_back(kOfHashing);
  for (;;) {
    Callback<void()> job;
    {
      std::unique_lock lock(mutex_);
      ready_.wait(lock, [this] { return closing_ || !queue_.empty(); });
      if (queue_.empty()) return;
      job = std::move(queue_.front());
      queue_.pop_front();
    }
    job();
  }
}

}  // namespace gw::net
