// SPDX-License-Identifier: Apache-2.0
// What requests say of a server: after so many failures one after the other it gets none for a while, then
// is tried again, and one more failure ends the trial. THREAD: one worker; each judges by its own requests.
#pragma once

#include <cstdint>

#include "base/clock.h"
#include "upstream/options.h"

namespace gw::upstream {

class Outlier {
 public:
  // Null: never ejects.
  explicit Outlier(const OutlierOptions* options) : options_(options) {}

  void succeed() { failures_ = 0; }
  // True when this failure ejects the server.
  bool fail(TimePoint now) {
    if (options_ == nullptr || is_ejected(now)) return false;
    if (++failures_ < options_->failures) return false;
    failures_ = options_->failures - 1;
    until_ = now + options_->eject;
    ++ejections_;
    return true;
  }
  bool is_ejected(TimePoint now) const { return now < until_; }
  std::uint64_t ejections() const { return ejections_; }

 private:
  const OutlierOptions* options_;
  unsigned failures_ = 0;  // one after the other
  TimePoint until_{};
  std::uint64_t ejections_ = 0;
};

}  // namespace gw::upstream
