// SPDX-License-Identifier: Apache-2.0
// `tokens:` and `issuers:` of the configuration.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/place.h"
#include "base/secret.h"
#include "jose/algorithm.h"

namespace gw::jose {

// Renames: the name used in routes and headers, and the path in the token ("realm_access.roles").
using ClaimNames = std::vector<std::pair<std::string, std::string>>;

// The tokens that this gateway issues.
struct TokenOptions {
  std::string issuer = "gatewarden";
  std::vector<std::string> audience{"api"};
  Algorithm algorithm = Algorithm::es256;
  SecretString secret;                   // HS* only
  std::optional<Duration> rotate_every;  // of the keys that are made here
  SecretString key_passphrase;           // of the key files; empty: they are not encrypted
  std::size_t cache_bytes =
      std::size_t{16} * 1024 * 1024;  // of each worker, for verified tokens of any issuer
  Duration access_ttl = 15min;
  Duration refresh_ttl = 14 * 24h;  // of the whole family, from login
  Duration refresh_grace = 10s;
  // The token's claim, and where its value stands in the account ("email", "attributes.tenant").
  ClaimNames claims{{"email", "email"}, {"name", "name"}, {"roles", "roles"}};
  bool bind_client_certificate = false;  // sessions, to the certificate that the client shows
  bool dpop_nonce = false;               // demanded in proofs
  Place place{};
};

// Keys that are fetched, ahead of need and again and again.
struct RemoteKeysOptions {
  std::string jwks_uri;           // empty: the discovery document says it
  Duration refresh = 10min;       // at the latest; sooner when the answer is fresh for less
  Duration stale_if_error = 24h;  // how long the last good keys serve on while the issuer is away

  friend bool operator==(const RemoteKeysOptions&, const RemoteKeysOptions&) = default;
};

enum class ClientAuth : std::uint8_t { basic, post };

// RFC 7662: the issuer is asked about tokens that only it can judge.
struct IntrospectionOptions {
  std::string url;
  std::string client_id;
  SecretString client_secret;
  ClientAuth method = ClientAuth::basic;
  WallSeconds cache = 30;           // how long an answer is kept
  bool require_token_type = true;   // an answer must say that it is about an access token
  std::optional<bool> serve_stale;  // a good answer serves on while the endpoint is away; empty: as the store
};

// Another issuer whose tokens are accepted.
struct IssuerOptions {
  std::string name;       // the key in `issuers:`
  std::string issuer;     // exact value of `iss`
  std::string jwks_file;  // a JWK set, or PEM public keys or certificates
  std::optional<RemoteKeysOptions> remote;
  std::optional<IntrospectionOptions> introspection;
  std::string ca;         // of its servers: a PEM file; empty: the system's
  Duration timeout = 5s;  // of a question to them
  SecretString secret;
  std::vector<Algorithm> algorithms;
  std::vector<std::string> audiences;
  bool any_audience = false;
  Duration leeway = 30s;
  std::optional<Duration> max_age;
  std::string require_type;  // "at+jwt"; empty: any
  ClaimNames claims;
  std::string subject;  // a template of {name}, {iss} and {sub}; empty: `sub` as it is
  Place place{};
};

}  // namespace gw::jose
