// SPDX-License-Identifier: Apache-2.0
// Which Redis, and how it is asked. `parse_redis_url` reads
//   redis://[USER:PASSWORD@]HOST[:PORT][/DB]   rediss://… (TLS)   unix://[USER:PASSWORD@]/PATH[?db=DB]
// USER and PASSWORD may be percent-encoded; `:PASSWORD@` is the default user's.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"

namespace gw::store {

struct RedisAddress {
  std::string host;  // a name, an address, or the path of a unix socket
  std::uint16_t port = 6379;
  std::string user;  // empty: the default one
  SecretString password;
  unsigned db = 0;
  bool tls = false;
};

bool is_redis_url(std::string_view url);
// The error says what is wrong and what to do; nothing of a password is in it.
Result<RedisAddress, std::string> parse_redis_url(std::string_view url);

}  // namespace gw::store
