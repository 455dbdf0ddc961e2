// SPDX-License-Identifier: Apache-2.0
#include "base/base64url.h"

#include <array>
#include <cstdint>

namespace gw {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

constexpr std::array<std::uint8_t, 256> make_values() {
  std::array<std::uint8_t, 256> values{};
  values.fill(0xFF);
  for (std::size_t i = 0; i < kAlphabet.size(); ++i)
    values[static_cast<unsigned char>(kAlphabet[i])] = static_cast<std::uint8_t>(i);
  return values;
}
constexpr auto kValues = make_values();

}  // namespace

std::string base64url_encode(std::string_view bytes) {
  std::string out;
  out.reserve((bytes.size() * 4 + 2) / 3);
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : bytes) {
    bits = (bits << 8) | static_cast<unsigned char>(c);
    for (held += 8; held >= 6; held -= 6) out += kAlphabet[(bits >> (held - 6)) & 63];
  }
  if (held > 0) out += kAlphabet[(bits << (6 - held)) & 63];
  return out;
}

bool base64url_decode_to(std::string_view text, std::string& out) {
  if (text.size() % 4 == 1) return false;
  const std::size_t before = out.size();
  out.resize(before + text.size() * 3 / 4);
  char* to = out.data() + before;
  std::uint32_t seen = 0;  // bit 7 rises when any character is outside the alphabet
  std::size_t i = 0;
  const auto value = [&](std::size_t at) -> std::uint32_t {
    return kValues[static_cast<unsigned char>(text[at])];
  };
  for (; i + 4 <= text.size(); i += 4) {
    const std::uint32_t a = value(i), b = value(i + 1), c = value(i + 2), d = value(i + 3);
    seen |= a | b | c | d;
    const std::uint32_t bits = (a << 18) | ((b & 63) << 12) | ((c & 63) << 6) | (d & 63);
    *to++ = static_cast<char>(bits >> 16);
    *to++ = static_cast<char>(bits >> 8);
    *to++ = static_cast<char>(bits);
  }
  std::uint32_t spare = 0;
  if (text.size() - i == 2) {
    const std::uint32_t a = value(i), b = value(i + 1);
    seen |= a | b;
    *to++ = static_cast<char>((a << 2) | ((b & 63) >> 4));
    spare = b & 15;
  } else if (text.size() - i == 3) {
    const std::uint32_t a = value(i), b = value(i + 1), c = value(i + 2);
    seen |= a | b | c;
    *to++ = static_cast<char>((a << 2) | ((b & 63) >> 4));
    *to++ = static_cast<char>((b << 4) | ((c & 63) >> 2));
    spare = c & 3;
  }
  if ((seen & 0x80) != 0 || spare != 0) {
    out.resize(before);
    return false;
  }
  return true;
}

std::optional<std::string> base64url_decode(std::string_view text) {
  std::string out;
  if (!base64url_decode_to(text, out)) return std::nullopt;
  return out;
}

}  // namespace gw
