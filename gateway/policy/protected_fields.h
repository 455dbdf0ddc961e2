// SPDX-License-Identifier: Apache-2.0
// The fields that no client may send, because an upstream takes them for the gateway's own word. Names are
// compared folded: X_Auth_Subject and x.auth.subject are X-Auth-Subject. The identity headers of all routes
// are protected on every route, so that what one route overrides opens nothing on another.
// THREAD: immutable; one for a snapshot.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "http/field.h"
#include "policy/route.h"

namespace gw::policy {

class ProtectedFields {
 public:
  struct Circumstances {
    bool from_trusted_proxy = false;  // may send X-Forwarded-*, X-Original-*, X-Rewrite-URL and Forwarded
    bool route_has_methods = false;   // then X-HTTP-Method-Override and its kin are protected too
  };

  // `more` are further headers that the gateway alone sets: the assertion's.
  ProtectedFields(const IdentityOptions& everywhere, const std::vector<Route>& routes,
                  const std::vector<std::string>& more = {});

  bool covers(const http::Field& field, Circumstances circumstances) const;
  // Marks all covered fields of a head or of trailers as dropped. What a trusted proxy says of its client in
  // X-Forwarded-For, -Proto, -Host and -Port goes too, since the gateway sets these anew: read them before.
  void drop_from(http::Fields& fields, Circumstances circumstances) const;

  // An identity header, or one of `more`.
  bool carries_identity(std::string_view name) const;

 private:
  enum class Kind : std::uint8_t { identity, always, from_strangers, with_methods };
  struct Name {
    std::uint32_t folded;
    Kind kind;
    std::string text;
  };

  void protect(std::string_view name, Kind kind);
  const Name* find(std::string_view name, std::uint32_t folded) const;

  std::vector<Name> names_;
  std::array<bool, 256> maybe_{};  // by the top byte of the folded hash: most fields are ruled out by it
};

}  // namespace gw::policy
