// SPDX-License-Identifier: Apache-2.0
#include "policy/protected_fields.h"

#include <algorithm>

namespace gw::policy {
namespace {

// Set anew by the gateway on every request.
constexpr std::string_view kForwardedSet[] = {"X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Port",
                                              "X-Forwarded-Proto"};
constexpr std::string_view kProxyNames[] = {"Forwarded", "X-Rewrite-URL"};
constexpr std::string_view kProxyPrefixes[] = {"x-forwarded-", "x-original-"};
// With these some frameworks run another method than the one that the route allowed.
constexpr std::string_view kMethodOverrides[] = {"X-HTTP-Method-Override", "X-HTTP-Method",
                                                 "X-Method-Override"};

bool has_proxy_prefix(std::string_view name) {
  if (name.empty() || (name.front() | 0x20) != 'x') return false;
  return std::any_of(std::begin(kProxyPrefixes), std::end(kProxyPrefixes), [&](std::string_view prefix) {
    return name.size() >= prefix.size() && http::folds_equal(name.substr(0, prefix.size()), prefix);
  });
}

constexpr std::size_t bucket_of(std::uint32_t folded) {
  return folded >> 24;
}

}  // namespace

ProtectedFields::ProtectedFields(const IdentityOptions& everywhere, const std::vector<Route>& routes,
                                 const std::vector<std::string>& more) {
  // Identity first: the first kind that a name is given stays.
  const auto protect_all = [&](const IdentityOptions& options) {
    for (const IdentityHeader& header : options.headers) protect(header.header, Kind::identity);
    if (options.assertion) protect(options.assertion->header, Kind::identity);
  };
  protect_all(everywhere);
  for (const Route& route : routes)
    if (route.identity) protect_all(*route.identity);
  for (const std::string& name : more) protect(name, Kind::identity);
  for (const std::string_view name : kForwardedSet) protect(name, Kind::always);
  for (const std::string_view name : kProxyNames) protect(name, Kind::from_strangers);
  for (const std::string_view name : kMethodOverrides) protect(name, Kind::with_methods);
}

bool ProtectedFields::covers(const http::Field& field, Circumstances circumstances) const {
  if (maybe_[bucket_of(field.folded)]) {
    if (const Name* name = find(field.name, field.folded)) {
      switch (name->kind) {
        case Kind::identity:
        case Kind::always:
          return true;
        case Kind::from_strangers:
          return !circumstances.from_trusted_proxy;
        case Kind::with_methods:
          return circumstances.route_has_methods;
      }
    }
  }
  return !circumstances.from_trusted_proxy && has_proxy_prefix(field.name);
}

void ProtectedFields::drop_from(http::Fields& fields, Circumstances circumstances) const {
  for (http::Field& field : fields)
    if (covers(field, circumstances)) field.dropped = true;
}

bool ProtectedFields::carries_identity(std::string_view name) const {
  const Name* found = find(name, http::folded_hash(name));
  return found != nullptr && found->kind == Kind::identity;
}

void ProtectedFields::protect(std::string_view name, Kind kind) {
  const std::uint32_t folded = http::folded_hash(name);
  if (find(name, folded) != nullptr) return;
  names_.push_back({folded, kind, std::string(name)});
  maybe_[bucket_of(folded)] = true;
}

const ProtectedFields::Name* ProtectedFields::find(std::string_view name, std::uint32_t folded) const {
  for (const Name& known : names_)
    if (known.folded == folded && http::folds_equal(known.text, name)) return &known;
  return nullptr;
}

}  // namespace gw::policy
