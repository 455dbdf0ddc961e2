// SPDX-License-Identifier: Apache-2.0
// Users that PAM knows, by a service of /etc/pam.d. THREAD: any, several at once; each call has a PAM handle
// of its own.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "common/account.h"

namespace pam_users {

struct Settings {
  std::string service;
  std::string config_dir;  // empty: /etc/pam.d
  bool system_accounts =
      true;              // of the name service (getpwnam), with name and groups; else PAM alone is asked
  bool groups = false;   // Unix groups as roles
  unsigned min_uid = 0;  // accounts below are not known: root, daemons
};

class Users {
 public:
  static std::unique_ptr<Users> open(const gatewarden_host* host, common::Options& options);
  Users(const gatewarden_host* host, Settings settings) : host_(host), settings_(std::move(settings)) {}

  gatewarden_result verify(std::string_view username, std::string_view password, const gatewarden_sink* sink);
  gatewarden_result find(std::string_view username, const gatewarden_sink* sink);
  gatewarden_result find_id(std::string_view id, const gatewarden_sink* sink) { return find(id, sink); }

 private:
  gatewarden_result look_up(const std::string& username, common::Account& account) const;
  gatewarden_result look_up_system(const std::string& username, common::Account& account) const;
  // With no password, only whether the account may be used.
  gatewarden_result ask(const std::string& username, const std::string* password) const;
  gatewarden_result away(std::string_view what) const;

  const gatewarden_host* const host_;
  const Settings settings_;
};

}  // namespace pam_users
