// SPDX-License-Identifier: Apache-2.0
// `gatewarden user add|list|show|passwd|disable|enable|remove|unlock`: the accounts of a backend, and what
// too many failed logins have locked.
#pragma once

#include <functional>
#include <istream>
#include <ostream>
#include <string>
#include <vector>

#include "auth/options.h"
#include "base/result.h"
#include "cli/password_input.h"
#include "cli/store_access.h"

namespace gw::cli {

enum class UserAction : std::uint8_t { add, list, show, passwd, disable, enable, remove, unlock };

struct UserCommand {
  UserAction action = UserAction::list;
  std::string username;            // or the e-mail address; of every action but list
  std::string email;               // add
  std::string name;                // add
  std::vector<std::string> roles;  // add
  bool password_stdin = false;     // add, passwd
  std::string password_hash;       // add, passwd: made elsewhere
  std::string backend;             // empty: the only one that can be written
  bool json = false;               // list, show
};

// What the configuration says about it.
struct UserSettings {
  std::vector<auth::BackendOptions> backends;
  std::string plugin_dir;
  auth::HashOptions hash;
  std::size_t password_min_length = 12;
  // Ends every session, token and open reset link of a subject; empty where nobody logs in.
  std::function<Result<void, std::string>(const std::string& subject)> end_sessions;
  StoreOpener open_store{};  // of the lockouts
};

// Returns the exit status: 0, or 1 after a sentence on `err`. `prompt` asks for passwords that come neither
// from `in` nor as a hash.
int run_user(const UserCommand& command, const UserSettings& settings, const PasswordPrompt& prompt,
             std::istream& in, std::ostream& out, std::ostream& err);

}  // namespace gw::cli
