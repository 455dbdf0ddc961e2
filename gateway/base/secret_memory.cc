// SPDX-License-Identifier: Apache-2.0
#include "base/secret_memory.h"

#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <bit>
#include <mutex>
#include <new>

#include "base/secret.h"

namespace gw::secret_memory {
namespace {

constexpr std::size_t kRegion = 16 * 1024;  // locked at once
constexpr std::size_t kLeast = 32;
constexpr std::size_t kLargest = 4096;  // what is larger is no key
constexpr std::size_t kClasses = std::bit_width(kLargest / kLeast);

struct Block {
  Block* next;
};

std::size_t class_of(std::size_t size) {
  return static_cast<std::size_t>(std::bit_width((std::max(size, kLeast) - 1) / kLeast));
}

// Blocks of powers of two, cut off regions that are never given back.
class Pool {
 public:
  // Null when there is no room, or none that is locked.
  char* take(std::size_t kind) {
    const std::lock_guard lock(mutex_);
    if (Block* block = free_[kind]) {
      free_[kind] = block->next;
      block->next = nullptr;
      return reinterpret_cast<char*>(block);
    }
    const std::size_t size = kLeast << kind;
    if (end_ - next_ < static_cast<std::ptrdiff_t>(size) && !map_region()) return nullptr;
    return std::exchange(next_, next_ + size);
  }

  bool give(char* memory, std::size_t kind) {
    const std::lock_guard lock(mutex_);
    const bool ours = std::any_of(regions_.begin(), regions_.begin() + used_, [&](const char* region) {
      return memory >= region && memory < region + kRegion;
    });
    if (!ours) return false;
    auto* block = reinterpret_cast<Block*>(memory);
    block->next = free_[kind];
    free_[kind] = block;
    return true;
  }

  State state() {
    const std::lock_guard lock(mutex_);
    return {static_cast<std::size_t>(used_) * kRegion, failed_};
  }

 private:
  bool map_region() {
    if (failed_ || used_ == static_cast<std::ptrdiff_t>(regions_.size())) return false;
    void* region = ::mmap(nullptr, kRegion, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (region == MAP_FAILED) return false;
    if (::mlock(region, kRegion) != 0) {
      ::munmap(region, kRegion);
      failed_ = true;
      return false;
    }
    ::madvise(region, kRegion, MADV_DONTDUMP);
    next_ = static_cast<char*>(region);
    end_ = next_ + kRegion;
    regions_[static_cast<std::size_t>(used_++)] = next_;
    return true;
  }

  std::mutex mutex_;
  std::array<Block*, kClasses> free_{};
  std::array<char*, kMost / kRegion> regions_{};
  std::ptrdiff_t used_ = 0;
  char* next_ = nullptr;
  char* end_ = nullptr;
  bool failed_ = false;
};

// Outlives the secrets of static objects.
Pool& pool() {
  static Pool& one = *new Pool;
  return one;
}

}  // namespace

char* allocate(std::size_t size) {
  if (size <= kLargest)
    if (char* locked = pool().take(class_of(size))) return locked;
  return static_cast<char*>(::operator new(size));
}

void release(char* memory, std::size_t size) noexcept {
  if (memory == nullptr) return;
  wipe(memory, size);
  if (size <= kLargest && pool().give(memory, class_of(size))) return;
  ::operator delete(memory);
}

State state() {
  return pool().state();
}

}  // namespace gw::secret_memory
