// SPDX-License-Identifier: Apache-2.0
// Bytes on their way. Storage comes from the worker's pool when the first byte does and goes back when the
// last one has gone, so an idle connection holds none.
// THREAD: one worker.
#pragma once

#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

namespace gw::net {

class BufferPool {
 public:
  static constexpr std::size_t kChunk = 20 * 1024;  // a whole TLS record of plain text, and a head before it
  static constexpr std::size_t kKept = 1024;        // idle chunks; more are freed

  BufferPool() = default;
  ~BufferPool();
  BufferPool(const BufferPool&) = delete;
  BufferPool& operator=(const BufferPool&) = delete;

  char* take();
  void give(char* chunk);

 private:
  std::vector<char*> idle_;  // last in, first out: the warm one
};

// Contiguous; read from the front, written at the back.
class Buffer {
 public:
  explicit Buffer(BufferPool& pool) : pool_(&pool) {}
  BufferPool& pool() const { return *pool_; }
  Buffer(Buffer&& other) noexcept
      : pool_(other.pool_),
        data_(std::exchange(other.data_, nullptr)),
        begin_(std::exchange(other.begin_, 0)),
        end_(std::exchange(other.end_, 0)),
        capacity_(std::exchange(other.capacity_, 0)) {}
  Buffer& operator=(Buffer&& other) noexcept {
    std::swap(pool_, other.pool_);
    std::swap(data_, other.data_);
    std::swap(begin_, other.begin_);
    std::swap(end_, other.end_);
    std::swap(capacity_, other.capacity_);
    return *this;
  }
  ~Buffer() { release(); }

  bool empty() const { return begin_ == end_; }
  std::size_t size() const { return end_ - begin_; }
  std::string_view view() const { return {data_ + begin_, end_ - begin_}; }

  // Room for at least `room` bytes behind the last one; views into the buffer are invalid afterwards.
  char* reserve(std::size_t room);
  std::size_t room() const { return capacity_ - end_; }
  void commit(std::size_t bytes) { end_ += bytes; }
  void append(std::string_view bytes);
  void append(char c) { append(std::string_view(&c, 1)); }
  // Forgets bytes at the front; an empty buffer gives its storage back.
  void consume(std::size_t bytes);
  void clear() { release(); }

 private:
  void release();

  BufferPool* pool_;
  char* data_ = nullptr;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace gw::net
