// SPDX-License-Identifier: Apache-2.0
#include "net/buffer.h"

#include <algorithm>
#include <cstring>

namespace gw::net {

BufferPool::~BufferPool() {
  for (char* chunk : idle_) delete[] chunk;
}

char* BufferPool::take() {
  if (idle_.empty()) return new char[kChunk];
  char* chunk = idle_.back();
  idle_.pop_back();
  return chunk;
}

void BufferPool::give(char* chunk) {
  if (idle_.size() >= kKept) {
    delete[] chunk;
    return;
  }
  idle_.push_back(chunk);
}

char* Buffer::reserve(std::size_t room) {
  if (data_ == nullptr && room <= BufferPool::kChunk) {
    data_ = pool_->take();
    capacity_ = BufferPool::kChunk;
  }
  if (capacity_ - end_ >= room) return data_ + end_;
  const std::size_t held = size();
  if (capacity_ - held >= room && begin_ >= held) {  // moving to the front is cheap: it does not overlap
    std::memcpy(data_, data_ + begin_, held);
  } else {
    const std::size_t capacity = std::max(held + room, 2 * capacity_);
    char* grown = new char[capacity];
    if (held != 0) std::memcpy(grown, data_ + begin_, held);
    if (capacity_ == BufferPool::kChunk)
      pool_->give(data_);
    else
      delete[] data_;
    data_ = grown;
    capacity_ = capacity;
  }
  begin_ = 0;
  end_ = held;
  return data_ + end_;
}

void Buffer::append(std::string_view bytes) {
  if (bytes.empty()) return;
  std::memcpy(reserve(bytes.size()), bytes.data(), bytes.size());
  end_ += bytes.size();
}

void Buffer::consume(std::size_t bytes) {
  begin_ += bytes;
  if (begin_ == end_) release();
}

void Buffer::release() {
  if (data_ != nullptr) {
    if (capacity_ == BufferPool::kChunk)
      pool_->give(data_);
    else
      delete[] data_;
  }
  data_ = nullptr;
  begin_ = end_ = capacity_ = 0;
}

}  // namespace gw::net
