// SPDX-License-Identifier: Apache-2.0
// How a backend's accounts become the `sub` of tokens: the `subject` of its section, "{backend}:{id}" by
// default. It names exactly one of {id}, {username} and {email}, so that a subject leads back to its account.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "auth/credential_backend.h"
#include "base/result.h"

namespace gw::plugin {

class SubjectTemplate {
 public:
  enum class Key : std::uint8_t { id, username, email };

  // The error is a sentence for the person who wrote the configuration.
  static Result<SubjectTemplate, std::string> parse(std::string_view text, std::string_view backend);

  // Empty when the account lacks what the template names.
  std::string subject_of(const auth::Account& account) const;

  // The id, user name or e-mail address that `subject` was made of.
  std::optional<std::string_view> find_key(std::string_view subject) const;
  Key key() const { return key_; }

  // Some account of one and some account of the other may have the same subject.
  bool could_collide(const SubjectTemplate& other) const;

 private:
  SubjectTemplate(std::string before, Key key, std::string after)
      : before_(std::move(before)), key_(key), after_(std::move(after)) {}

  std::string before_;
  Key key_;
  std::string after_;
};

}  // namespace gw::plugin
