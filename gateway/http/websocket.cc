// SPDX-License-Identifier: Apache-2.0
#include "http/websocket.h"

#include <algorithm>

namespace gw::http {
namespace {

constexpr std::uint8_t kMasked = 0x80;
constexpr std::uint8_t kLength = 0x7f;
constexpr std::uint8_t kTwoBytes = 126;
constexpr std::uint8_t kEightBytes = 127;

// `Upgrade: websocket`, once and alone, and named in Connection.
bool names_websocket(const Fields& fields) {
  const Field* upgrade = fields.find(FieldName::upgrade);
  if (upgrade == nullptr || fields.count(FieldName::upgrade) != 1) return false;
  if (!equal_without_case(upgrade->value, "websocket")) return false;
  return std::any_of(fields.begin(), fields.end(), [](const Field& field) {
    return field.id == FieldName::connection && list_contains(field.value, "upgrade");
  });
}

std::size_t head_size_of(const std::uint8_t* head) {
  const std::uint8_t length = head[1] & kLength;
  const std::size_t extended = length == kTwoBytes ? 2 : length == kEightBytes ? 8 : 0;
  return 2 + extended + ((head[1] & kMasked) != 0 ? 4 : 0);
}

std::uint64_t payload_size_of(const std::uint8_t* head) {
  const std::uint8_t length = head[1] & kLength;
  if (length < kTwoBytes) return length;
  std::uint64_t size = 0;
  for (std::size_t i = 0; i < (length == kTwoBytes ? 2u : 8u); ++i) size = size << 8 | head[2 + i];
  return size;
}

}  // namespace

bool asks_for_websocket(const RequestHead& head) {
  return head.method == Method::get && head.version == Version::http11 && !head.has_body() &&
         names_websocket(head.fields) && head.fields.find("Sec-WebSocket-Key") != nullptr;
}

bool agrees_to_websocket(const ResponseHead& head) {
  return head.status == 101 && head.version == Version::http11 && names_websocket(head.fields);
}

void WebSocketFrames::follow(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto passed = static_cast<std::size_t>(std::min<std::uint64_t>(missing_, bytes.size()));
    missing_ -= passed;
    bytes.remove_prefix(passed);
    if (bytes.empty()) return;
    head_[head_size_++] = static_cast<std::uint8_t>(bytes.front());
    bytes.remove_prefix(1);
    if (head_size_ < 2 || head_size_ < head_size_of(head_)) continue;
    missing_ = payload_size_of(head_);
    head_size_ = 0;
  }
}

std::string websocket_close(std::uint16_t code, std::string_view reason) {
  std::string frame{static_cast<char>(0x88), static_cast<char>(reason.size() + 2),
                    static_cast<char>(code >> 8), static_cast<char>(code & 0xff)};
  return frame.append(reason);
}

}  // namespace gw::http
