// SPDX-License-Identifier: Apache-2.0
// Times in fixed buckets, from half a millisecond to a minute. THREAD: one's; copies are anybody's.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>

namespace gw {

class Histogram {
 public:
  static constexpr std::array kBounds{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                      0.25,   0.5,   1.0,    2.5,   5.0,  10.0,  30.0, 60.0};  // seconds

  void observe(std::chrono::nanoseconds spent) {
    const double seconds = std::chrono::duration<double>(spent).count();
    const auto bucket = std::lower_bound(kBounds.begin(), kBounds.end(), seconds) - kBounds.begin();
    ++buckets_[static_cast<std::size_t>(bucket)];
    sum_ += spent;
  }
  Histogram& operator+=(const Histogram& other) {
    for (std::size_t i = 0; i < buckets_.size(); ++i) buckets_[i] += other.buckets_[i];
    sum_ += other.sum_;
    return *this;
  }

  // Observations at or below kBounds[i]; with i == kBounds.size(), all.
  std::uint64_t cumulative(std::size_t i) const {
    std::uint64_t total = 0;
    for (std::size_t bucket = 0; bucket <= i; ++bucket) total += buckets_[bucket];
    return total;
  }
  std::uint64_t count() const { return cumulative(kBounds.size()); }
  std::chrono::nanoseconds sum() const { return sum_; }

 private:
  std::array<std::uint64_t, kBounds.size() + 1> buckets_{};  // each its own; the last is what is slower
  std::chrono::nanoseconds sum_{0};
};

}  // namespace gw
