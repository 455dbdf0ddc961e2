// SPDX-License-Identifier: Apache-2.0
// A counted reference for objects of one thread: no atomic, no control block.
// THREAD: all references of an object live on one worker.
#pragma once

#include <cstdint>
#include <utility>

namespace gw {

// Derive publicly: `struct Identity : LocalCounted<Identity>`.
template <class T>
class LocalCounted {
 public:
  LocalCounted() = default;
  LocalCounted(const LocalCounted&) : references_(0) {}
  LocalCounted& operator=(const LocalCounted&) { return *this; }

 private:
  template <class U>
  friend class LocalRef;
  mutable std::uint32_t references_ = 0;
};

template <class T>
class LocalRef {
 public:
  LocalRef() = default;
  explicit LocalRef(T* object) : object_(object) { retain(); }
  LocalRef(const LocalRef& other) : object_(other.object_) { retain(); }
  LocalRef(LocalRef&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  LocalRef& operator=(LocalRef other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~LocalRef() {
    if (object_ != nullptr && --object_->references_ == 0) delete object_;
  }

  T* get() const { return object_; }
  T* operator->() const { return object_; }
  T& operator*() const { return *object_; }
  explicit operator bool() const { return object_ != nullptr; }
  void reset() { *this = LocalRef(); }

 private:
  void retain() {
    if (object_ != nullptr) ++object_->references_;
  }
  T* object_ = nullptr;
};

template <class T, class... Args>
LocalRef<T> make_local(Args&&... args) {
  return LocalRef<T>(new T(std::forward<Args>(args)...));
}

}  // namespace gw
