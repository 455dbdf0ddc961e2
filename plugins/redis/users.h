// SPDX-License-Identifier: Apache-2.0
// Users of a Redis server, a hash each: password, email, name, roles, disabled and what else it holds.
// THREAD: any, several at once; each call has a connection of its own.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "common/hashed_backend.h"
#include "common/pool.h"
#include "connection.h"

namespace redis_users {

struct Settings {
  Server server;
  std::string key;        // "user:{username}"
  std::string email_key;  // "email:{email}", a string with the user name; empty: no login by address
  bool write = false;
};

class Users final : public common::HashedBackend {
 public:
  static std::unique_ptr<Users> open(const gatewarden_host* host, common::Options& options);
  Users(const gatewarden_host* host, Settings settings, unsigned connections);

  int writes() const { return settings_.write ? GATEWARDEN_WRITES_PASSWORDS : 0; }
  gatewarden_result set_password_hash(std::string_view id, std::string_view hash);
  gatewarden_result replace_password_hash(std::string_view id, std::string_view old_hash,
                                          std::string_view new_hash);

 protected:
  common::Found look_up(std::string_view username) override;
  common::Found look_up_id(std::string_view id) override;

 private:
  // Null when the server is away; a reply of type error otherwise means that it refused the command.
  Reply ask(const Command& command);
  gatewarden_result away(std::string_view what) const;
  gatewarden_result change(const Command& script);

  const Settings settings_;
  common::Pool<Connection> pool_;
};

}  // namespace redis_users
