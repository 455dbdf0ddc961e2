// SPDX-License-Identifier: Apache-2.0
#include "auth/identity.h"

#include <algorithm>
#include <optional>

namespace gw::auth {
namespace {

void erase_member(json::Object& object, std::string_view name) {
  object.erase(
      std::remove_if(object.begin(), object.end(), [&](const json::Member& m) { return m.first == name; }),
      object.end());
}

std::string text_or_empty(const json::Value* value) {
  return value == nullptr || value->as_string() == nullptr ? std::string() : *value->as_string();
}

}  // namespace

const json::Value* Identity::find_claim(std::string_view name) const {
  return find_by_path(claims, name);
}

const json::Value* find_by_path(const json::Value& object, std::string_view path) {
  if (const json::Value* whole = object.find(path)) return whole;
  for (std::size_t dot = path.find('.'); dot != std::string_view::npos; dot = path.find('.', dot + 1)) {
    const json::Value* child = object.find(path.substr(0, dot));
    if (child == nullptr || child->as_object() == nullptr) continue;
    if (const json::Value* found = find_by_path(*child, path.substr(dot + 1))) return found;
  }
  return nullptr;
}

Confirmation read_confirmation(const json::Value& claims) {
  const json::Value* cnf = claims.find("cnf");
  if (cnf == nullptr) return {};
  const json::Value *key = cnf->find("jkt"), *certificate = cnf->find("x5t#S256");
  Confirmation confirmation{text_or_empty(key), text_or_empty(certificate), false};
  // What cannot be read was demanded all the same.
  confirmation.is_unknown = confirmation.empty() || (key != nullptr && confirmation.key.empty()) ||
                            (certificate != nullptr && confirmation.certificate.empty());
  return confirmation;
}

void rename_claims(json::Value& claims, const jose::ClaimNames& names) {
  // All are looked up before any is put, so that two names may change places.
  std::vector<std::optional<json::Value>> found;
  found.reserve(names.size());
  for (const auto& [name, path] : names) {
    const json::Value* value = find_by_path(claims, path);
    found.push_back(value == nullptr ? std::nullopt : std::optional(*value));
  }
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (found[i])
      claims.set(names[i].first, std::move(*found[i]));
    else
      erase_member(*claims.as_object(), names[i].first);
  }
}

void qualify_subject(json::Value& claims, std::string_view pattern, std::string_view issuer_name,
                     std::string_view issuer) {
  const std::string subject = text_or_empty(claims.find("sub"));
  if (pattern.empty() || subject.empty()) return;
  std::string made;
  while (!pattern.empty()) {
    const std::size_t open = std::min(pattern.find('{'), pattern.size());
    made += pattern.substr(0, open);
    pattern.remove_prefix(open);
    const std::size_t close = pattern.find('}');
    if (pattern.empty() || close == std::string_view::npos) break;
    const std::string_view name = pattern.substr(1, close - 1);
    made += name == "sub" ? std::string_view(subject) : name == "iss" ? issuer : issuer_name;
    pattern.remove_prefix(close + 1);
  }
  claims.set("sub", std::move(made));
}

IdentityRef make_identity(std::string_view issuer_name, const jose::Claims& claims, json::Value payload,
                          const jose::ClaimNames& names, std::string_view subject_pattern) {
  auto identity = make_local<Identity>();
  identity->issuer_name = issuer_name;
  identity->issuer = claims.issuer;
  identity->session_id = claims.session_id;
  identity->token_id = claims.token_id;
  identity->expires_at = claims.expires_at;
  identity->issued_at = claims.issued_at.value_or(0);
  identity->not_before = claims.not_before.value_or(0);
  identity->confirmation = read_confirmation(payload);
  identity->claims = std::move(payload);
  if (!names.empty()) rename_claims(identity->claims, names);
  qualify_subject(identity->claims, subject_pattern, issuer_name, identity->issuer);

  const json::Value* scope = identity->claims.find("scope");
  identity->subject = text_or_empty(identity->claims.find("sub"));
  identity->scopes = jose::read_words(scope != nullptr ? scope : identity->claims.find("scp"), " ");
  identity->roles = jose::read_words(identity->claims.find("roles"), " ,");
  return IdentityRef(identity.get());
}

}  // namespace gw::auth
