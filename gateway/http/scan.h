// SPDX-License-Identifier: Apache-2.0
// The byte loops of the HTTP/1.1 parser, inline because they decide its speed: field names folded and hashed
// in the pass that validates them, and the search for the byte that ends a line.
// Internal to this folder.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace gw::http {

constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
constexpr bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}
constexpr bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
constexpr char lower(char c) {
  return is_upper(c) ? static_cast<char>(c | 0x20) : c;
}
constexpr bool is_blank(char c) {
  return c == ' ' || c == '\t';
}
constexpr int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  const char l = lower(c);
  return l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

// RFC 9110 5.6.2: the folded byte of each byte of a token, 0 for all others.
inline constexpr std::array<char, 256> kFoldedByte = [] {
  std::array<char, 256> table{};
  for (int i = 0; i < 256; ++i) {
    const char c = static_cast<char>(i);
    if (is_digit(c) || is_upper(c) || is_lower(c)) table[static_cast<std::size_t>(i)] = lower(c);
  }
  for (const char c : std::string_view("!#$%&'*+-.^_`|~")) table[static_cast<unsigned char>(c)] = '-';
  return table;
}();
constexpr char folded_byte(char c) {
  return kFoldedByte[static_cast<unsigned char>(c)];
}

// A rotate and an xor a byte, one multiplication at the end. Names that collide only cost a comparison.
constexpr std::uint32_t hash_step(std::uint32_t hash, char folded) {
  return std::rotl(hash, 5) ^ static_cast<unsigned char>(folded);
}
constexpr std::uint32_t hash_end(std::uint32_t hash) {
  return hash * 0x9E3779B1u;
}

struct NameScan {
  std::size_t size = 0;  // of the token at the start of the text
  std::uint32_t folded = 0;
};
constexpr NameScan scan_name(std::string_view text) {
  NameScan scan;
  for (; scan.size < text.size(); ++scan.size) {
    const char folded = folded_byte(text[scan.size]);
    if (folded == 0) break;
    scan.folded = hash_step(scan.folded, folded);
  }
  scan.folded = hash_end(scan.folded);
  return scan;
}

constexpr std::string_view trim_blanks(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

constexpr bool is_control(char c) {
  return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F;
}

// The first control byte other than a tab, `end` when there is none.
inline const char* find_control(const char* at, const char* end) {
#if defined(__SSE2__)
  const __m128i last_control = _mm_set1_epi8(0x1F);
  const __m128i tab = _mm_set1_epi8('\t');
  const __m128i del = _mm_set1_epi8(0x7F);
  for (; end - at >= 16; at += 16) {
    const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(block, last_control), block);
    const __m128i found =
        _mm_or_si128(_mm_andnot_si128(_mm_cmpeq_epi8(block, tab), low), _mm_cmpeq_epi8(block, del));
    const auto mask = static_cast<unsigned>(_mm_movemask_epi8(found));
    if (mask != 0) return at + std::countr_zero(mask);
  }
#endif
  while (at != end && !is_control(*at)) ++at;
  return at;
}

}  // namespace gw::http
