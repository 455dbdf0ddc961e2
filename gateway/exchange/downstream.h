// SPDX-License-Identifier: Apache-2.0
// What is known of the client's connection, the same for all its requests.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "net/options.h"
#include "net/peer_certificate.h"

namespace gw::exchange {

enum class Door : std::uint8_t { proxy, admin, redirect };  // what a listener is for

// One listener, as every request on it sees it.  OWNERSHIP: the worker.
struct ListenerFacts {
  Door door = Door::proxy;
  bool tls = false;
  bool http2 = false;           // beside HTTP/1
  bool proxy_protocol = false;  // a PROXY header comes first
  std::uint16_t port = 0;
  std::string port_text;
  std::vector<net::Cidr> trusted_proxies;
};

struct Downstream {
  const ListenerFacts* listener = nullptr;
  std::string peer_ip;
  bool peer_is_trusted = false;  // in trusted_proxies: its forwarding fields are believed
  // Of TLS (SNI), lower case; empty without. Lives as long as the connection.
  std::string_view server_name;
  // Verified; null without one. Lives as long as the connection.
  const net::PeerCertificate* certificate = nullptr;
};

}  // namespace gw::exchange
