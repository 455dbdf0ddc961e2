// SPDX-License-Identifier: Apache-2.0
#include "auth/token_verifier.h"

#include <algorithm>
#include <optional>

#include "auth/introspection_answer.h"
#include "auth/token_rules.h"
#include "base/base64url.h"

namespace gw::auth {
namespace {

using jose::Algorithm;

// Where keys have no names, a forged token costs one verification for each that fits.
constexpr std::size_t kMaxUnnamedKeysTried = 4;

// Of the memory: in 16 MiB, 131,072 tokens and 4,096.
constexpr std::size_t kShareOfProven = 8, kShareOfRefused = 256;

Error malformed(jose::TokenFault fault) {
  return {Fault::token_malformed, std::string(jose::describe(fault))};
}

}  // namespace

TokenVerifier::TokenVerifier(std::shared_ptr<const Issuers> issuers, std::size_t memory)
    : issuers_(std::move(issuers)),
      proven_(memory / kShareOfProven),
      refused_(memory / kShareOfRefused),
      cache_(cache_of(memory - memory / kShareOfProven - memory / kShareOfRefused)) {
  for (const Issuer& issuer : *issuers_) {
    algorithms_ = algorithms_ | issuer.algorithms;
    introspects_ = introspects_ || issuer.introspection.has_value();
    load_keys(loaded_.emplace_back(LoadedIssuer{&issuer, issuer.keys, {}}));
  }
}

void TokenVerifier::load_keys(LoadedIssuer& loaded) {
  loaded.keys.clear();
  for (const jose::Key& key : loaded.source) {
    for (std::size_t i = 0; i < jose::kAlgorithms; ++i) {
      const auto algorithm = static_cast<Algorithm>(i);
      if ((loaded.issuer->algorithms & key.algorithms()).contains(algorithm))
        loaded.keys.push_back({key.kid(), algorithm, jose::Verifier(key, algorithm)});
    }
  }
}

void TokenVerifier::replace_keys(std::string_view issuer_name, std::vector<jose::Key> keys) {
  const auto found = std::find_if(loaded_.begin(), loaded_.end(), [&](const LoadedIssuer& loaded) {
    return loaded.issuer->name == issuer_name;
  });
  if (found == loaded_.end()) return;
  const auto stays = [&](const jose::Key& former) {
    return std::any_of(keys.begin(), keys.end(),
                       [&](const jose::Key& key) { return key.is_same_as(former); });
  };
  if (!std::all_of(found->source.begin(), found->source.end(), stays)) flush();
  refused_.flush();
  found->source = std::move(keys);
  load_keys(*found);
}

void TokenVerifier::flush() {
  cache_.flush();
  proven_.flush();
  refused_.flush();
}

bool TokenVerifier::has_keys(std::string_view issuer_name) const {
  return std::any_of(loaded_.begin(), loaded_.end(), [&](const LoadedIssuer& loaded) {
    return loaded.issuer->name == issuer_name && !loaded.source.empty();
  });
}

Result<IdentityRef> TokenVerifier::verify(std::string_view text, WallSeconds now) {
  remedy_.kind = Remedy::Kind::none;
  const TokenHash hash = hasher_(text);
  const TokenCache::Verified* known = cache_.find(hash, now);
  if (known == nullptr) return verify_unknown(text, hash, now);
  if (auto timely = check_times({known->valid_from, known->valid_until}, now); !timely) {
    if (timely.error().fault == Fault::token_expired) cache_.erase(hash);
    return timely.error();
  }
  return known->identity;
}

Result<IdentityRef> TokenVerifier::verify_unknown(std::string_view text, const TokenHash& hash,
                                                  WallSeconds now) {
  proven_.prefetch(hash);
  if (refused_.contains(hash)) return Error(Fault::token_signature, "the signature has been refused before");
  const auto parts = jose::split_token(text);
  if (!parts) return not_a_jwt(text, parts.error());
  const jose::Header* header = headers_.find(parts->header);
  std::optional<jose::Header> new_header;
  if (header == nullptr) {
    auto parsed = jose::parse_header(parts->header);
    if (!parsed) return not_a_jwt(text, parsed.error());
    header = &new_header.emplace(std::move(*parsed));
  }
  if (const auto fault = payload_.read(parts->payload)) return not_a_jwt(text, *fault);
  const jose::Claims& claims = payload_.claims();
  const bool is_proven = proven_.contains(hash);
  signature_.clear();
  if (!is_proven && !base64url_decode_to(parts->signature, signature_))
    return not_a_jwt(text, jose::TokenFault::not_base64url);

  LoadedIssuer* loaded = find_issuer(claims.issuer);
  if (loaded != nullptr && loaded->issuer->has_no_keys_of_its_own()) {
    remedy_ = {Remedy::Kind::introspection, loaded->issuer->name, {}};
    return Error(Fault::token_signature, "the token's issuer has no keys here");
  }
  if (!header->algorithm || !algorithms_.contains(*header->algorithm))
    return Error(Fault::token_algorithm, "no issuer lists the header's `alg`");
  if (loaded == nullptr) return Error(Fault::token_issuer, "no configured issuer has the token's `iss`");
  const Issuer& issuer = *loaded->issuer;
  if (!issuer.algorithms.contains(*header->algorithm))
    return Error(Fault::token_algorithm, "the issuer does not list the header's `alg`");
  if (Status genuine = is_proven ? Status() : check_signature(*loaded, *header, *parts, signature_);
      !genuine) {
    // For good, as long as the keys stay what they are.
    if (remedy_.kind == Remedy::Kind::none && genuine.error().fault == Fault::token_signature)
      refused_.insert(hash);
    const bool could_be_good = check_type(issuer, *header) && check_age(issuer, claims) &&
                               check_times(validity_of(issuer, claims), now) &&
                               check_audience(issuer, claims);
    if (!could_be_good) remedy_.kind = Remedy::Kind::none;
    return genuine.error();
  }
  if (!is_proven) proven_.insert(hash);

  if (auto typed = check_type(issuer, *header); !typed) return typed.error();
  if (auto aged = check_age(issuer, claims); !aged) return aged.error();
  const Validity validity = validity_of(issuer, claims);
  if (auto timely = check_times(validity, now); !timely) return timely.error();
  if (auto meant = check_audience(issuer, claims); !meant) return meant.error();

  if (new_header) headers_.remember(parts->header, std::move(*new_header));
  IdentityRef identity = identify(issuer);
  cache_.insert(hash, {identity, validity.from, validity.until}, now);
  return identity;
}

// Whose claims have other names here is read as values.
IdentityRef TokenVerifier::identify(const Issuer& issuer) {
  if (payload_.outline() && issuer.claims.empty() && issuer.subject.empty())
    if (auto identity = make_identity(issuer.name, payload_.claims(), *payload_.outline())) return identity;
  return make_identity(issuer.name, payload_.claims(), payload_.take_value(), issuer.claims, issuer.subject);
}

// Perhaps a token of another form, which only an issuer can judge.
Error TokenVerifier::not_a_jwt(std::string_view text, jose::TokenFault fault) {
  if (introspects_ && is_opaque_token(text)) remedy_ = {Remedy::Kind::introspection, {}, {}};
  return malformed(fault);
}

TokenVerifier::LoadedIssuer* TokenVerifier::find_issuer(std::string_view iss) {
  const auto is_named = [&](const LoadedIssuer& loaded) { return loaded.issuer->issuer == iss; };
  const auto found = std::find_if(loaded_.begin(), loaded_.end(), is_named);
  return found == loaded_.end() || iss.empty() ? nullptr : &*found;
}

// Noted beforehand when newer keys could change the answer.
void TokenVerifier::note_missing_key(const LoadedIssuer& loaded, const jose::Header& header) {
  if (!loaded.issuer->is_remote) return;
  remedy_ = {Remedy::Kind::newer_keys, loaded.issuer->name, header.kid};
}

// With a `kid`: the key of that name, else one without a name, which the `kid` cannot contradict.
// Without: the only key that fits.
Status TokenVerifier::check_signature(LoadedIssuer& loaded, const jose::Header& header,
                                      const jose::TokenParts& parts, std::string_view signature) {
  std::vector<UsableKey>& keys = loaded.keys;
  std::size_t fitting = 0;
  const auto fits = [&](const UsableKey& key) {
    return key.algorithm == *header.algorithm && (!header.has_kid || key.kid.empty());
  };
  bool kid_is_known = false;
  for (UsableKey& key : keys) {
    fitting += fits(key) ? 1 : 0;
    if (!header.has_kid || key.kid.empty() || key.kid != header.kid) continue;
    kid_is_known = true;
    if (key.algorithm != *header.algorithm) continue;
    if (key.verifier.verify(parts.signing_input, signature)) return {};
    return Error(Fault::token_signature, "the signature is not that of the key that `kid` names");
  }
  if (!kid_is_known) note_missing_key(loaded, header);
  if (loaded.issuer->is_remote && keys.empty())
    return Error(Fault::backend_unavailable, "the issuer's keys have not been had yet");
  if (kid_is_known) return Error(Fault::token_algorithm, "the key that `kid` names is for another algorithm");
  if (fitting == 0) return Error(Fault::token_signature, "no key has the token's `kid` and `alg`");
  if (fitting > (loaded.issuer->tries_each_unnamed_key ? kMaxUnnamedKeysTried : 1))
    return Error(Fault::token_signature, "several keys fit and the token does not name one");
  for (UsableKey& key : keys)
    if (fits(key) && key.verifier.verify(parts.signing_input, signature)) return {};
  return Error(Fault::token_signature, "the signature is not that of the issuer's key");
}

}  // namespace gw::auth
