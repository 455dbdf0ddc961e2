// SPDX-License-Identifier: Apache-2.0
// A thread that stands back behind the workers, for what takes long and nobody times: making what a reload
// brings, freeing what it replaced. THREAD: any.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

namespace gw::server {

class Background {
 public:
  Background();
  ~Background();  // when all of it is done
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;

  // After what is in line before it.
  void enqueue(std::function<void()> work);
  // Comes back when it is done, with what it throws.
  void run(const std::function<void()>& work);
  // Frees it some time later, if this was the last to hold it.
  void drop(std::shared_ptr<const void> thing);

 private:
  void serve();

  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<std::function<void()>> queue_;
  bool closing_ = false;
  std::thread thread_;
};

// The same object; whoever lets go of it last leaves the freeing to `background`, while there is one.
template <class T>
std::shared_ptr<T> freed_by(const std::shared_ptr<Background>& background, std::shared_ptr<T> object) {
  T* const raw = object.get();
  return {raw, [owned = std::move(object), by = std::weak_ptr<Background>(background)](T*) mutable {
            if (const auto there = by.lock()) there->drop(std::move(owned));
          }};
}

}  // namespace gw::server
