// SPDX-License-Identifier: Apache-2.0
// Users of a directory: the entry is found by a service account (or by its DN), the password is checked by a
// bind on a connection of its own. THREAD: any, several at once.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/account.h"
#include "common/hashed_backend.h"
#include "common/pool.h"
#include "connection.h"

namespace ldap_users {

struct Settings {
  Server server;
  std::string base_dn;
  std::string user_filter;      // "(uid={username})"
  std::string user_dn;          // "uid={username},ou=people,…" instead of a search
  std::string disabled_filter;  // an entry that it matches is disabled
  std::string bind_dn, bind_password;
  std::string group_base_dn, group_filter, group_name;  // "(member={dn})", cn; without a base: no search
  std::map<std::string, std::string> attributes;        // name of ours -> attribute of the directory
};

class Users {
 public:
  static std::unique_ptr<Users> open(const gatewarden_host* host, common::Options& options);
  Users(const gatewarden_host* host, Settings settings, unsigned connections);

  gatewarden_result verify(std::string_view username, std::string_view password, const gatewarden_sink* sink);
  gatewarden_result find(std::string_view username, const gatewarden_sink* sink);
  gatewarden_result find_id(std::string_view id, const gatewarden_sink* sink);

 private:
  struct Who {
    std::string base;
    int scope;
    std::string filter;
  };
  struct Found {
    gatewarden_result result = GATEWARDEN_UNAVAILABLE;
    std::string dn;
    common::Account account{};
  };

  Who by_name(std::string_view username) const;
  std::optional<Who> by_id(std::string_view id) const;
  Found look_up(const Who& who);
  // On the service's connection; false when that is broken.
  bool look_up_on(Connection& connection, const Who& who, Found& found);
  bool add_groups(Connection& connection, Found& found, std::string_view username);
  bool find_disabled(Connection& connection, Found& found);
  bool read_account(const Entry& entry, common::Account& account) const;
  gatewarden_result check(const std::string& dn, std::string_view password);
  std::unique_ptr<Connection> connect_service(std::string& error) const;
  gatewarden_result away(std::string_view what) const;

  const gatewarden_host* const host_;
  const Settings settings_;
  std::vector<std::string> wanted_;   // attributes of the directory
  common::Pool<Connection> service_;  // bound as bind_dn; never as anybody else
  common::Pool<Connection> users_;    // only ever binds
};

}  // namespace ldap_users
