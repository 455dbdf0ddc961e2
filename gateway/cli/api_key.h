// SPDX-License-Identifier: Apache-2.0
// `gatewarden key issue|list|revoke`: API keys, for clients that cannot log in. A running gateway knows a new
// key at once, and refuses a revoked one within ten seconds.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "config/config.h"

namespace gw::cli {

struct ApiKeyRequest {
  std::string name;
  std::string subject;  // empty: "key:ID"
  std::vector<std::string> scopes, roles;
  std::string ttl;  // empty: a year
  std::string id;   // revoke
};

// Return the exit status: 0, or 1 after a sentence on `err`. The key itself is the only line on `out` of
// issue.
int run_key_issue(const config::Config& config, const ApiKeyRequest& request, std::ostream& out,
                  std::ostream& err);
int run_key_list(const config::Config& config, std::ostream& out, std::ostream& err);
int run_key_revoke(const config::Config& config, const ApiKeyRequest& request, std::ostream& out,
                   std::ostream& err);

}  // namespace gw::cli
