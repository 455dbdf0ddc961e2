// SPDX-License-Identifier: Apache-2.0
// Accounts of any existing table, through the SQL in the section's `queries`. A column's name says what it is
// (see account.h); parameters are bound, never spliced: 1 is the user name or id, 2 a new password hash, 3
// the old.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "hashed_backend.h"

namespace common {

struct Queries {
  std::string find;              // by user name: the rows of one account
  std::string find_id;           // by id
  std::string set_password;      // (id, new hash); empty: it cannot be written
  std::string upgrade_password;  // (id, new hash, old hash)

  static Queries read(Options& options);
};

class QueryBackend : public HashedBackend {
 public:
  QueryBackend(const gatewarden_host* host, Queries queries)
      : HashedBackend(host), queries_(std::move(queries)) {}

  int writes() const { return queries_.set_password.empty() ? 0 : GATEWARDEN_WRITES_PASSWORDS; }
  gatewarden_result set_password_hash(std::string_view id, std::string_view hash);
  gatewarden_result replace_password_hash(std::string_view id, std::string_view old_hash,
                                          std::string_view new_hash);

 protected:
  using Parameters = std::vector<std::string_view>;
  // The account of the only row; GATEWARDEN_UNKNOWN_USER without one, GATEWARDEN_UNAVAILABLE with several.
  virtual Found select(const std::string& query, const Parameters& parameters) = 0;
  // GATEWARDEN_OK when a row was changed, GATEWARDEN_UNKNOWN_USER when none was.
  virtual gatewarden_result update(const std::string& query, const Parameters& parameters) = 0;

  Found look_up(std::string_view username) override { return checked(select(queries_.find, {username})); }
  Found look_up_id(std::string_view id) override { return checked(select(queries_.find_id, {id})); }
  const Queries& queries() const { return queries_; }

 private:
  Found checked(Found found) const;

  const Queries queries_;
};

}  // namespace common
