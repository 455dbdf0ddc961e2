// SPDX-License-Identifier: Apache-2.0
// The users of an htpasswd file: lines of `user:hash`, or `user:hash:email:name:role,role`. Empty lines and
// lines that begin with # are comments. User names are compared exactly, e-mail addresses without case
// (ASCII).
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace users {

struct User {
  std::string name;
  std::string hash;
  std::string email;
  std::string full_name;
  std::string roles;  // JSON
  int line = 0;
};

class UserFile {
 public:
  // All of `text`, or null and what is wrong with each line in `error` ("line 3: …; line 7: …").
  static std::unique_ptr<const UserFile> parse(std::string_view text, std::string& error);

  const std::vector<User>& users() const { return users_; }

  // By user name or e-mail address; null when there is none.
  const User* find(std::string_view login_name) const;
  const User* find_name(std::string_view name) const;

 private:
  std::string add(User user);

  std::vector<User> users_;
  std::unordered_map<std::string, std::size_t> by_name_;
  std::unordered_map<std::string, std::size_t> by_email_;      // in lower case
  std::unordered_map<std::string, std::size_t> folded_names_;  // in lower case, only to find collisions
};

}  // namespace users
