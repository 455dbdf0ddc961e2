// SPDX-License-Identifier: Apache-2.0
// What a route demands of the client certificate of its connection. The listener has verified it already
// (tls.client_ca); here is only whose it must be.
#pragma once

#include <string>
#include <vector>

#include "net/peer_certificate.h"

namespace gw::policy {

struct CertificateRule {
  std::vector<std::string> subjects;  // any of them, as RFC 4514 has them; empty: any subject
  std::vector<std::string> names;     // any of them, "DNS:a.test" or "URI:spiffe://a/b"; empty: any names
};

bool satisfies(const net::PeerCertificate& certificate, const CertificateRule& rule);

}  // namespace gw::policy
