// SPDX-License-Identifier: Apache-2.0
#include "base/utf8.h"

#include <cstdint>

namespace gw {

bool is_utf8(std::string_view text) {
  constexpr std::uint32_t kSmallest[] = {0, 0x80, 0x800, 0x10000};  // by the number of tail bytes
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i++]);
    if (lead < 0x80) continue;
    if (lead < 0xC2 || lead > 0xF4) return false;
    const std::size_t tail_bytes = lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
    if (text.size() - i < tail_bytes) return false;

    std::uint32_t code_point = lead & (0x3Fu >> tail_bytes);
    for (std::size_t k = 0; k < tail_bytes; ++k) {
      const auto tail = static_cast<unsigned char>(text[i++]);
      if ((tail & 0xC0u) != 0x80u) return false;
      code_point = code_point << 6 | (tail & 0x3Fu);
    }
    if (code_point < kSmallest[tail_bytes] || code_point > 0x10FFFF) return false;
    if (code_point >= 0xD800 && code_point <= 0xDFFF) return false;
  }
  return true;
}

}  // namespace gw
