// SPDX-License-Identifier: Apache-2.0
// HTTP/2 as an attacker writes it: fields in any order, with any bytes, and whatever of the answer can be
// told without believing anything. Each connection carries one request, on stream 1.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gw::attack {

using FieldList = std::vector<std::pair<std::string, std::string>>;

struct FramedRequest {
  FieldList fields;
  std::optional<std::string> body;
  FieldList trailers;
};

// From the preface to the end of the stream.
std::string format_frames(const FramedRequest& request);
// For reports.
std::string shown(const FramedRequest& request);

// The server's first frame is its SETTINGS (RFC 9113 3.4): it speaks HTTP/2.
bool is_http2(std::string_view bytes);

struct FramedAnswer {
  std::vector<int> statuses;  // final ones; 0 of a head that does not begin with one
  std::string body;
  bool is_over = false;  // by its end, a reset or a goodbye
  std::optional<std::uint32_t> reset;
};
FramedAnswer read_frames(std::string_view bytes);

}  // namespace gw::attack
