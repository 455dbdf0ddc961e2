// SPDX-License-Identifier: Apache-2.0
#include "server/background.h"

#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <future>

namespace gw::server {
namespace {

constexpr int kNiceness = 5;  // less low than threads that hash: somebody waits for a reload

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
  const auto self = static_cast<id_t>(::gettid());  // of this thread alone, as Linux has it
  ::setpriority(PRIO_PROCESS, self, ::getpriority(PRIO_PROCESS, self) + kNiceness);
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
