// SPDX-License-Identifier: Apache-2.0
#include "jose/jwk.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/base64url.h"
#include "jose/digest.h"
#include "jose/evp.h"

namespace gw::jose {
namespace {

constexpr std::size_t kMaxKeys = 256;
constexpr json::Limits kSetLimits{.bytes = 1024 * 1024, .depth = 16, .values = 50000};

struct Curve {
  std::string_view name;
  KeyKind kind;
  std::size_t coordinate;  // bytes
};
constexpr std::array kCurves{Curve{"P-256", KeyKind::p256, 32}, Curve{"P-384", KeyKind::p384, 48},
                             Curve{"P-521", KeyKind::p521, 66}, Curve{"Ed25519", KeyKind::ed25519, 32},
                             Curve{"Ed448", KeyKind::ed448, 57}};

const Curve* find_curve(std::string_view name) {
  const auto found =
      std::find_if(kCurves.begin(), kCurves.end(), [&](const Curve& c) { return c.name == name; });
  return found == kCurves.end() ? nullptr : &*found;
}
const Curve& curve_of(KeyKind kind) {
  return *std::find_if(kCurves.begin(), kCurves.end(), [&](const Curve& c) { return c.kind == kind; });
}

const unsigned char* bytes_of(const std::string& text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

// The member's text; null when it is missing or no string.
const std::string* text_of(const json::Value& jwk, std::string_view name) {
  const json::Value* member = jwk.find(name);
  return member == nullptr ? nullptr : member->as_string();
}

std::optional<std::string> octets(const json::Value& jwk, std::string_view name) {
  const std::string* text = text_of(jwk, name);
  if (text == nullptr || text->empty()) return std::nullopt;
  return base64url_decode(*text);
}

// The numbers of an RSA key live until the parameters have been built.
class ParamBuilder {
 public:
  ParamBuilder() : builder_(OSSL_PARAM_BLD_new()) {}

  void add_number(const char* name, const std::string& octets) {
    numbers_.emplace_back(BN_bin2bn(bytes_of(octets), static_cast<int>(octets.size()), nullptr));
    OSSL_PARAM_BLD_push_BN(builder_.get(), name, numbers_.back().get());
  }
  void add_text(const char* name, std::string_view text) {
    OSSL_PARAM_BLD_push_utf8_string(builder_.get(), name, text.data(), text.size());
  }
  void add_octets(const char* name, const std::string& octets) {
    OSSL_PARAM_BLD_push_octet_string(builder_.get(), name, octets.data(), octets.size());
  }
  EvpKey make_key(const char* type, bool with_private) {
    const ParamsOwner params(OSSL_PARAM_BLD_to_param(builder_.get()));
    const EvpContextOwner context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
    EVP_PKEY* made = nullptr;
    if (!params || !context || EVP_PKEY_fromdata_init(context.get()) != 1) return nullptr;
    if (EVP_PKEY_fromdata(context.get(), &made, with_private ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY,
                          params.get()) != 1)
      return nullptr;
    return EvpKey(made, EVP_PKEY_free);
  }

 private:
  ParamBuilderOwner builder_;
  std::vector<BnOwner> numbers_;
};

EvpKey parse_rsa(const json::Value& jwk, bool read_private) {
  const auto n = octets(jwk, "n"), e = octets(jwk, "e");
  if (!n || !e) return nullptr;
  ParamBuilder builder;
  builder.add_number(OSSL_PKEY_PARAM_RSA_N, *n);
  builder.add_number(OSSL_PKEY_PARAM_RSA_E, *e);
  const auto d = read_private ? octets(jwk, "d") : std::nullopt;
  if (!d) return builder.make_key("RSA", false);
  builder.add_number(OSSL_PKEY_PARAM_RSA_D, *d);
  const auto p = octets(jwk, "p"), q = octets(jwk, "q"), dp = octets(jwk, "dp"), dq = octets(jwk, "dq"),
             qi = octets(jwk, "qi");
  if (p && q && dp && dq && qi) {
    builder.add_number(OSSL_PKEY_PARAM_RSA_FACTOR1, *p);
    builder.add_number(OSSL_PKEY_PARAM_RSA_FACTOR2, *q);
    builder.add_number(OSSL_PKEY_PARAM_RSA_EXPONENT1, *dp);
    builder.add_number(OSSL_PKEY_PARAM_RSA_EXPONENT2, *dq);
    builder.add_number(OSSL_PKEY_PARAM_RSA_COEFFICIENT1, *qi);
  }
  return builder.make_key("RSA", true);
}

EvpKey parse_ec(const json::Value& jwk, const Curve& curve, bool read_private) {
  const auto x = octets(jwk, "x"), y = octets(jwk, "y");
  // RFC 7518 section 6.2.1.2: the full size of a coordinate, also with leading zeros.
  if (!x || !y || x->size() != curve.coordinate || y->size() != curve.coordinate) return nullptr;
  ParamBuilder builder;
  builder.add_text(OSSL_PKEY_PARAM_GROUP_NAME, curve.name);
  const std::string point = '\x04' + *x + *y;
  builder.add_octets(OSSL_PKEY_PARAM_PUB_KEY, point);
  const auto d = read_private ? octets(jwk, "d") : std::nullopt;
  if (d) builder.add_number(OSSL_PKEY_PARAM_PRIV_KEY, *d);
  return builder.make_key("EC", d.has_value());
}

EvpKey parse_okp(const json::Value& jwk, const Curve& curve, bool read_private) {
  const auto x = octets(jwk, "x");
  if (!x || x->size() != curve.coordinate) return nullptr;
  const int type = curve.kind == KeyKind::ed25519 ? EVP_PKEY_ED25519 : EVP_PKEY_ED448;
  const auto d = read_private ? octets(jwk, "d") : std::nullopt;
  EVP_PKEY* made = d ? EVP_PKEY_new_raw_private_key(type, nullptr, bytes_of(*d), d->size())
                     : EVP_PKEY_new_raw_public_key(type, nullptr, bytes_of(*x), x->size());
  return made == nullptr ? nullptr : EvpKey(made, EVP_PKEY_free);
}

// RFC 7517 sections 4.2 and 4.3: what the key is for. Empty when it may verify (or sign) signatures.
std::string find_misuse(const json::Value& jwk) {
  if (const json::Value* use = jwk.find("use"); use != nullptr && *use != json::Value("sig"))
    return "its `use` is not \"sig\"";
  const json::Value* operations = jwk.find("key_ops");
  if (operations == nullptr) return {};
  const json::Array* list = operations->as_array();
  if (list == nullptr) return "its `key_ops` is no list";
  const bool fits = std::any_of(list->begin(), list->end(), [](const json::Value& operation) {
    return operation == json::Value("verify") || operation == json::Value("sign");
  });
  return fits ? std::string() : "its `key_ops` does not name \"verify\"";
}

// One entry of a set, and the key that it makes or why it makes none.
struct Entry {
  const json::Value* jwk;
  std::optional<Key> key;
  std::string flaw{};
};

// The same in everything but what makes the key.
bool are_alike(const json::Value& one, const json::Value& other) {
  constexpr std::array kNames{"kid", "kty", "use", "alg", "crv"};
  return std::all_of(kNames.begin(), kNames.end(), [&](const char* name) {
    const json::Value *mine = one.find(name), *theirs = other.find(name);
    return mine == nullptr || theirs == nullptr ? mine == theirs : *mine == *theirs;
  });
}

// Why the key cannot stay beside the others under its name (RFC 7517 4.5); empty when it can. A token that
// names two keys would not say which is meant, so neither stays; one that is there twice stays once.
std::string find_namesake(const std::vector<Entry>& all, const Entry& one) {
  if (one.key->kid().empty()) return {};
  const std::string shared = "its `kid` is that of another key, too";
  for (const Entry& other : all) {
    if (&other == &one) continue;
    if (!other.key) {
      if (are_alike(*other.jwk, *one.jwk)) return shared;
      continue;
    }
    if (other.key->kid() != one.key->kid() || (other.key->algorithms() & one.key->algorithms()).empty())
      continue;
    if (thumbprint(*other.key) != thumbprint(*one.key)) return shared;
    if (&other < &one) return "its `kid` is that of an earlier key";
  }
  return {};
}

bool has_both_kinds(const std::vector<Key>& keys) {
  const auto is_symmetric = [](const Key& key) { return key.is_symmetric(); };
  return std::any_of(keys.begin(), keys.end(), is_symmetric) &&
         !std::all_of(keys.begin(), keys.end(), is_symmetric);
}

std::string number_text(const Key& key, const char* name, std::size_t width) {
  BIGNUM* found = nullptr;
  if (EVP_PKEY_get_bn_param(key.material().get(), name, &found) != 1) return {};
  const BnOwner number(found);
  std::string octets(width == 0 ? static_cast<std::size_t>(BN_num_bytes(found)) : width, '\0');
  BN_bn2binpad(found, reinterpret_cast<unsigned char*>(octets.data()), static_cast<int>(octets.size()));
  return base64url_encode(octets);
}

std::string raw_public_text(const Key& key) {
  std::string octets(curve_of(key.kind()).coordinate, '\0');
  std::size_t size = octets.size();
  EVP_PKEY_get_raw_public_key(key.material().get(), reinterpret_cast<unsigned char*>(octets.data()), &size);
  return base64url_encode(octets);
}

// The members that make the key, in the order of RFC 7638 section 3.2 (lexicographic).
json::Object required_members(const Key& key) {
  switch (key.kind()) {
    case KeyKind::oct:
      return {{"k", base64url_encode(key.secret().reveal())}, {"kty", "oct"}};
    case KeyKind::rsa:
      return {{"e", number_text(key, OSSL_PKEY_PARAM_RSA_E, 0)},
              {"kty", "RSA"},
              {"n", number_text(key, OSSL_PKEY_PARAM_RSA_N, 0)}};
    case KeyKind::ed25519:
    case KeyKind::ed448:
      return {{"crv", curve_of(key.kind()).name}, {"kty", "OKP"}, {"x", raw_public_text(key)}};
    default:
      break;
  }
  const Curve& curve = curve_of(key.kind());
  return {{"crv", curve.name},
          {"kty", "EC"},
          {"x", number_text(key, OSSL_PKEY_PARAM_EC_PUB_X, curve.coordinate)},
          {"y", number_text(key, OSSL_PKEY_PARAM_EC_PUB_Y, curve.coordinate)}};
}

Result<Key, std::string> parse_material(const json::Value& jwk, const JwkRules& rules, AlgorithmSet wanted,
                                        std::string kid) {
  const CleanErrors clean;
  const std::string* kty = text_of(jwk, "kty");
  if (kty == nullptr) return std::string("it has no `kty`");
  if (*kty == "oct") {
    if (!rules.allow_symmetric) return std::string("a symmetric key is not taken from here");
    auto secret = octets(jwk, "k");
    if (!secret) return std::string("its `k` is missing or not base64url");
    return Key::from_secret(SecretString(std::move(*secret)), wanted, std::move(kid));
  }
  EvpKey material;
  if (*kty == "RSA") {
    material = parse_rsa(jwk, rules.read_private);
  } else if (*kty == "EC" || *kty == "OKP") {
    const std::string* name = text_of(jwk, "crv");
    const Curve* curve = name == nullptr ? nullptr : find_curve(*name);
    const bool edwards =
        curve != nullptr && (curve->kind == KeyKind::ed25519 || curve->kind == KeyKind::ed448);
    if (curve == nullptr || edwards != (*kty == "OKP"))
      return std::string("its `crv` is not one that is used here");
    material =
        edwards ? parse_okp(jwk, *curve, rules.read_private) : parse_ec(jwk, *curve, rules.read_private);
  } else {
    return std::string("its `kty` is not one that is used here");
  }
  if (!material) return std::string("its members make no key");
  return Key::from_evp(std::move(material), wanted, std::move(kid));
}

}  // namespace

Result<Key, std::string> parse_jwk(const json::Value& jwk, const JwkRules& rules) {
  if (jwk.as_object() == nullptr) return std::string("it is no object");
  if (std::string misuse = find_misuse(jwk); !misuse.empty()) return misuse;
  AlgorithmSet wanted = rules.wanted;
  if (const json::Value* alg = jwk.find("alg")) {
    const auto algorithm = alg->as_string() == nullptr ? std::nullopt : parse_algorithm(*alg->as_string());
    if (!algorithm) return std::string("its `alg` is not one that is used here");
    if (!wanted.contains(*algorithm)) return std::string("its `alg` is not one that the issuer lists");
    wanted = {*algorithm};
  }
  std::string kid;
  if (const json::Value* named = jwk.find("kid")) {
    if (named->as_string() == nullptr) return std::string("its `kid` is no text");
    kid = *named->as_string();
  }
  return parse_material(jwk, rules, wanted, std::move(kid));
}

Result<KeySet, std::string> parse_jwk_set(std::string_view text, const JwkRules& rules) {
  const auto document = json::parse(text, kSetLimits);
  if (!document) return document.error();
  const json::Value* list = document->find("keys");
  if (list == nullptr || list->as_array() == nullptr) return std::string("no JWK set: it has no list `keys`");
  if (list->as_array()->size() > kMaxKeys) return std::string("a JWK set of more than 256 keys");
  std::vector<Entry> entries;
  for (const json::Value& jwk : *list->as_array()) {
    auto key = parse_jwk(jwk, rules);
    entries.push_back(key ? Entry{&jwk, std::move(*key)} : Entry{&jwk, std::nullopt, std::move(key.error())});
  }
  KeySet set;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const Entry& entry = entries[i];
    const std::string flaw = entry.key ? find_namesake(entries, entry) : entry.flaw;
    if (flaw.empty())
      set.keys.push_back(*entry.key);
    else
      set.warnings.push_back("key " + std::to_string(i + 1) + " is left out: " + flaw);
  }
  // One of them was published by mistake: a secret, or a public key that somebody takes for one.
  if (has_both_kinds(set.keys)) return std::string("a JWK set with both symmetric and public keys");
  return set;
}

json::Value format_public_jwk(const Key& key) {
  const CleanErrors clean;
  if (key.is_symmetric()) return {};
  json::Value jwk(required_members(key));
  jwk.set("use", "sig");
  if (!key.kid().empty()) jwk.set("kid", key.kid());
  for (std::size_t i = 0; i < kAlgorithms; ++i) {
    const auto algorithm = static_cast<Algorithm>(i);
    if (key.algorithms() == AlgorithmSet{algorithm}) jwk.set("alg", name_of(algorithm));
  }
  return jwk;
}

std::string thumbprint(const Key& key) {
  const CleanErrors clean;
  return base64url_encode(digest(Hash::sha256, json::dump(json::Value(required_members(key)))).view());
}

}  // namespace gw::jose
