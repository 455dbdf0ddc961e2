// SPDX-License-Identifier: Apache-2.0
// What an issuer's servers answer, and what is kept of it: a JWK set, a discovery document, an answer to
// introspection, cache headers, a snapshot of keys. The first byte chooses; what is accepted must hold
// together.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "auth/introspection_answer.h"
#include "auth/issuer.h"
#include "auth/issuer_documents.h"
#include "base/json.h"
#include "jose/jwk.h"

namespace {

using namespace gw;

constexpr WallSeconds kNow = 1'700'000'000;

void require(bool holds) {
  if (!holds) std::abort();
}

auth::Issuer introspecting_issuer() {
  auth::Issuer issuer;
  issuer.name = "fuzz";
  issuer.issuer = "https://issuer.example";
  issuer.audiences = {"api"};
  issuer.leeway = 30;
  issuer.introspection.emplace();
  return issuer;
}

void take_key_set(std::string_view text) {
  const auto set = auth::read_remote_keys(text, jose::AlgorithmSet::all());
  if (!set) return;
  require(!set->keys.empty() && set->keys.size() <= 256);
  for (const jose::Key& key : set->keys) {
    require(!key.is_symmetric() && !key.can_sign() && !key.algorithms().empty());
    const auto again = jose::parse_jwk(jose::format_public_jwk(key), {.wanted = key.algorithms()});
    require(again && jose::thumbprint(*again) == jose::thumbprint(key));
  }
}

void take_introspection(std::string_view text) {
  static const auth::Issuer issuer = introspecting_issuer();
  const auto answer = auth::read_introspection(text, issuer, kNow);
  if (!answer) return;
  const auto document = json::parse(text);
  require(document && document->find("active") != nullptr && *document->find("active") == json::Value(true));
  require(answer->valid_from <= kNow && kNow < answer->valid_until);
  require(answer->identity->issuer == issuer.issuer && answer->identity->issuer_name == issuer.name);
}

void take_snapshot(std::string_view text) {
  const auto snapshot = auth::parse_key_snapshot(text);
  if (!snapshot) return;
  const auto again = auth::parse_key_snapshot(auth::format_key_snapshot(*snapshot));
  require(again && again->keys == snapshot->keys && again->fetched_at == snapshot->fetched_at);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0]) {
    case 'k':
      take_key_set(text);
      break;
    case 'd':
      if (const auto url = auth::read_discovery(text, "https://issuer.example"))
        require(url->tls || url->host == "localhost" || url->host == "::1" || url->host.starts_with("127."));
      break;
    case 'i':
      take_introspection(text);
      break;
    case 'c':
      if (const auto fresh = auth::read_freshness(text, "7")) require(fresh->count() >= 0);
      break;
    case 's':
      take_snapshot(text);
      break;
    default:
      (void)auth::is_opaque_token(text);
  }
  return 0;
}
