// SPDX-License-Identifier: Apache-2.0
#include "server/background.h"

#include <pthread.h>

#include <future>

#include "net/stand_back.h"

namespace gw::server {
namespace {

constexpr int kNiceness = 2;  // less than threads that hash: somebody waits for a reload

}  // namespace

Background::Background() : thread_([this] { serve(); }) {
  ::pthread_setname_np(thread_.native_handle(), "gw-background");
}

Background::~Background() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  ready_.notify_one();
  thread_.join();
}

void Background::run(const std::function<void()>& work) {
  std::packaged_task<void()> task(work);
  std::future<void> done = task.get_future();
  enqueue([&task] { task(); });
  done.get();
}

void Background::drop(std::shared_ptr<const void> thing) {
  enqueue([thing = std::move(thing)] {});
}

void Background::enqueue(std::function<void()> work) {
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back(std::move(work));
  }
  ready_.notify_one();
}

void Background::serve() {
  net::stand_back(kNiceness);
  for (;;) {
    std::function<void()> work;
    {
      std::unique_lock lock(mutex_);
      ready_.wait(lock, [this] { return closing_ || !queue_.empty(); });
      if (queue_.empty()) return;
      work = std::move(queue_.front());
      queue_.pop_front();
    }
    work();
  }
}

}  // namespace gw::server
