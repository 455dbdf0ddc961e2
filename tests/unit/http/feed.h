// SPDX-License-Identifier: Apache-2.0
// The ways in which bytes reach a parser. Whatever the way, the outcome has to be the same.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <ostream>
#include <string_view>

namespace gw::http {

enum class Feed { whole, byte_by_byte, moved_between, followed_by_more };

inline void PrintTo(Feed feed, std::ostream* out) {
  constexpr const char* kNames[] = {"Whole", "ByteByByte", "MovedBetween", "FollowedByMore"};
  *out << kNames[static_cast<int>(feed)];
}

// Bytes in memory of exactly their size, so that a sanitizer sees every read beyond them.
class ExactBytes {
 public:
  explicit ExactBytes(std::string_view text) : bytes_(new char[text.size()]), size_(text.size()) {
    std::copy(text.begin(), text.end(), bytes_.get());
  }
  std::string_view view() const { return {bytes_.get(), size_}; }

 private:
  std::unique_ptr<char[]> bytes_;
  std::size_t size_;
};

}  // namespace gw::http
