// SPDX-License-Identifier: Apache-2.0
// Issuers with keys of their own, and tokens of theirs that are good until a test spoils them.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "auth/issuer.h"
#include "auth/token_verifier.h"
#include "base/base64url.h"
#include "jose/jwk.h"
#include "jose/jws.h"

namespace gw::auth {

inline constexpr WallSeconds kNow = 1'700'000'000;

inline json::Value parse_json(std::string_view text) {
  auto value = json::parse(text);
  if (!value) ADD_FAILURE() << value.error() << ": " << text;
  return value ? std::move(*value) : json::Value();
}

inline jose::Key new_key(jose::Algorithm algorithm, std::string kid) {
  auto key = jose::Key::generate(algorithm);
  if (!key) ADD_FAILURE() << key.error();
  key->rename(std::move(kid));
  return std::move(*key);
}

inline std::string encode(std::string_view header, std::string_view payload) {
  return base64url_encode(header) + "." + base64url_encode(payload);
}

// `header` and `payload` are JSON texts, signed as they are.
inline std::string sign(const jose::Key& key, jose::Algorithm algorithm, std::string_view header,
                        std::string_view payload) {
  return *jose::Signer(key, algorithm).sign_compact(header, payload);
}

// The key is made once a process: RSA keys take long.
inline const jose::Key& es_key() {
  static const jose::Key key = new_key(jose::Algorithm::es256, "e1");
  return key;
}
inline const jose::Key& es384_key() {
  static const jose::Key key = new_key(jose::Algorithm::es384, "e384");
  return key;
}
inline const jose::Key& rsa_key() {
  static const jose::Key key =
      *jose::Key::from_evp(new_key(jose::Algorithm::rs256, "").material(), jose::AlgorithmSet::all(), "r1");
  return key;
}
inline const jose::Key& ed_key() {
  static const jose::Key key = new_key(jose::Algorithm::eddsa, "o1");
  return key;
}
inline const jose::Key& hs_key() {
  static const jose::Key key = new_key(jose::Algorithm::hs256, "h1");
  return key;
}

// `self`: ES256. `corp`: RS256 and ES256, with 30 s of leeway. `shared`: HS256 with a secret that has no
// name.
inline Issuers test_issuers() {
  Issuers issuers;
  jose::TokenOptions tokens;
  tokens.issuer = "https://self.example";
  issuers.push_back(make_self_issuer(tokens, {es_key()}));

  Issuer corp;
  corp.name = "corp";
  corp.issuer = "https://corp.example";
  corp.algorithms = {jose::Algorithm::rs256, jose::Algorithm::es256, jose::Algorithm::es384};
  corp.keys = {*jose::Key::from_evp(rsa_key().material(), corp.algorithms, "r1"), es384_key()};
  corp.audiences = {"api", "web"};
  corp.leeway = 30;
  issuers.push_back(corp);

  Issuer shared;
  shared.name = "shared";
  shared.issuer = "https://shared.example";
  shared.algorithms = {jose::Algorithm::hs256};
  shared.keys = {*jose::Key::from_secret(hs_key().secret(), shared.algorithms)};
  shared.audiences = {"api"};
  issuers.push_back(shared);
  return issuers;
}

inline TokenVerifier verifier_of(Issuers issuers) {
  return TokenVerifier(std::make_shared<const Issuers>(std::move(issuers)));
}

// "ok", or the code of the problem document.
inline std::string outcome(TokenVerifier& verifier, std::string_view token, WallSeconds now = kNow) {
  const auto identity = verifier.verify(token, now);
  return identity ? "ok" : std::string(info_of(identity.error().fault).code);
}

}  // namespace gw::auth
