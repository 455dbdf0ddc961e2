// SPDX-License-Identifier: Apache-2.0
#include "auth/identity.h"

#include <algorithm>
#include <array>
#include <functional>
#include <memory>

namespace gw::auth {
namespace {

void erase_member(json::Object& object, std::string_view name) {
  object.erase(
      std::remove_if(object.begin(), object.end(), [&](const json::Member& m) { return m.first == name; }),
      object.end());
}

std::string_view text_or_empty(const json::Value* value) {
  return value == nullptr || value->as_string() == nullptr ? std::string_view() : *value->as_string();
}

std::string_view text_or_empty(const std::optional<json::Raw>& value) {
  return value ? value->as_string().value_or(std::string_view()) : std::string_view();
}

Confirmation confirm(std::string_view key, bool has_key, std::string_view certificate, bool has_certificate) {
  Confirmation confirmation{key, certificate, false};
  // What cannot be read was demanded all the same.
  confirmation.is_unknown =
      confirmation.empty() || (has_key && key.empty()) || (has_certificate && certificate.empty());
  return confirmation;
}

Confirmation read_confirmation(const json::Outline& claims) {
  const auto cnf = claims.find("cnf");
  if (!cnf) return {};
  std::array<json::Outline::Member, json::Outline::kMaxMembers> room;
  const auto demand = json::read_outline(cnf->text(), room);
  if (!demand) return confirm({}, false, {}, false);
  const auto key = demand->find("jkt"), certificate = demand->find("x5t#S256");
  return confirm(text_or_empty(key), key.has_value(), text_or_empty(certificate), certificate.has_value());
}

void set_times(Identity& identity, const jose::Claims& claims) {
  identity.expires_at = claims.expires_at;
  identity.issued_at = claims.issued_at.value_or(0);
  identity.not_before = claims.not_before.value_or(0);
}

}  // namespace

const json::Value& Identity::claims() const {
  static const json::Value kNone;
  if (claims_ == nullptr) {
    if (outline_.members().empty()) return kNone;
    claims_ = std::make_unique<const json::Value>(std::move(*json::parse(outline_.text())));
    grow(sizeof *claims_ + json::heap_bytes(*claims_));
  }
  return *claims_;
}

const json::Value* Identity::find_claim(std::string_view name) const {
  const bool is_missing = !outline_.members().empty() && name.find('.') == std::string_view::npos &&
                          !outline_.find(name).has_value();
  return is_missing ? nullptr : find_by_path(claims(), name);
}

std::optional<std::string_view> Identity::find_text(std::string_view name) const {
  const auto claim = outline_.find(name);
  return claim ? claim->as_string() : std::nullopt;
}

template <class Take>
void Identity::for_each_view(Take take) {
  for (std::string_view* view : {&issuer_name, &issuer, &subject, &session_id, &token_id, &confirmation.key,
                                 &confirmation.certificate})
    take(*view);
  for (std::string_view& scope : scopes) take(scope);
  for (std::string_view& role : roles) take(role);
}

void Identity::hold(const json::Outline& payload) {
  const std::string_view text = payload.text();
  const auto is_in_text = [&](std::string_view view) {
    constexpr std::less_equal<const char*> is_not_after;  // also of what belongs to different texts
    return is_not_after(text.data(), view.data()) &&
           is_not_after(view.data() + view.size(), text.data() + text.size());
  };
  const std::size_t of_members = payload.members().size_bytes();
  std::size_t size = of_members + text.size();
  for_each_view([&](std::string_view view) { size += is_in_text(view) ? 0 : view.size(); });

  held_ = std::make_unique_for_overwrite<char[]>(size);
  auto* const members = reinterpret_cast<json::Outline::Member*>(held_.get());
  std::uninitialized_copy(payload.members().begin(), payload.members().end(), members);
  char* const copy = held_.get() + of_members;
  char* beside = copy + text.copy(copy, text.size());
  for_each_view([&](std::string_view& view) {
    if (is_in_text(view)) {
      view = {copy + (view.data() - text.data()), view.size()};
    } else {
      beside += view.copy(beside, view.size());
      view = {beside - view.size(), view.size()};
    }
  });
  outline_ = json::Outline({copy, text.size()}, {members, payload.members().size()});
  constexpr std::size_t kOfAllocator = 16, kPieces = 4;
  grow(size + (scopes.capacity() + roles.capacity()) * sizeof(std::string_view) + kPieces * kOfAllocator);
}

void Identity::hold(json::Value claims) {
  claims_ = std::make_unique<const json::Value>(std::move(claims));
  grow(sizeof *claims_ + json::heap_bytes(*claims_));
}

void Identity::derive(std::unique_ptr<Derived>& place, std::unique_ptr<Derived> made,
                      std::size_t bytes) const {
  place = std::move(made);
  grow(bytes);
}

void Identity::grow(std::size_t bytes) const {
  bytes_ += bytes;
  if (account_ != nullptr) *account_ += bytes;
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
  return confirm(text_or_empty(key), key != nullptr, text_or_empty(certificate), certificate != nullptr);
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
  const std::string subject(text_or_empty(claims.find("sub")));
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

IdentityRef make_identity(std::string_view issuer_name, const jose::Claims& claims,
                          const json::Outline& payload) {
  const auto scope = payload.find("scope");
  auto scopes = jose::read_words(scope ? scope : payload.find("scp"), " ");
  auto roles = jose::read_words(payload.find("roles"), " ,");
  if (!scopes || !roles) return {};
  auto identity = make_local<Identity>();
  identity->issuer_name = issuer_name;
  identity->issuer = claims.issuer;
  identity->subject = claims.subject;
  identity->session_id = claims.session_id;
  identity->token_id = claims.token_id;
  set_times(*identity, claims);
  identity->confirmation = read_confirmation(payload);
  identity->scopes = std::move(*scopes);
  identity->roles = std::move(*roles);
  identity->hold(payload);
  return IdentityRef(identity.get());
}

IdentityRef make_identity(std::string_view issuer_name, const jose::Claims& claims, json::Value payload,
                          const jose::ClaimNames& names, std::string_view subject_pattern) {
  // What is of the token itself, before a name stands for another claim.
  const std::string issuer(claims.issuer), session_id(claims.session_id), token_id(claims.token_id);
  const Confirmation confirmation = read_confirmation(payload);
  const std::string key(confirmation.key), certificate(confirmation.certificate);
  if (!names.empty()) rename_claims(payload, names);
  qualify_subject(payload, subject_pattern, issuer_name, issuer);

  auto identity = make_local<Identity>();
  identity->issuer_name = issuer_name;
  identity->issuer = issuer;
  identity->subject = text_or_empty(payload.find("sub"));
  identity->session_id = session_id;
  identity->token_id = token_id;
  set_times(*identity, claims);
  identity->confirmation = {key, certificate, confirmation.is_unknown};
  const json::Value* scope = payload.find("scope");
  identity->scopes = jose::read_words(scope != nullptr ? scope : payload.find("scp"), " ");
  identity->roles = jose::read_words(payload.find("roles"), " ,");

  const std::string text = json::dump(payload);
  std::array<json::Outline::Member, json::Outline::kMaxMembers> room;
  const auto outline = json::read_outline(text, room);
  identity->hold(outline.value_or(json::Outline()));
  if (!outline) identity->hold(std::move(payload));
  return IdentityRef(identity.get());
}

}  // namespace gw::auth
