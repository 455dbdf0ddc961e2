// SPDX-License-Identifier: Apache-2.0
// JSON Web Keys (RFC 7517, RFC 7518 section 6, RFC 8037) and their thumbprints (RFC 7638).
// What does not fit is left out with a warning, so that one odd key does not take an issuer's others away.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "jose/key.h"

namespace gw::jose {

struct JwkRules {
  AlgorithmSet wanted = AlgorithmSet::all();  // what the issuer lists
  bool allow_symmetric = false;               // never for a set that came over the network
  bool read_private = false;                  // else private members are passed over
};

// A member that is missing, of another type or does not fit is the error's sentence.
Result<Key, std::string> parse_jwk(const json::Value& jwk, const JwkRules& rules);
// {"keys": […]}. An error when `text` is no JWK set at all.
Result<KeySet, std::string> parse_jwk_set(std::string_view text, const JwkRules& rules);

// The public members, with `use`, `kid` when there is one and `alg` when there is only one.
// REQUIRES: not symmetric; a secret has no public form.
json::Value format_public_jwk(const Key& key);
std::string thumbprint(const Key& key);  // base64url of SHA-256

}  // namespace gw::jose
