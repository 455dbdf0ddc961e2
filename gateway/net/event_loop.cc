// SPDX-License-Identifier: Apache-2.0
#include "net/event_loop.h"

#include <event2/dns.h>
#include <event2/event.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "net/hang_ups.h"

namespace gw::net {

EventLoop::EventLoop() {
  base_ = event_base_new();
  wakeup_fd_ = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (base_ == nullptr || wakeup_fd_ < 0) std::abort();
  // Posted work goes before the sockets of the same batch: a revocation that was acknowledged is known before
  // any request that was sent after it.
  event_base_priority_init(base_, 2);
  wakeup_ = event_new(base_, wakeup_fd_, EV_READ | EV_PERSIST, &EventLoop::on_wakeup, this);
  event_priority_set(wakeup_, 0);
  event_add(wakeup_, nullptr);
  hang_ups_ = std::make_unique<HangUps>(*this);  // now: later there may be no descriptor left
  refresh_clock();
}

EventLoop::~EventLoop() {
  posted_.clear();
  doomed_.clear();
  if (dns_ != nullptr) {
    evdns_base_free(dns_, 1);  // its callbacks run once more, and free what they were given
    event_base_loop(base_, EVLOOP_NONBLOCK);
  }
  hang_ups_.reset();
  event_free(wakeup_);
  event_base_free(base_);
  ::close(wakeup_fd_);
}

evdns_base* EventLoop::dns() {
  if (dns_ == nullptr)
    dns_ = evdns_base_new(base_, EVDNS_BASE_INITIALIZE_NAMESERVERS | EVDNS_BASE_DISABLE_WHEN_INACTIVE);
  if (dns_ == nullptr) {  // no name server is configured: /etc/hosts is all there is
    dns_ = evdns_base_new(base_, EVDNS_BASE_DISABLE_WHEN_INACTIVE);
    evdns_base_load_hosts(dns_, "/etc/hosts");
  }
  return dns_;
}

HangUps& EventLoop::hang_ups() {
  return *hang_ups_;
}

void EventLoop::run() {
  for (;;) {
    {
      const std::lock_guard lock(posted_mutex_);
      if (stopping_) return;
    }
    clock_is_stale_ = true;
    // Once in either case: without that, libevent goes on as long as any socket stays ready.
    event_base_loop(base_, next_tasks_.empty() ? EVLOOP_ONCE : EVLOOP_ONCE | EVLOOP_NONBLOCK);
    if (!next_tasks_.empty()) begin_round();
    end_batch();
  }
}

// Events had their turn: what waited for that is done now, and what it asks for waits again.
void EventLoop::begin_round() {
  begin_callback();
  tasks_.swap(next_tasks_);
  end_of_callback();
}

// The clock was read by the first callback, if there was any.
void EventLoop::end_batch() {
  if (!clock_is_stale_) rounds_.observe(steady_now() - now_);
}

void EventLoop::stop() {
  const std::lock_guard lock(posted_mutex_);
  stopping_ = true;
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(wakeup_fd_, &one, sizeof one);
}

void EventLoop::post(Callback<void()> work) {
  const std::lock_guard lock(posted_mutex_);
  posted_.push_back(std::move(work));
  if (posted_.size() > 1) return;  // already awake
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(wakeup_fd_, &one, sizeof one);
}

void EventLoop::defer_delete(std::unique_ptr<Deferred> object) {
  doomed_.push_back(std::move(object));
}

void EventLoop::run_later(Task& task) {
  if (task.queued_) return;
  task.queued_ = true;
  tasks_.push_back(&task);
}

void EventLoop::run_next_round(Task& task) {
  if (task.queued_) return;
  task.queued_ = true;
  next_tasks_.push_back(&task);
}

void EventLoop::forget(Task& task) {
  if (!task.queued_) return;
  task.queued_ = false;
  for (auto* tasks : {&tasks_, &next_tasks_})
    std::replace(tasks->begin(), tasks->end(), &task, static_cast<Task*>(nullptr));
}

void EventLoop::end_of_callback() {
  // Tasks may add tasks and doom objects; objects may do both while they go.
  while (!tasks_.empty() || !doomed_.empty()) {
    for (std::size_t i = 0; i < tasks_.size(); ++i) {
      Task* task = tasks_[i];
      if (task == nullptr) continue;
      task->queued_ = false;
      task->run_task();
    }
    tasks_.clear();
    const auto batch = std::move(doomed_);
    doomed_.clear();
  }
}

void EventLoop::refresh_clock() {
  clock_is_stale_ = false;
  now_ = steady_now();
  wall_ = wall_now();
}

std::uint64_t EventLoop::expect(Callback<void(void*)> done) {
  return expected_.insert(std::move(done));
}

void EventLoop::cancel_expected(void* loop, std::uint64_t id) {
  (void)static_cast<EventLoop*>(loop)->expected_.take(id);
}

void EventLoop::complete(std::uint64_t id, void* value) {
  if (auto done = expected_.take(id)) (*done)(value);
}

void EventLoop::on_wakeup(int fd, short, void* self) noexcept {
  std::uint64_t count = 0;
  [[maybe_unused]] const auto got = ::read(fd, &count, sizeof count);
  auto* loop = static_cast<EventLoop*>(self);
  loop->begin_callback();
  loop->run_posted();
}

void EventLoop::run_posted() {
  std::vector<Callback<void()>> batch;
  {
    const std::lock_guard lock(posted_mutex_);
    batch.swap(posted_);
  }
  for (Callback<void()>& work : batch) {
    work();
    end_of_callback();
  }
}

}  // namespace gw::net
