// SPDX-License-Identifier: Apache-2.0
// What issuers publish about themselves, read strictly: the discovery document (OpenID Connect Discovery 1.0,
// RFC 8414), how long a key set may be kept (RFC 9111), and the snapshot of it that a cold start goes on
// with. Pure functions of text.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"
#include "fetch/url.h"

namespace gw::auth {

// Where an issuer's metadata may stand, in the order in which to ask.
std::array<std::string, 2> discovery_urls(std::string_view issuer);

// The `jwks_uri` of a discovery document, whose `issuer` must be the one asked for, to the letter.
Result<fetch::Url, std::string> read_discovery(std::string_view text, std::string_view issuer);

// Seconds that a response is fresh for, by `max-age` less Age; 0 for no-store and no-cache; nothing when
// Cache-Control does not say.
std::optional<std::chrono::seconds> read_freshness(std::string_view cache_control, std::string_view age);

// The last good key set of an issuer, as it came.
struct KeySnapshot {
  std::string issuer;
  std::string jwks_uri;  // empty while it is not known
  WallSeconds fetched_at = 0;
  std::string keys;  // the JWK set's text
};
std::string format_key_snapshot(const KeySnapshot& snapshot);
Result<KeySnapshot, std::string> parse_key_snapshot(std::string_view text);

}  // namespace gw::auth
