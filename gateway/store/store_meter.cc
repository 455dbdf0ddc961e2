// SPDX-License-Identifier: Apache-2.0
#include "store/store_meter.h"

#include <algorithm>

namespace gw::store {
namespace {

constexpr std::array<std::string_view, kOperations> kNames{
    "open_family",      "rotate",          "find_family",    "list_families",    "revoke",
    "load_revocations", "reserve_attempt", "clear_attempts", "remember_address", "knows_address",
    "unlock",           "put_record",      "find_record",    "take_record",      "list_records",
};

}  // namespace

std::string_view name_of(std::size_t operation) {
  return kNames[operation];
}

void StoreMeter::note(Operation operation, TimePoint asked, bool good) {
  const TimePoint now = steady_now();
  Row& row = rows_[static_cast<std::size_t>(operation)];
  row.spent.observe(now - asked);
  if (!good) ++row.errors;
  (good ? answered_at_ : failed_at_) = now;
}

StoreMeter& StoreMeter::operator+=(const StoreMeter& other) {
  for (std::size_t i = 0; i < kOperations; ++i) {
    rows_[i].spent += other.rows_[i].spent;
    rows_[i].errors += other.rows_[i].errors;
  }
  answered_at_ = std::max(answered_at_, other.answered_at_);
  failed_at_ = std::max(failed_at_, other.failed_at_);
  return *this;
}

}  // namespace gw::store
