// SPDX-License-Identifier: Apache-2.0
// Headers already read, by their encoded text: an issuer's tokens share a handful of them.
// Only headers of tokens that proved genuine should be remembered, so that nobody else can push them out.
// THREAD: one.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "jose/token.h"

namespace gw::jose {

class HeaderCache {
 public:
  static constexpr std::size_t kEntries = 16;
  static constexpr std::size_t kMaxBytes = 512;  // of a header that is worth keeping

  // Valid until the next remember().
  const Header* find(std::string_view encoded) const {
    for (const auto& [text, header] : entries_)
      if (text == encoded) return &header;
    return nullptr;
  }

  // REQUIRES: not known yet. The oldest goes when all places are taken.
  void remember(std::string_view encoded, Header header) {
    if (encoded.size() > kMaxBytes) return;
    if (entries_.size() < kEntries) {
      entries_.emplace_back(encoded, std::move(header));
      return;
    }
    entries_[oldest_] = {std::string(encoded), std::move(header)};
    oldest_ = (oldest_ + 1) % kEntries;
  }

  std::size_t size() const { return entries_.size(); }

 private:
  std::vector<std::pair<std::string, Header>> entries_;
  std::size_t oldest_ = 0;
};

}  // namespace gw::jose
