// SPDX-License-Identifier: Apache-2.0
// A DPoP proof as anybody may send it. The first byte chooses: 'p' a whole proof, 'c' its claims alone, as if
// the signature had been good, 's' claims that are signed here with a key of our own, so that what lies
// behind the signature is reached. What is accepted must prove the one request that it was held against, and
// prove it once.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "auth/dpop.h"
#include "base/base64url.h"
#include "base/json.h"
#include "jose/digest.h"
#include "jose/jwk.h"
#include "jose/jws.h"

namespace {

using namespace gw;

constexpr WallSeconds kNow = 1'700'000'000;
constexpr std::string_view kToken = "token";

void require(bool holds) {
  if (!holds) std::abort();
}

// Ed25519, the quickest to sign with: RFC 8037 appendix A.1.
const jose::Key& own_key() {
  static const jose::Key key = *jose::parse_jwk(
      *json::parse(R"({"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",)"
                   R"("x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})"),
      {.read_private = true});
  return key;
}

std::string sign(std::string_view claims) {
  static const std::string header =
      R"({"typ":"dpop+jwt","alg":"EdDSA","jwk":)" + json::dump(jose::format_public_jwk(own_key())) + "}";
  return *jose::Signer(own_key(), jose::Algorithm::eddsa).sign_compact(header, claims);
}

void hold_against_requests(const auth::DpopProof& proof) {
  require(!proof.id.empty() && proof.id.size() <= 256);
  auth::DpopContext context{.method = "GET",
                            .scheme = "https",
                            .authority = "api.example",
                            .path = "/a",
                            .token = kToken,
                            .thumbprint = proof.thumbprint,
                            .now = kNow};
  const bool for_token = auth::check_dpop_proof(proof, context).empty();
  const bool alone = auth::check_dpop_proof_alone(proof, context).empty();
  require(!(for_token && alone));
  if (!for_token && !alone) return;
  require(proof.method == "GET" && !proof.url.empty());
  require(proof.issued_at >= kNow - auth::kDpopMaxAge && proof.issued_at <= kNow + auth::kDpopMaxAhead);
  require(for_token == !proof.token_hash.empty());
  const auto holds = [&](const auth::DpopContext& other) {
    return auth::check_dpop_proof(proof, other).empty() || auth::check_dpop_proof_alone(proof, other).empty();
  };
  for (auto change :
       {+[](auth::DpopContext& c) { c.method = "POST"; }, +[](auth::DpopContext& c) { c.scheme = "http"; },
        +[](auth::DpopContext& c) { c.authority = "api.example:8443"; },
        +[](auth::DpopContext& c) { c.path = "/a/b"; }, +[](auth::DpopContext& c) { c.now += 1000; }}) {
    auth::DpopContext other = context;
    change(other);
    require(!holds(other));
  }
  auth::DpopReplays seen(16);
  require(seen.is_new(proof, kNow));
  require(!seen.is_new(proof, kNow) && !seen.is_new(proof, proof.issued_at + auth::kDpopMaxAge));
}

void try_proof(std::string_view text) {
  const auto proof = auth::read_dpop_proof(text);
  if (!proof) return;
  require(proof->thumbprint.size() == 43);
  hold_against_requests(*proof);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] == 'p') try_proof(text);
  if (data[0] == 's') try_proof(sign(text));
  if (data[0] != 'c') return 0;
  const auto claims = auth::read_dpop_claims(text);
  if (!claims) return 0;
  require(claims->thumbprint.empty());
  hold_against_requests(*claims);
  return 0;
}
