// SPDX-License-Identifier: Apache-2.0
#include "fold.h"

#include <locale.h>
#include <clocale>
#include <cwctype>

namespace accounts {
namespace {

// Takes one code point off the front. REQUIRES: well-formed UTF-8, which the gateway has checked.
wint_t take_code_point(std::string_view& text) {
  const auto lead = static_cast<unsigned char>(text.front());
  const std::size_t tail = lead < 0xC0 ? 0 : lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
  wint_t point = tail == 0 ? lead : lead & (0x3Fu >> tail);
  text.remove_prefix(1);
  for (std::size_t i = 0; i < tail && !text.empty(); ++i) {
    point = point << 6 | (static_cast<unsigned char>(text.front()) & 0x3Fu);
    text.remove_prefix(1);
  }
  return point;
}

void append_code_point(std::string& out, wint_t point) {
  const auto put = [&](wint_t byte) { out += static_cast<char>(byte); };
  const auto put_tail = [&](int shift) { put(0x80u | (point >> shift & 0x3Fu)); };
  if (point < 0x80) {
    put(point);
  } else if (point < 0x800) {
    put(0xC0u | point >> 6);
    put_tail(0);
  } else if (point < 0x10000) {
    put(0xE0u | point >> 12);
    put_tail(6);
    put_tail(0);
  } else {
    put(0xF0u | point >> 18);
    put_tail(12);
    put_tail(6);
    put_tail(0);
  }
}

}  // namespace

std::string fold(std::string_view utf8) {
  // Of its own, so that the letters do not depend on how the process was started.
  static const locale_t kUnicode = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  std::string folded;
  folded.reserve(utf8.size());
  while (!utf8.empty()) {
    wint_t point = take_code_point(utf8);
    if (kUnicode != nullptr) {
      point = towlower_l(point, kUnicode);
    } else if (point >= 'A' && point <= 'Z') {
      point += 'a' - 'A';
    }
    append_code_point(folded, point);
  }
  return folded;
}

}  // namespace accounts
