// SPDX-License-Identifier: Apache-2.0
// Bytes to a server as they are, and all that comes back: over TCP or TLS, with no opinion about HTTP.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "net/tls.h"

namespace gw::attack {

struct Server {
  std::string host;  // a name or an address, without brackets
  std::uint16_t port = 0;
  std::shared_ptr<const net::ClientTls> tls;       // null: plain
  std::shared_ptr<const net::ClientTls> h2_tls{};  // with `tls`: offers HTTP/2
};

struct Heard {
  bool connected = false;
  bool framed = false;  // HTTP/2 was asked for
  std::string bytes;
  std::string failure;  // why it did not connect

  // Of each answer but the interim ones; 9 for bytes that are no HTTP/1 (an answer of HTTP/0.9).
  std::vector<int> statuses() const;
  std::string body() const;       // what follows the first head
  bool has_whole_answer() const;  // the first that is not interim is all there, by its Content-Length
};

struct Patience {
  Duration limit;    // of the whole
  Duration silence;  // after an answer has begun
  bool is_for_one;   // the first answer is the end
  bool http2 = false;
};

// Until the server closes or patience ends.
Heard ask(const Server& server, std::string_view request, const Patience& patience);

}  // namespace gw::attack
