// SPDX-License-Identifier: Apache-2.0
// `backends:` and `login:` of the configuration.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/place.h"
#include "base/secret.h"

namespace gw::auth {

struct BackendOptions {
  std::string name;                 // the key in `backends:`
  std::string plugin;               // gatewarden_NAME.so in plugin_dir
  json::Value section;              // its YAML as JSON, paths made absolute, secrets read, without `plugin`
  bool ask_next_when_away = false;  // while it is away, the next backend may decide
  bool upgrade_hashes = false;      // to argon2id, at the next good login
  Duration time_limit = 20s;        // of one call into the plugin
  Place place{};
};

struct LockoutOptions {
  unsigned failures = 5;
  Duration within = 15min;
  Duration lock = 15min;
};

enum class SameSite : std::uint8_t { lax, strict, none };

struct CookieOptions {
  bool enabled = true;
  std::string name = "__Host-gatewarden";
  SameSite same_site = SameSite::lax;
};

struct PageOptions {
  bool enabled = true;
  std::string title;   // empty: the host that is visited
  std::string logo;    // a file; empty: none
  std::string folder;  // templates and locales instead of those built in; empty: none
  Place place{};
};

// How a message reaches a user who has forgotten the password.
struct ResetOptions {
  std::string url;       // of this site, as its users open it: the link begins with it
  Duration ttl = 30min;  // of the link
  std::string smtp;      // smtp://HOST:PORT (STARTTLS when offered) or smtps://; empty: the webhook
  std::string from;      // of the message
  std::string smtp_user;
  SecretString smtp_password;
  bool smtp_requires_tls = true;  // but on loopback
  std::string ca;                 // a file of authorities; empty: the system's
  std::string webhook;            // http(s)://…: gets JSON with `to`, `link`, `language`, `expires_in`
  SecretString webhook_token;     // its Bearer token
};

struct LoginOptions {
  std::vector<std::string> backends;  // asked in order; empty: no login
  std::string prefix;                 // "" or "/auth"
  bool register_enabled = false;
  bool register_reveals = true;  // says when a name or an address is taken
  CookieOptions cookie;
  LockoutOptions lockout;
  std::size_t password_min_length = 12;
  PageOptions page;
  std::vector<std::string> origins;
  std::optional<ResetOptions> reset;
  std::string breached;  // a folder with a list of breached passwords; empty: none
};

// Cost of the hashes that we make: RFC 9106's second recommended option by default.
struct HashOptions {
  std::uint32_t memory_kib = 64 * 1024;
  std::uint32_t iterations = 3;
  std::uint32_t lanes = 4;
  std::string pepper_id{};  // of the key that goes into new hashes; empty: none does
  std::map<std::string, SecretString, std::less<>> peppers{};
};

}  // namespace gw::auth
