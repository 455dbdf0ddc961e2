// SPDX-License-Identifier: Apache-2.0
// An event loop on a thread of its own, for tests that wait for what a loop answers.
#pragma once

#include <future>
#include <thread>
#include <utility>

#include "base/result.h"
#include "net/event_loop.h"
#include "net/operation.h"

namespace gw::test {

class LoopThread {
 public:
  LoopThread() : thread_([this] { loop_.run(); }) {}
  ~LoopThread() {
    loop_.stop();
    thread_.join();
  }

  net::EventLoop& loop() { return loop_; }

  // Runs `work` on the loop and comes back when it is done.
  template <class Work>
  void run(Work work) {
    std::promise<void> done;
    loop_.post([&] {
      work();
      done.set_value();
    });
    done.get_future().get();
  }

  // `start` is given the callback, and returns the Operation.
  template <class T, class Start>
  Result<T> await(Start start) {
    std::promise<Result<T>> answered;
    net::Operation operation;
    run([&] { operation = start([&](Result<T> result) { answered.set_value(std::move(result)); }); });
    Result<T> result = answered.get_future().get();
    run([&] { operation.reset(); });
    return result;
  }

 private:
  net::EventLoop loop_;
  std::thread thread_;
};

}  // namespace gw::test
