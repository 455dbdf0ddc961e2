// SPDX-License-Identifier: Apache-2.0
#include "policy/identity_headers.h"

#include "policy/claim_text.h"
#include "policy/header_rules.h"

namespace gw::policy {
namespace {

constexpr std::size_t kUsualBytes = 128 - 1;  // of all headers; a terminator beside them

// False when there is nothing to tell.
bool append_named(std::string& out, const auth::Identity& identity, std::string_view name) {
  if (name == "sub") {
    append_claim_text(out, identity.subject);
    return !identity.subject.empty();
  }
  // Always a list, also when the token had a single string: "clerk,admin" is one role.
  if (name == "roles") return append_list(out, identity.roles, ',');

  if (const auto text = identity.find_text(name)) return append_claim_text(out, *text), true;
  const json::Value* claim = identity.find_claim(name);
  if (claim != nullptr) return append_claim(out, *claim);
  return name == "scope" && append_list(out, identity.scopes, ' ');  // RFC 6749 3.3
}

}  // namespace

IdentityHeaders::IdentityHeaders(IdentityOptions options) : options_(std::move(options)) {
  for (const IdentityHeader& header : options_.headers) folded_.push_back(http::folded_hash(header.header));
}

Result<RenderedHeaders> IdentityHeaders::render(const auth::Identity& identity) const {
  RenderedHeaders rendered;
  rendered.headers.reserve(options_.headers.size());
  std::string& text = rendered.text;
  text.reserve(kUsualBytes);
  for (std::size_t i = 0; i < options_.headers.size(); ++i) {
    const IdentityHeader& header = options_.headers[i];
    const std::size_t begin = text.size();
    if (!append_named(text, identity, header.claim)) {
      text.resize(begin);  // where the next one's value begins
      continue;
    }
    if (text.size() - begin > kMaxIdentityHeaderBytes)
      return Error(Fault::forbidden,
                   "the claim " + header.claim + " is too long for the header " + header.header);
    rendered.headers.push_back({static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(text.size())});
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
