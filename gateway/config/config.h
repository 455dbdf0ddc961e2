// SPDX-License-Identifier: Apache-2.0
// The whole configuration: the option structs of the code that uses them, and what main and server need.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "auth/options.h"
#include "base/access_format.h"
#include "base/json.h"
#include "base/log.h"
#include "http/limits.h"
#include "jose/options.h"
#include "net/options.h"
#include "policy/route.h"
#include "store/redis_options.h"
#include "trace/options.h"
#include "upstream/options.h"

namespace gw::config {

struct ServerOptions {
  unsigned workers = 0;  // 0: CPUs of the cgroup
  unsigned blocking_threads = 4;
  std::string state_dir = "/var/lib/gatewarden";
  std::string plugin_dir = "/usr/lib/gatewarden/plugins";
  Duration drain_timeout = 30s;
  std::string user;                   // empty: stays
  bool watch = false;                 // reload when a file changes
  bool allow_widening = true;         // of reloads that let more through
  bool sandbox = true;                // system calls and files are restricted once it serves
  std::vector<std::string> readable;  // more paths, for plugins
  std::vector<std::string> writable;
  std::vector<net::Cidr> forward_auth;  // who may ask at /auth/verify; empty: nobody, there is none
};

struct Listener {
  net::ListenAddress address;
  std::optional<net::ServerTlsOptions> tls;
  bool http2 = true;
  bool redirect_to_https = false;
  bool proxy_protocol = false;
  std::vector<net::Cidr> trusted_proxies;
  Place place;
};

struct StoreOptions {
  std::string path = "store.db";  // of sqlite:, in state_dir unless absolute
  Duration timeout = 50ms;
  bool serves_on_failure = false;  // on_failure: allow
  // What replicas share; nothing: the file above.
  std::optional<store::RedisAddress> redis{};
  net::ClientTlsOptions tls{};                  // with rediss://
  std::vector<SecretString> encryption_keys{};  // the first seals
  Duration max_revocation_lag = 5s;
  unsigned replicas = 0;  // of Redis that must have what is written
};

struct AccessLogOptions {
  bool enabled = true;
  std::string path = "-";  // standard output
  AccessFormat format = AccessFormat::json;
  double sample = 1.0;
  std::vector<std::string> claims;  // that are written, for `gatewarden diff --log`
};

struct Config {
  std::string file;
  std::vector<std::string> files;  // that it was read from or names, and folders of `include`
  ServerOptions server;
  std::vector<Listener> listeners;
  std::optional<net::ListenAddress> admin;
  http::Limits limits;
  jose::TokenOptions tokens;
  std::vector<jose::IssuerOptions> issuers;
  StoreOptions store;
  std::vector<auth::BackendOptions> backends;
  auth::LoginOptions login;
  auth::HashOptions hash;
  policy::IdentityOptions identity;
  std::vector<upstream::ClusterOptions> upstreams;
  std::vector<policy::Route> routes;
  log::Options log;
  AccessLogOptions access_log;
  std::string audit_path;  // empty: no audit log
  std::optional<trace::Options> tracing;
  json::Value description;  // as written, without routes and secrets
};

}  // namespace gw::config
