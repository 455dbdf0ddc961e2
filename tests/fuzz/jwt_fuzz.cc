// SPDX-License-Identifier: Apache-2.0
// A token's text and a JWK set's, as anybody may send them. What is accepted must hold together.
#include <array>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "auth/token_verifier.h"
#include "base/json.h"
#include "base/json_outline.h"
#include "jose/pem.h"
#include "jose/token.h"

namespace {

using namespace gw;

constexpr WallSeconds kNow = 1'700'000'000;

void require(bool holds) {
  if (!holds) std::abort();
}

// The example keys of RFC 7515: tokens of the corpus are signed with the first.
constexpr std::string_view kKeys =
    R"({"keys":[{"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9)"
    R"(CAow","kid":"h1"},{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",)"
    R"("y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0","kid":"e1"},{"kty":"OKP","crv":"Ed25519",)"
    R"("x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","kid":"o1"}]})";

auth::TokenVerifier make_verifier() {
  auth::Issuer issuer;
  issuer.name = "fuzz";
  issuer.issuer = "https://issuer.example";
  issuer.algorithms = jose::AlgorithmSet::all();
  const jose::AlgorithmSet hs256{jose::Algorithm::hs256};
  issuer.keys = jose::parse_jwk_set(kKeys, {})->keys;
  issuer.keys.push_back(jose::parse_jwk_set(kKeys, {.wanted = hs256, .allow_symmetric = true})->keys.at(0));
  issuer.audiences = {"api"};
  issuer.claims = {{"roles", "realm_access.roles"}};
  return auth::TokenVerifier(std::make_shared<const auth::Issuers>(auth::Issuers{issuer}));
}

void try_token(std::string_view text) {
  static auth::TokenVerifier verifier = make_verifier();
  const bool well_formed = jose::parse_token(text).ok();
  for (int again = 0; again < 2; ++again) {
    const auto identity = verifier.verify(text, kNow);
    if (!identity) continue;
    require(well_formed);
    require((*identity)->expires_at > kNow && (*identity)->issuer == "https://issuer.example");
    require(!verifier.verify(text, (*identity)->expires_at).ok());
  }
}

// What is read of a payload in short is what is read of it in full.
void try_outline(std::string_view text) {
  std::array<json::Outline::Member, json::Outline::kMaxMembers> room;
  const auto outline = json::read_outline(text, room);
  if (!outline) return;
  const auto value = jose::parse_payload_text(text);
  require(value || text.size() > jose::kMaxTokenBytes);
  if (!value) return;
  require(value->as_object() != nullptr && value->as_object()->size() == outline->members().size());
  for (std::size_t i = 0; i < outline->members().size(); ++i) {
    const auto& [name, member] = (*value->as_object())[i];
    require(outline->name(outline->members()[i]) == name);
    require(*json::parse(outline->value(outline->members()[i]).text()) == member);
  }
  const auto claims = jose::read_claims(*outline), same = jose::read_claims(*value);
  require(claims.ok() == same.ok() && (claims || claims.error() == same.error()));
  if (!claims) return;
  const auto identity = auth::make_identity("fuzz", *claims, *outline);
  if (!identity) return;
  const auto other = auth::make_identity("fuzz", *same, *value, {});
  require(identity->issuer == other->issuer && identity->subject == other->subject &&
          identity->session_id == other->session_id && identity->token_id == other->token_id);
  require(identity->expires_at == other->expires_at && identity->not_before == other->not_before &&
          identity->issued_at == other->issued_at);
  require(identity->scopes == other->scopes && identity->roles == other->roles);
  require(identity->confirmation.key == other->confirmation.key &&
          identity->confirmation.certificate == other->confirmation.certificate &&
          identity->confirmation.is_unknown == other->confirmation.is_unknown);
  require(identity->claims() == other->claims());
}

void try_keys(std::string_view text) {
  const auto set = jose::parse_key_file(text, {.allow_symmetric = true, .read_private = true});
  if (!set) return;
  for (const jose::Key& key : set->keys) {
    require(!key.algorithms().empty());
    require(!jose::thumbprint(key).empty());
    if (key.is_symmetric()) continue;
    const auto again = jose::parse_jwk(jose::format_public_jwk(key), {});
    require(again.ok() && !again->can_sign() && jose::thumbprint(*again) == jose::thumbprint(key));
  }
}

// What has been read once reads the same from what we write.
void try_json(std::string_view text) {
  const auto value = json::parse(text);
  if (!value) return;
  const auto again = json::parse(json::dump(*value));
  require(again.ok() && *again == *value);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try_token(text);
  try_keys(text);
  try_json(text);
  try_outline(text);
  return 0;
}
