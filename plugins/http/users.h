// SPDX-License-Identifier: Apache-2.0
// Users that a webhook knows: it gets {"username", "password"} to check, and {"username"} or {"id"} to look
// up; its status and JSON are mapped to a result and an account. THREAD: any, several at once.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "common/account.h"
#include "common/pool.h"
#include "hook.h"

namespace http_users {

struct Settings {
  HookSettings hook;
  std::map<std::string, std::string> fields;     // ours -> "user.id", a path into its JSON
  std::map<std::string, nlohmann::json> accept;  // path -> the value that it must have
  std::map<long, gatewarden_result> statuses;
  bool lookup = true;  // false: it only checks passwords
};

class Users {
 public:
  static std::unique_ptr<Users> open(const gatewarden_host* host, common::Options& options);
  Users(const gatewarden_host* host, Settings settings, unsigned connections);

  gatewarden_result verify(std::string_view username, std::string_view password, const gatewarden_sink* sink);
  gatewarden_result find(std::string_view username, const gatewarden_sink* sink);
  gatewarden_result find_id(std::string_view id, const gatewarden_sink* sink);

 private:
  // GATEWARDEN_OK with the hook's JSON in `body`; another result by its status.
  gatewarden_result ask(const nlohmann::json& question, nlohmann::json& body);
  gatewarden_result read(const nlohmann::json& body, std::string_view username,
                         common::Account& account) const;
  gatewarden_result away(std::string_view what) const;

  const gatewarden_host* const host_;
  const Settings settings_;
  common::Pool<Hook> hooks_;
};

}  // namespace http_users
