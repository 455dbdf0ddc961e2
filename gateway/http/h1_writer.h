// SPDX-License-Identifier: Apache-2.0
// Heads and chunks as HTTP/1.1 bytes, appended to a buffer. What is written here has been checked before:
// names are tokens and values hold no control bytes.
#pragma once

#include <cstdint>

#include "http/client_stream.h"
#include "http/message.h"
#include "net/buffer.h"

namespace gw::http {

// The connection's fields of a WebSocket handshake.
inline constexpr std::string_view kUpgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\n";

void append_status_line(net::Buffer& out, std::uint16_t status, std::string_view reason);
void append_fields(net::Buffer& out, const Fields& fields);
void append_field(net::Buffer& out, std::string_view name, std::string_view value);
void append_number(net::Buffer& out, std::uint64_t number, int base = 10);
// Also the framing fields and the empty line.
void append_request_head(net::Buffer& out, const UpstreamRequest& request);
void append_chunk_head(net::Buffer& out, std::size_t size);
void append_last_chunk(net::Buffer& out, const Fields& trailers);

// The standard phrase of a status code; empty when there is none.
std::string_view reason_of(std::uint16_t status);

}  // namespace gw::http
