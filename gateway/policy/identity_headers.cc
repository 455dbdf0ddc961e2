// SPDX-License-Identifier: Apache-2.0
#include "policy/identity_headers.h"

#include <optional>

#include "http/field.h"
#include "policy/claim_text.h"
#include "policy/header_rules.h"

namespace gw::policy {
namespace {

std::optional<std::string> format_named(const auth::Identity& identity, std::string_view name) {
  if (name == "sub")
    return format_claim(identity.subject.empty() ? json::Value() : json::Value(identity.subject));
  // Always a list, also when the token had a single string: "clerk,admin" is one role.
  if (name == "roles") return format_list(identity.roles, ',');

  const json::Value* claim = identity.find_claim(name);
  if (claim != nullptr) return format_claim(*claim);
  if (name == "scope") return format_list(identity.scopes, ' ');  // RFC 6749 3.3
  return std::nullopt;
}

}  // namespace

Result<std::vector<RenderedHeader>> IdentityHeaders::render(const auth::Identity& identity) const {
  std::vector<RenderedHeader> rendered;
  rendered.reserve(options_.headers.size());
  for (const IdentityHeader& header : options_.headers) {
    std::optional<std::string> value = format_named(identity, header.claim);
    if (!value) continue;
    if (value->size() > kMaxIdentityHeaderBytes)
      return Error(Fault::forbidden,
                   "the claim " + header.claim + " is too long for the header " + header.header);
    rendered.push_back({header.header, std::move(*value)});
  }
  return rendered;
}

std::vector<std::string> find_problems(const IdentityOptions& options) {
  std::vector<std::string> problems;
  for (auto header = options.headers.begin(); header != options.headers.end(); ++header) {
    if (auto valid = validate_header_name(header->header, HeaderUse::identity); !valid)
      problems.push_back(valid.error());
    if (header->claim.empty()) problems.push_back("\"" + header->header + "\" names no claim");
    for (auto before = options.headers.begin(); before != header; ++before) {
      if (http::folds_equal(before->header, header->header))
        problems.push_back("\"" + header->header + "\" and \"" + before->header +
                           "\" are the same header to a legacy server");
    }
  }
  return problems;
}

}  // namespace gw::policy
