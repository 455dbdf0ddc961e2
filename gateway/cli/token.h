// SPDX-License-Identifier: Apache-2.0
// `gatewarden token issue|verify|inspect|revoke`. Each returns the exit status of the contract: 0, 3 for a
// token that the gateway would refuse, 1 after a sentence on `err` for what could not be done.
#pragma once

#include <istream>
#include <ostream>
#include <string>

#include "config/config.h"

namespace gw::cli {

struct TokenRequest {
  std::string subject;
  std::string claims;  // a JSON object beside the standard claims; empty: none
  std::string ttl;     // as durations are written in a configuration; empty: tokens.access_ttl
};

// The argument itself, or for "-" the first line of `in`.
std::string read_token(const std::string& argument, std::istream& in);

// Mints with the gateway's key, which is made when there is none.
int run_token_issue(const config::Config& config, const TokenRequest& request, std::ostream& out,
                    std::ostream& err);

// As the gateway would, revocations included: prints the claims, or the code of the fault on `err`.
int run_token_verify(const config::Config& config, const std::string& token, std::ostream& out,
                     std::ostream& err);

struct RevokeRequest {
  std::string token;       // or one of
  std::string token_id;    // jti
  std::string session_id;  // sid
  std::string subject;     // everything of a sub until now
  std::string issuer;      // whose; alone: everything of that issuer until now
};

// Records it in the store; every gateway that uses it refuses from then on, within a second. 3 for a token
// that the gateway would refuse anyway.
int run_token_revoke(const config::Config& config, const RevokeRequest& request, std::ostream& out,
                     std::ostream& err);

// Decodes without verifying, and says so on `err`.
int run_token_inspect(const std::string& token, std::ostream& out, std::ostream& err);

}  // namespace gw::cli
