// SPDX-License-Identifier: Apache-2.0
// Values behind generation-checked ids: an id of something that is gone finds nothing.
// Ids may cross threads; the map may not.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace gw {

template <class T>
class SlotMap {
 public:
  using Id = std::uint64_t;  // generation << 32 | index; never 0

  Id insert(T value) {
    if (free_.empty()) {
      slots_.push_back({std::move(value), 1});
      return make_id(1, slots_.size() - 1);
    }
    const std::size_t index = free_.back();
    free_.pop_back();
    slots_[index].value = std::move(value);
    return make_id(slots_[index].generation, index);
  }

  T* find(Id id) {
    const std::size_t index = id & 0xFFFFFFFFu;
    if (index >= slots_.size() || slots_[index].generation != id >> 32 || !slots_[index].value)
      return nullptr;
    return &*slots_[index].value;
  }

  std::optional<T> take(Id id) {
    T* found = find(id);
    if (found == nullptr) return std::nullopt;
    const std::size_t index = id & 0xFFFFFFFFu;
    std::optional<T> value(std::move(*found));
    slots_[index].value.reset();
    if (++slots_[index].generation == 0) slots_[index].generation = 1;
    free_.push_back(index);
    return value;
  }

  std::size_t size() const { return slots_.size() - free_.size(); }

  template <class F>
  void for_each(F&& f) {
    for (Slot& slot : slots_)
      if (slot.value) f(*slot.value);
  }

 private:
  struct Slot {
    std::optional<T> value;
    std::uint32_t generation = 1;
  };
  static Id make_id(std::uint32_t generation, std::size_t index) {
    return static_cast<Id>(generation) << 32 | static_cast<Id>(index);
  }

  std::vector<Slot> slots_;
  std::vector<std::size_t> free_;
};

}  // namespace gw
