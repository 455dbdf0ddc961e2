// SPDX-License-Identifier: Apache-2.0
// Large tables that may stay mostly empty: zeros that the kernel gives, so that a page which nothing has come
// to is not memory yet.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <new>

namespace gw {

// REQUIRES: a T whose bytes are all zero is a T(). Aligned to a page. Does not destroy what it holds, so as
// not to look at every page for it: whoever filled an element empties it.
template <class T>
class ZeroedArray {
 public:
  explicit ZeroedArray(std::size_t size) : size_(size), elements_(static_cast<T*>(map(size * sizeof(T)))) {}
  ZeroedArray(const ZeroedArray&) = delete;
  ZeroedArray& operator=(const ZeroedArray&) = delete;
  ~ZeroedArray() {
    if (size_ != 0) ::munmap(elements_, size_ * sizeof(T));
  }

  // Zeros again, and no memory. REQUIRES: what it holds need not be destroyed.
  void clear() { ::madvise(elements_, size_ * sizeof(T), MADV_DONTNEED); }

  // It will be looked at soon.
  void prefetch(std::size_t i) const { __builtin_prefetch(&elements_[i]); }

  std::size_t size() const { return size_; }
  T& operator[](std::size_t i) { return elements_[i]; }
  const T& operator[](std::size_t i) const { return elements_[i]; }

 private:
  static void* map(std::size_t bytes) {
    if (bytes == 0) return nullptr;
    void* const made = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (made == MAP_FAILED) throw std::bad_alloc();
    return made;
  }

  const std::size_t size_;
  T* const elements_;
};

}  // namespace gw
