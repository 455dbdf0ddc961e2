// SPDX-License-Identifier: Apache-2.0
// What the gateway needs to know of WebSocket (RFC 6455): who asks for it, who has agreed, where a frame
// ends, and how to say goodbye. THREAD: one worker.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "http/message.h"

namespace gw::http {

// A handshake of RFC 6455 4.1: GET over HTTP/1.1 without a body, `Upgrade: websocket` named in Connection, a
// key.
bool asks_for_websocket(const RequestHead& head);
// A 101 that agrees to WebSocket and to nothing else.
bool agrees_to_websocket(const ResponseHead& head);

// Follows the frames that pass in one direction.
class WebSocketFrames {
 public:
  void follow(std::string_view bytes);
  // The next byte begins a frame.
  bool at_boundary() const { return missing_ == 0 && head_size_ == 0; }

 private:
  std::uint64_t missing_ = 0;  // of the payload
  std::uint8_t head_[14] = {};
  std::size_t head_size_ = 0;  // bytes of a head that are there
};

// A close frame as a server sends it. REQUIRES: `reason` has at most 123 bytes.
std::string websocket_close(std::uint16_t code, std::string_view reason);

}  // namespace gw::http
