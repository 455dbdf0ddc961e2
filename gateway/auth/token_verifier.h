// SPDX-License-Identifier: Apache-2.0
// From the text of a token to an Identity, or to the one fault that the contract gives it. The order of the
// checks is: form, algorithm, issuer, signature, type, times, audience; the first that fails answers.
// An algorithm that no issuer lists fails before the issuer is looked for; one that only other issuers list,
// or that the named key is not for, fails after it.
// THREAD: one worker's, with key contexts and caches of its own; the issuers are shared.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "auth/identity.h"
#include "auth/issuer.h"
#include "auth/token_cache.h"
#include "auth/token_marks.h"
#include "base/result.h"
#include "jose/header_cache.h"
#include "jose/jws.h"
#include "jose/payload.h"
#include "jose/token.h"

namespace gw::auth {

// What could still make a refused token good.
struct Remedy {
  enum class Kind : std::uint8_t {
    none,
    newer_keys,     // its issuer is remote, and no key that is known fits
    introspection,  // that issuer may know it; without a name, any that introspects may
  };
  Kind kind = Kind::none;
  std::string issuer;  // the key in `issuers:`
  std::string kid;     // empty when the token has none
};

class TokenVerifier {
 public:
  // `memory` in bytes, of what it remembers of tokens.
  explicit TokenVerifier(std::shared_ptr<const Issuers> issuers,
                         std::size_t memory = std::size_t{16} * 1024 * 1024);

  // The error's detail is a constant sentence: nothing of the token is in it.
  Result<IdentityRef> verify(std::string_view text, WallSeconds now);
  // Of the last verify(), when it gave an error. Never for a token that newer keys could not make good.
  const Remedy& remedy() const { return remedy_; }
  // From now on an issuer's keys are these. Tokens of keys that go are forgotten. Nothing happens when the
  // issuer is not known.
  void replace_keys(std::string_view issuer_name, std::vector<jose::Key> keys);
  bool has_keys(std::string_view issuer_name) const;
  void flush();
  // Its facts are read anew the next time; that its signature was good stays known.
  void forget(std::string_view text) { cache_.erase(hasher_(text)); }

  const TokenCache& cache() const { return cache_; }

 private:
  struct UsableKey {
    std::string_view kid;
    jose::Algorithm algorithm;
    jose::Verifier verifier;
  };
  struct LoadedIssuer {
    const Issuer* issuer;
    std::vector<jose::Key> source;
    std::vector<UsableKey> keys;  // refer to `source`
  };

  Result<IdentityRef> verify_unknown(std::string_view text, const TokenHash& hash, WallSeconds now);
  IdentityRef identify(const Issuer& issuer);
  Error not_a_jwt(std::string_view text, jose::TokenFault fault);
  void note_missing_key(const LoadedIssuer& loaded, const jose::Header& header);
  static void load_keys(LoadedIssuer& loaded);
  LoadedIssuer* find_issuer(std::string_view iss);
  Status check_signature(LoadedIssuer& loaded, const jose::Header& header, const jose::TokenParts& parts,
                         std::string_view signature);

  Remedy remedy_;
  std::shared_ptr<const Issuers> issuers_;
  std::vector<LoadedIssuer> loaded_;
  bool introspects_ = false;       // any issuer does
  jose::AlgorithmSet algorithms_;  // what any issuer lists
  jose::HeaderCache headers_;
  jose::Payload payload_;  // of the token that is looked at
  std::string signature_;  // the same one's
  TokenHasher hasher_;
  TokenMarks proven_;   // their signature was good
  TokenMarks refused_;  // it was not, and newer keys are not to be had
  TokenCache cache_;
};

}  // namespace gw::auth
