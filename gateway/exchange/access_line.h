// SPDX-License-Identifier: Apache-2.0
// What the access log tells of a request, and how: a line in one of five formats. Every byte that came from
// outside is escaped as its format asks, and passwords, tokens and cookies are not among what is told.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/access_format.h"
#include "http/message.h"

namespace gw::exchange {

// Views; empty where nothing is known.
struct AccessEntry {
  std::chrono::system_clock::time_point at{};  // the end of the request
  std::string_view request_id{}, client{};
  std::string_view method{}, host{}, path{}, query{};  // path and query as they came: they are masked here
  bool has_query = false;
  http::Version version = http::Version::http11;
  std::uint16_t status = 0;  // 0: the client left before an answer
  std::string_view code{};   // of an error that the gateway made
  std::string_view route{}, subject{}, issuer{};
  std::string_view claims{};  // a JSON object
  std::uint64_t received = 0, sent = 0;
  std::chrono::nanoseconds spent{0};
  bool complete = true;
  std::string_view unenforced{};  // the code that a route with enforce: false would have refused with
  std::string_view shadow{};      // and that its `shadow` would have
  std::string_view trace{};       // the id of its trace
  std::string_view referer{}, user_agent{};
};

// With its newline.
void append_access_line(std::string& out, AccessFormat format, const AccessEntry& entry);

}  // namespace gw::exchange
