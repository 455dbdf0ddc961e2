// SPDX-License-Identifier: Apache-2.0
// Keys in PEM: public keys and certificates as other issuers hand them out, private keys as we keep them.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"
#include "jose/jwk.h"
#include "jose/key.h"

namespace gw::jose {

// All public keys and certificates of the text; they have no kid. A private key gives its public part alone.
Result<KeySet, std::string> parse_public_pem(std::string_view text, AlgorithmSet wanted);
// A JWK set, or PEM.
Result<KeySet, std::string> parse_key_file(std::string_view text, const JwkRules& rules);

// PKCS#8. With a passphrase it is written encrypted (PBES2: AES-256 in CBC mode, PBKDF2); both kinds are
// read.
Result<Key, std::string> parse_private_pem(std::string_view text, AlgorithmSet wanted,
                                           const SecretString& passphrase = {});
// REQUIRES: can_sign, not symmetric
Result<SecretString, std::string> format_private_pem(const Key& key, const SecretString& passphrase = {});

}  // namespace gw::jose
