// SPDX-License-Identifier: Apache-2.0
#include "attack/frames.h"

#include <algorithm>
#include <array>

namespace gw::attack {
namespace {

enum Kind : std::uint8_t {
  kData = 0,
  kHeaders = 1,
  kReset = 3,
  kSettings = 4,
  kGoAway = 7,
  kContinuation = 9
};
constexpr unsigned kEndStream = 1, kEndHeaders = 4, kPadded = 8, kPriority = 32;
constexpr std::size_t kHeadSize = 9;
constexpr std::size_t kFrameSize = 16384;  // until the server says otherwise
constexpr std::uint32_t kStream = 1;

std::uint32_t number_at(std::string_view bytes, std::size_t at, std::size_t count) {
  std::uint32_t number = 0;
  for (std::size_t i = 0; i < count; ++i) number = number << 8 | static_cast<std::uint8_t>(bytes[at + i]);
  return number;
}

std::string big_endian(std::uint32_t number, std::size_t count) {
  std::string bytes;
  for (std::size_t i = count; i-- > 0;) bytes += static_cast<char>(number >> (8 * i) & 255);
  return bytes;
}

std::string frame(Kind kind, unsigned flags, std::uint32_t stream, std::string_view payload) {
  std::string out = big_endian(static_cast<std::uint32_t>(payload.size()), 3);
  out += static_cast<char>(kind);
  out += static_cast<char>(flags);
  out += big_endian(stream, 4);
  return out.append(payload);
}

// RFC 7541 5.1, 5.2: a text without Huffman's code, behind nothing.
std::string hpack_text(std::string_view text) {
  std::string out;
  std::size_t left = text.size();
  if (left < 127) {
    out += static_cast<char>(left);
  } else {
    out += '\x7f';
    for (left -= 127; left >= 128; left /= 128) out += static_cast<char>(left % 128 + 128);
    out += static_cast<char>(left);
  }
  return out.append(text);
}

std::string hpack(const FieldList& fields) {
  std::string out;
  for (const auto& [name, value] : fields) out += '\x10' + hpack_text(name) + hpack_text(value);
  return out;
}

std::string head(const FieldList& fields, bool ends) {
  std::string block = hpack(fields), out;
  const unsigned end = ends ? kEndStream : 0;
  for (bool first = true; first || !block.empty(); first = false) {
    const std::string part = block.substr(0, kFrameSize);
    block.erase(0, part.size());
    out += frame(first ? kHeaders : kContinuation, (block.empty() ? kEndHeaders : 0) | (first ? end : 0),
                 kStream, part);
  }
  return out;
}

// Digits in Huffman's code (RFC 7541, appendix B): 0 to 2 have five bits, the others six. None of what is
// longer than a status may be.
std::string read_digits(std::string_view bytes) {
  if (bytes.size() > 3) return {};
  std::uint64_t bits = 0;
  std::size_t count = 0;
  std::string out;
  for (const char c : bytes) bits = bits << 8 | static_cast<std::uint8_t>(c), count += 8;
  while (count >= 5) {
    const auto five = static_cast<unsigned>(bits >> (count - 5) & 31);
    if (five <= 2) {
      out += static_cast<char>('0' + five);
      count -= 5;
      continue;
    }
    if (count < 6) break;
    const auto six = static_cast<unsigned>(bits >> (count - 6) & 63);
    if (six < 25 || six > 31) break;
    out += static_cast<char>('3' + six - 25);
    count -= 6;
  }
  return out;
}

// `:status` comes first (RFC 9113 8.3); the table that it could stand in was never allowed. 0: not to be
// told.
int status_of(std::string_view block) {
  while (!block.empty() && (static_cast<std::uint8_t>(block[0]) & 0xE0) == 0x20)
    block.remove_prefix(1);  // "my table has no room"
  if (block.empty()) return 0;
  constexpr std::array kStatic{200, 204, 206, 304, 400, 404, 500};
  const auto first = static_cast<std::uint8_t>(block[0]);
  if (first >= 0x88 && first <= 0x8E) return kStatic[first - 0x88U];
  const bool is_named = first >= 0x48 && first <= 0x4E;
  if ((!is_named && (first & 0xEF) != 0x08) || block.size() < 2) return 0;
  const auto length = static_cast<std::uint8_t>(block[1]);
  const std::string_view value = block.substr(2, length & 0x7FU);
  const std::string digits = (length & 0x80U) != 0 ? read_digits(value) : std::string(value);
  if (digits.size() != 3 || digits.find_first_not_of("0123456789") != std::string::npos) return 0;
  return std::stoi(digits);
}

// Without padding and priority.
std::string_view content_of(std::string_view payload, unsigned flags) {
  std::size_t padding = 0;
  if ((flags & kPadded) != 0 && !payload.empty()) {
    padding = static_cast<std::uint8_t>(payload[0]);
    payload.remove_prefix(1);
  }
  if ((flags & kPriority) != 0) payload.remove_prefix(std::min<std::size_t>(5, payload.size()));
  return payload.substr(0, payload.size() - std::min(padding, payload.size()));
}

}  // namespace

std::string format_frames(const FramedRequest& request) {
  // No table for the answer's fields, no pushes.
  const std::string settings = big_endian(1, 2) + big_endian(0, 4) + big_endian(2, 2) + big_endian(0, 4);
  std::string out = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(kSettings, 0, 0, settings);
  const bool has_trailers = !request.trailers.empty();
  out += head(request.fields, !request.body && !has_trailers);
  if (request.body) out += frame(kData, has_trailers ? 0 : kEndStream, kStream, *request.body);
  if (has_trailers) out += head(request.trailers, true);
  return out;
}

std::string shown(const FramedRequest& request) {
  std::string out = "(HTTP/2)\r\n";
  for (const auto& [name, value] : request.fields) out += name + ": " + value + "\r\n";
  out += "\r\n" + request.body.value_or("");
  for (const auto& [name, value] : request.trailers) out += "\r\n" + name + ": " + value;
  return out;
}

bool is_http2(std::string_view bytes) {
  return bytes.size() >= kHeadSize && bytes[3] == kSettings && number_at(bytes, 5, 4) == 0;
}

FramedAnswer read_frames(std::string_view bytes) {
  FramedAnswer answer;
  std::string block;
  bool ends = false;
  while (bytes.size() >= kHeadSize) {
    const std::size_t length = number_at(bytes, 0, 3);
    if (bytes.size() < kHeadSize + length) break;
    const auto kind = static_cast<std::uint8_t>(bytes[3]);
    const auto flags = static_cast<std::uint8_t>(bytes[4]);
    const std::uint32_t stream = number_at(bytes, 5, 4) & 0x7FFFFFFF;
    const std::string_view payload = bytes.substr(kHeadSize, length);
    bytes.remove_prefix(kHeadSize + length);
    if (kind == kGoAway) answer.is_over = true;
    if (stream != kStream) continue;
    if (kind == kReset && length == 4) {
      answer.reset = number_at(payload, 0, 4);
      answer.is_over = true;
    } else if (kind == kData) {
      answer.body += content_of(payload, flags);
      answer.is_over = answer.is_over || (flags & kEndStream) != 0;
    } else if (kind == kHeaders || kind == kContinuation) {
      block += kind == kHeaders ? content_of(payload, flags) : payload;
      ends = ends || (kind == kHeaders && (flags & kEndStream) != 0);
      if ((flags & kEndHeaders) == 0) continue;
      const int status = status_of(block);
      // What comes behind a body are trailers.
      if ((status == 0 || status >= 200) && answer.statuses.empty()) answer.statuses.push_back(status);
      block.clear();
      answer.is_over = answer.is_over || ends;
    }
  }
  return answer;
}

}  // namespace gw::attack
