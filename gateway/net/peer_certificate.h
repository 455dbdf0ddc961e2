// SPDX-License-Identifier: Apache-2.0
// What a verified client certificate says. Only certificates that led to the listener's `client_ca` become
// one, so whoever holds one may believe it.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"

struct x509_st;

namespace gw::net {

struct PeerCertificate {
  std::string subject;      // RFC 4514: "CN=ann,O=Example"
  std::string common_name;  // the last CN; empty without one
  std::vector<std::string>
      alternative_names;    // "DNS:a.test", "URI:spiffe://…", "email:a@b.test", "IP:192.0.2.1"
  std::string serial;       // hex digits
  std::string fingerprint;  // SHA-256 of the certificate, hex digits
  std::string thumbprint;   // the same as tokens name it, `x5t#S256` (RFC 8705 3.1)
  WallSeconds begins = 0;
  WallSeconds ends = 0;
};

PeerCertificate describe_certificate(x509_st* certificate);

}  // namespace gw::net
