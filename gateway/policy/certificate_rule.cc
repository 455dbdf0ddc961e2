// SPDX-License-Identifier: Apache-2.0
#include "policy/certificate_rule.h"

#include <algorithm>

namespace gw::policy {
namespace {

bool contains(const std::vector<std::string>& list, const std::string& wanted) {
  return std::find(list.begin(), list.end(), wanted) != list.end();
}

}  // namespace

bool satisfies(const net::PeerCertificate& certificate, const CertificateRule& rule) {
  if (!rule.subjects.empty() && !contains(rule.subjects, certificate.subject)) return false;
  const std::vector<std::string>& held = certificate.alternative_names;
  return rule.names.empty() || std::any_of(rule.names.begin(), rule.names.end(),
                                           [&](const std::string& name) { return contains(held, name); });
}

}  // namespace gw::policy
