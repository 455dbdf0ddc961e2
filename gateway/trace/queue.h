// SPDX-License-Identifier: Apache-2.0
// Spans on their way from the workers to the exporter: bounded, so that a collector that is slow or away
// costs memory up to a limit and never time. What does not fit is dropped and counted. THREAD: any.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>

namespace gw::trace {

struct Batch {
  std::string spans;  // JSON, parted by commas
  std::size_t count = 0;
};

class Queue {
 public:
  // `on_first` is called, on the thread of push(), when the queue was empty.
  explicit Queue(std::function<void()> on_first) : on_first_(std::move(on_first)) {}

  void push(Batch batch);
  // Up to about `most` spans, the oldest; empty when there are none.
  Batch take(std::size_t most);
  void drop(std::size_t count);  // that were taken and went nowhere
  std::uint64_t dropped();

 private:
  static constexpr std::size_t kSpans = 8192;
  static constexpr std::size_t kBytes = 8 * 1024 * 1024;

  const std::function<void()> on_first_;
  std::mutex mutex_;
  std::deque<Batch> batches_;
  std::size_t spans_ = 0, bytes_ = 0;
  std::uint64_t dropped_ = 0;
};

}  // namespace gw::trace
