// SPDX-License-Identifier: Apache-2.0
// `request_headers:` and `response_headers:` of a route, checked when the configuration is loaded: framing,
// hop-by-hop and identity headers are out of reach.
// `set` replaces every field of the name, in every spelling that folds to it, so that a client's X_Env does
// not reach a server that reads it as X-Env; `remove` likewise; `add` leaves other fields alone. OWNERSHIP:
// held by the snapshot; added fields point into it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/field.h"
#include "policy/header_rules.h"
#include "policy/protected_fields.h"
#include "policy/route.h"

namespace gw::policy {

class FieldChanges {
 public:
  // `use` is request or response. All problems at once, one sentence each.
  static Result<FieldChanges, std::vector<std::string>> parse(const HeaderChanges& changes, HeaderUse use,
                                                              const ProtectedFields& protected_fields);

  void apply(http::Fields& fields) const;
  // Of trailers: what `set` and `remove` name is not to come in by the back door.
  void remove_from(http::Fields& fields) const;
  bool empty() const { return gone_.empty() && added_.empty(); }

 private:
  struct Name {
    std::string text;
    std::uint32_t folded;
  };
  struct Addition {
    std::string name;
    std::string value;
    std::uint32_t folded;
    http::FieldName id;
  };

  FieldChanges() = default;
  void drop(std::string_view name);
  void append(const std::pair<std::string, std::string>& field);
  bool drops(const http::Field& field) const;

  std::vector<Name> gone_;       // of `set` and `remove`
  std::vector<Addition> added_;  // of `set` and `add`
};

}  // namespace gw::policy
