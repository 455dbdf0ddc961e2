// SPDX-License-Identifier: Apache-2.0
// What an upstream is told of a verified identity: the `identity.headers` of the configuration, or a route's
// own. Setting them is half of the work; protected_fields.h takes away what a client sends in their names.
// OWNERSHIP: held by the snapshot; rendered headers point to the names in it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "auth/identity.h"
#include "base/result.h"
#include "http/field.h"
#include "policy/route.h"

namespace gw::policy {

inline constexpr std::size_t kMaxIdentityHeaderBytes = 8 * 1024;

// Of one identity, in one piece of text.
struct RenderedHeaders {
  struct Header {
    std::uint32_t which;  // of IdentityHeaders::headers()
    std::uint32_t end;    // of its value in `text`, where the next one's begins
  };
  std::string text;  // see claim_text.h
  std::vector<Header> headers;

  std::size_t bytes() const { return text.capacity() + headers.capacity() * sizeof(Header); }
};

class IdentityHeaders {
 public:
  explicit IdentityHeaders(IdentityOptions options);

  // One for each header whose claim the identity has. `sub` and `roles` are those that were authorised;
  // `scope` is the claim as the token has it, or else the scopes joined with a space. An identity of which a
  // header would be over kMaxIdentityHeaderBytes is refused (forbidden): with the header left out or cut, the
  // upstream would take the caller for somebody with fewer claims.
  Result<RenderedHeaders> render(const auth::Identity& identity) const;

  // Calls `take(const http::Field&)` with each, ready to be sent. REQUIRES: rendered by this one.
  template <class Take>
  void for_each(const RenderedHeaders& rendered, Take take) const {
    std::size_t begin = 0;
    for (const auto& [which, end] : rendered.headers) {
      take(http::Field{options_.headers[which].header,
                       std::string_view(rendered.text).substr(begin, end - begin), folded_[which],
                       http::FieldName::other, false});
      begin = end;
    }
  }

  bool forwards_token() const { return options_.forward_token; }
  const std::vector<IdentityHeader>& headers() const { return options_.headers; }
  const std::optional<AssertionOptions>& assertion() const { return options_.assertion; }

 private:
  IdentityOptions options_;
  std::vector<std::uint32_t> folded_;  // hash of each header's name
};

// One sentence for each header that cannot be used, and for each two that a legacy server could not tell
// apart.
std::vector<std::string> find_problems(const IdentityOptions& options);

}  // namespace gw::policy
