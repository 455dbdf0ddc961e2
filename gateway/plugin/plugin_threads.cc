// SPDX-License-Identifier: Apache-2.0
#include "plugin/plugin_threads.h"

#include <pthread.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "net/stand_back.h"

namespace gw::plugin {
namespace {

constexpr unsigned kMaxIdle = 8;

struct Task {
  std::function<void()> job;
  bool done = false;
  bool given_up = false;
};

}  // namespace

// Shared with the threads, which may outlive the object.
struct PluginThreads::State {
  std::mutex mutex;
  std::condition_variable ready;  // for threads
  std::condition_variable done;   // for callers
  std::condition_variable ended;  // for the destructor
  std::deque<std::shared_ptr<Task>> queue;
  unsigned idle = 0;
  unsigned threads = 0;
  unsigned stuck = 0;
  bool closing = false;
};

PluginThreads::PluginThreads(Duration limit) : limit_(limit), state_(std::make_shared<State>()) {}

PluginThreads::~PluginThreads() {
  std::unique_lock lock(state_->mutex);
  state_->closing = true;
  state_->ready.notify_all();
  state_->ended.wait(lock, [this] { return state_->threads <= state_->stuck; });
}

PluginThreads::Outcome PluginThreads::run(std::function<void()> job, int times_limit) {
  const auto task = std::make_shared<Task>();
  task->job = std::move(job);
  std::unique_lock lock(state_->mutex);
  if (state_->stuck >= kMaxStuck) return Outcome::refused;
  state_->queue.push_back(task);
  if (state_->idle < state_->queue.size()) {
    try {
      std::thread([state = state_] {
        pthread_setname_np(pthread_self(), "gw-plugin");
        net::stand_back(net::kOfHashing);
        serve(state);
      }).detach();
      ++state_->threads;
    } catch (const std::system_error&) {  // the process has no more threads
      state_->queue.erase(std::find(state_->queue.begin(), state_->queue.end(), task));
      return Outcome::refused;
    }
  }
  state_->ready.notify_one();
  if (state_->done.wait_for(lock, limit_ * times_limit, [&] { return task->done; })) return Outcome::done;

  const auto waiting = std::find(state_->queue.begin(), state_->queue.end(), task);
  if (waiting != state_->queue.end()) {  // it has not begun: a very busy machine
    state_->queue.erase(waiting);
  } else {
    task->given_up = true;
    ++state_->stuck;
  }
  return Outcome::late;
}

void PluginThreads::serve(const std::shared_ptr<State>& state) {
  std::unique_lock lock(state->mutex);
  for (;;) {
    if (state->queue.empty() && (state->closing || state->idle >= kMaxIdle)) break;
    ++state->idle;
    state->ready.wait(lock, [&] { return state->closing || !state->queue.empty(); });
    --state->idle;
    if (state->queue.empty()) break;
    const std::shared_ptr<Task> task = std::move(state->queue.front());
    state->queue.pop_front();

    lock.unlock();
    task->job();
    task->job = nullptr;  // what it held is freed here, without the lock
    lock.lock();

    task->done = true;
    if (task->given_up) --state->stuck;
    state->done.notify_all();
  }
  --state->threads;
  state->ended.notify_all();
}

}  // namespace gw::plugin
