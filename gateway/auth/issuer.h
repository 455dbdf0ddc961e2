// SPDX-License-Identifier: Apache-2.0
// An issuer whose tokens are accepted: its keys and the rules that its tokens must meet. Built when the
// configuration is loaded; immutable afterwards and shared by all workers.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "jose/key.h"
#include "jose/options.h"

namespace gw::auth {

inline constexpr std::string_view kSelfIssuer = "self";
inline constexpr std::string_view kAccessTokenType = "at+jwt";  // RFC 9068

struct Issuer {
  std::string name;    // kSelfIssuer, or the key in `issuers:`
  std::string issuer;  // exact value of `iss`
  jose::AlgorithmSet algorithms;
  std::vector<jose::Key> keys;  // of a remote issuer: those known when the configuration was loaded
  bool is_remote = false;       // newer keys come while running, through TokenVerifier::replace_keys
  // Keys from PEM have no names. Where several fit, each is tried; of a JWK set only the one that is meant.
  bool tries_each_unnamed_key = false;
  std::optional<jose::IntrospectionOptions> introspection;
  std::string ca;  // PEM, of its servers; empty: the system's
  Duration timeout{0};
  std::vector<std::string> audiences;
  bool any_audience = false;
  std::string require_type;  // in lower case, without "application/"; empty: any
  WallSeconds leeway = 0;
  std::optional<WallSeconds> max_age;  // of `iat`
  jose::ClaimNames claims;
  std::string subject;  // a template; empty: `sub` as it is

  // Its JWTs are judged by introspection too.
  bool has_no_keys_of_its_own() const { return introspection && keys.empty() && !is_remote; }
};
using Issuers = std::vector<Issuer>;

// This gateway's own tokens. No leeway: the clock that judges is the one that issued.
Issuer make_self_issuer(const jose::TokenOptions& options, std::vector<jose::Key> keys);

// Keys of a JWK set that came over the network, where symmetric ones are never taken.
Result<jose::KeySet, std::string> read_remote_keys(std::string_view text, jose::AlgorithmSet algorithms);

struct CaCertificates {
  std::string pem;
};
// The error says what to do.
Result<CaCertificates, std::string> read_ca_file(const std::string& path);

// Reads the issuer's files; a remote issuer has no keys yet. Appends to `warnings` what was left out; an
// error when no key remains.
Result<Issuer, std::string> load_issuer(const jose::IssuerOptions& options,
                                        std::vector<std::string>& warnings);

}  // namespace gw::auth
