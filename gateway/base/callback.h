// SPDX-License-Identifier: Apache-2.0
// A move-only std::function with room for four pointers inline (g++ 12 has no std::move_only_function).
#pragma once

#include <cstddef>
#include <new>
#include <type_traits>
#include <utility>

namespace gw {

template <class Signature>
class Callback;

template <class R, class... Args>
class Callback<R(Args...)> {
 public:
  Callback() = default;

  template <class F, class = std::enable_if_t<!std::is_same_v<std::decay_t<F>, Callback>>>
  Callback(F&& f) {
    using Fn = std::decay_t<F>;
    if constexpr (sizeof(Fn) <= kInline && alignof(Fn) <= alignof(std::max_align_t) &&
                  std::is_nothrow_move_constructible_v<Fn>) {
      new (storage_) Fn(std::forward<F>(f));
      call_ = [](void* s, Args... args) -> R {
        return (*std::launder(reinterpret_cast<Fn*>(s)))(std::forward<Args>(args)...);
      };
      manage_ = [](void* from, void* to) {
        Fn* fn = std::launder(reinterpret_cast<Fn*>(from));
        if (to != nullptr) new (to) Fn(std::move(*fn));
        fn->~Fn();
      };
    } else {
      new (storage_) Fn*(new Fn(std::forward<F>(f)));
      call_ = [](void* s, Args... args) -> R {
        return (**std::launder(reinterpret_cast<Fn**>(s)))(std::forward<Args>(args)...);
      };
      manage_ = [](void* from, void* to) {
        Fn** fn = std::launder(reinterpret_cast<Fn**>(from));
        if (to != nullptr)
          new (to) Fn*(*fn);
        else
          delete *fn;
      };
    }
  }

  Callback(Callback&& other) noexcept { take(other); }
  Callback& operator=(Callback&& other) noexcept {
    if (this != &other) {
      reset();
      take(other);
    }
    return *this;
  }
  ~Callback() { reset(); }

  explicit operator bool() const { return call_ != nullptr; }
  R operator()(Args... args) { return call_(storage_, std::forward<Args>(args)...); }

 private:
  static constexpr std::size_t kInline = 4 * sizeof(void*);

  void reset() {
    if (manage_ != nullptr) manage_(storage_, nullptr);
    call_ = nullptr;
    manage_ = nullptr;
  }
  void take(Callback& other) {
    if (other.manage_ != nullptr) other.manage_(other.storage_, storage_);
    call_ = std::exchange(other.call_, nullptr);
    manage_ = std::exchange(other.manage_, nullptr);
  }

  alignas(std::max_align_t) unsigned char storage_[kInline];
  R (*call_)(void*, Args...) = nullptr;
  void (*manage_)(void* from, void* to) = nullptr;  // to == nullptr destroys
};

}  // namespace gw
