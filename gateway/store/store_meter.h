// SPDX-License-Identifier: Apache-2.0
// What one loop counts of its requests to the store. THREAD: one loop's; copies are anybody's.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/clock.h"
#include "base/histogram.h"

namespace gw::store {

enum class Operation : std::uint8_t {
  open_family,
  rotate,
  find_family,
  list_families,
  revoke,
  load_revocations,
  reserve_attempt,
  clear_attempts,
  remember_address,
  knows_address,
  unlock,
  put_record,
  find_record,
  take_record,
  list_records,
};
inline constexpr std::size_t kOperations = static_cast<std::size_t>(Operation::list_records) + 1;
std::string_view name_of(std::size_t operation);

class StoreMeter {
 public:
  struct Row {
    Histogram spent;  // of all, also of those that failed
    std::uint64_t errors = 0;
  };

  void note(Operation operation, TimePoint asked, bool good);
  StoreMeter& operator+=(const StoreMeter& other);

  const Row& of(std::size_t operation) const { return rows_[operation]; }
  bool is_up() const { return answered_at_ >= failed_at_; }

 private:
  std::array<Row, kOperations> rows_{};
  TimePoint answered_at_{};
  TimePoint failed_at_{};
};

}  // namespace gw::store
