// SPDX-License-Identifier: Apache-2.0
// What can be configured about listening and TLS.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/place.h"

namespace gw::net {

// An IPv4 or IPv6 network, in network byte order; IPv4 is held as v4-mapped IPv6.
struct Cidr {
  std::uint8_t address[16] = {};
  unsigned bits = 128;
};

struct ListenAddress {
  std::string host;  // "0.0.0.0", "::", "127.0.0.1"; empty with a path
  std::uint16_t port = 0;
  std::string unix_path;  // "unix:/PATH"
  std::string text;       // as written
};

enum class TlsVersion : std::uint8_t { tls12, tls13 };

struct CertificateFiles {
  std::string certificate;  // PEM chain
  std::string key;          // PEM
  Place place{};
  std::string ocsp{};  // a response in DER, stapled; empty: none
};

struct ServerTlsOptions {
  std::vector<CertificateFiles> certificates;  // the first is the default; others by SNI
  TlsVersion min_version = TlsVersion::tls12;
  std::string client_ca;  // empty: no client certificates
  bool client_required = false;
};

struct ClientTlsOptions {
  std::string ca;           // empty: the system's
  std::string server_name;  // empty: the host of the URL
  std::string certificate;
  std::string key;

  friend bool operator==(const ClientTlsOptions&, const ClientTlsOptions&) = default;
};

}  // namespace gw::net
