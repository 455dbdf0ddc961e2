// SPDX-License-Identifier: Apache-2.0
#include "trace/queue.h"

#include <utility>

namespace gw::trace {

void Queue::push(Batch batch) {
  {
    const std::lock_guard lock(mutex_);
    if (spans_ + batch.count > kSpans || bytes_ + batch.spans.size() > kBytes) {
      dropped_ += batch.count;
      return;
    }
    spans_ += batch.count;
    bytes_ += batch.spans.size();
    batches_.push_back(std::move(batch));
    if (batches_.size() != 1) return;
  }
  on_first_();
}

Batch Queue::take(std::size_t most) {
  const std::lock_guard lock(mutex_);
  Batch all;
  while (!batches_.empty() && (all.count == 0 || all.count + batches_.front().count <= most)) {
    Batch& next = batches_.front();
    spans_ -= next.count;
    bytes_ -= next.spans.size();
    if (all.count != 0) all.spans += ',';
    all.spans += next.spans;
    all.count += next.count;
    batches_.pop_front();
  }
  return all;
}

void Queue::drop(std::size_t count) {
  const std::lock_guard lock(mutex_);
  dropped_ += count;
}

std::uint64_t Queue::dropped() {
  const std::lock_guard lock(mutex_);
  return dropped_;
}

}  // namespace gw::trace
