// SPDX-License-Identifier: Apache-2.0
// Which Redis, and how it is asked. `parse_redis_url` reads
//   redis+sentinel://[USER:PASSWORD@]HOST[:PORT],HOST[:PORT].../NAME[/DB]   the master of that name
//   redis+cluster://[USER:PASSWORD@]HOST[:PORT],HOST[:PORT]...                the nodes of a cluster
//   redis://[USER:PASSWORD@]HOST[:PORT][/DB]   rediss://… (TLS)   unix://[USER:PASSWORD@]/PATH[?db=DB]
// USER and PASSWORD may be percent-encoded; `:PASSWORD@` is the default user's;
// `USER@` has its password elsewhere.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"

namespace gw::store {

struct HostPort {
  std::string host;
  std::uint16_t port = 0;
  friend bool operator==(const HostPort&, const HostPort&) = default;
};

struct RedisAddress {
  std::string host;  // a name, an address, or the path of a unix socket
  std::uint16_t port = 6379;
  std::string user;  // empty: the default one
  SecretString password;
  unsigned db = 0;
  bool tls = false;
  std::vector<HostPort> sentinels{};  // who know where the master is; then `host` and `port` are not used
  std::string master{};               // its name there
  std::vector<HostPort> nodes{};      // of a cluster, any of them; `host` and `port` are not used
};

bool is_redis_url(std::string_view url);
// The error says what is wrong and what to do; nothing of a password is in it.
Result<RedisAddress, std::string> parse_redis_url(std::string_view url);

}  // namespace gw::store
