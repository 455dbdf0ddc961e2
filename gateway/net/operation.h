// SPDX-License-Identifier: Apache-2.0
// The handle of something pending. Destroying it guarantees that its callback will not run, so a callback
// may capture the object that holds the handle. No asynchronous call answers inside the call.
// THREAD: the loop that it was made on.
#pragma once

#include <cstdint>
#include <utility>

namespace gw::net {

class [[nodiscard]] Operation {
 public:
  using Cancel = void (*)(void* owner, std::uint64_t id);

  Operation() = default;
  // `cancel` must ignore an id that is already done.
  Operation(Cancel cancel, void* owner, std::uint64_t id) : cancel_(cancel), owner_(owner), id_(id) {}
  Operation(Operation&& other) noexcept { *this = std::move(other); }
  Operation& operator=(Operation&& other) noexcept {
    if (this != &other) {
      reset();
      cancel_ = std::exchange(other.cancel_, nullptr);
      owner_ = other.owner_;
      id_ = other.id_;
    }
    return *this;
  }
  ~Operation() { reset(); }

  void reset() {
    if (Cancel cancel = std::exchange(cancel_, nullptr)) cancel(owner_, id_);
  }

 private:
  Cancel cancel_ = nullptr;
  void* owner_ = nullptr;
  std::uint64_t id_ = 0;
};

}  // namespace gw::net
