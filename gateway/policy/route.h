// SPDX-License-Identifier: Apache-2.0
// `routes:` of the configuration, parsed once.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/place.h"
#include "net/options.h"
#include "policy/certificate_rule.h"

namespace gw::policy {

using gw::Place;
class When;

class When;

enum class Auth : std::uint8_t { required, optional, none };

// How long the token that opened a WebSocket must be good: as long as it is open, or at the handshake.
enum class StreamAuth : std::uint8_t { token, handshake };

struct ClaimRule {
  std::string name;   // a path: "tenant", "realm_access.tenant"
  json::Value value;  // a scalar; a list claim must contain it
};

// What a token may be bound to: a key (RFC 9449), a client certificate (RFC 8705).
enum class Binding : std::uint8_t { dpop, mtls };

struct Requirement {
  std::vector<std::string> scopes;     // all of them
  std::vector<std::string> roles;      // any of them
  std::vector<ClaimRule> claims;       // all equal
  std::shared_ptr<const When> when{};  // must hold; when.h
  std::optional<CertificateRule> client_certificate;
  std::vector<Binding> bound;      // in any of these ways
  bool hierarchic_scopes = false;  // `orders` is as good as `orders:read`
  bool asks_for_a_token() const {
    return !scopes.empty() || !roles.empty() || !claims.empty() || !bound.empty() || when != nullptr;
  }
};

struct HeaderChanges {
  std::vector<std::pair<std::string, std::string>> set;
  std::vector<std::pair<std::string, std::string>> add;
  std::vector<std::string> remove;
  bool empty() const { return set.empty() && add.empty() && remove.empty(); }
};

// One header that an upstream is told an identity with.
struct IdentityHeader {
  std::string header;
  std::string claim;  // a claim by its configured name, or "sub", "scope", "roles"
};

// A short JWT signed by the gateway, for upstreams that verify.
struct AssertionOptions {
  std::string header;
  Duration ttl = 60s;
  Place place{};
};

struct IdentityOptions {
  std::vector<IdentityHeader> headers{{"X-Auth-Subject", "sub"}, {"X-Auth-Email", "email"},
                                      {"X-Auth-Name", "name"},   {"X-Auth-Roles", "roles"},
                                      {"X-Auth-Scope", "scope"}, {"X-Auth-Issuer", "iss"}};
  bool forward_token = false;
  std::optional<AssertionOptions> assertion{};
};

struct FixedResponse {
  std::uint16_t status = 200;
  std::string body;
};

// `cors:` of a route, or what `login.origins` makes for the endpoints.
struct CorsOptions {
  std::vector<std::string> origins;  // as browsers send them; or only "*"
  std::vector<std::string> methods;  // empty: those of the route, else GET, HEAD and POST
  std::vector<std::string> headers;  // that a script may send beside the harmless ones
  std::vector<std::string> expose;   // that a script may read
  bool credentials = false;
  std::optional<Duration> max_age;  // of a preflight's answer; nothing: the browser's own
};

// Whom a limit counts. What a request does not have falls back: a claim to the subject, that and a header to
// the address.
struct LimitKey {
  enum class Kind : std::uint8_t { subject, address, claim, header };
  Kind kind = Kind::subject;
  std::string name{};  // of the claim or the header

  friend bool operator==(const LimitKey&, const LimitKey&) = default;
};

struct RateLimitOptions {
  std::uint32_t requests = 0;  // 0: no rate
  Duration per{0};
  std::uint32_t burst = 0;       // at once
  std::uint32_t daily = 0;       // from midnight to midnight, UTC; 0: no quota
  std::uint32_t concurrent = 0;  // 0: any number
  LimitKey key{};
};

struct Rewrite {
  std::string strip_prefix;
  std::string add_prefix;
  bool empty() const { return strip_prefix.empty() && add_prefix.empty(); }
};

struct Route {
  std::string name;                  // given, or made from the path
  std::string host;                  // lower case: exact, "*.example.com", or empty for any
  std::string path;                  // literals, {name} for one segment, /** for the rest; normalised
  std::vector<std::string> methods;  // empty: any
  std::vector<std::pair<std::string, std::string>> headers;
  std::vector<std::pair<std::string, std::string>> query;  // decoded
  std::vector<net::Cidr> clients;                          // empty: any
  Auth auth = Auth::required;
  StreamAuth stream_auth = StreamAuth::token;
  std::vector<std::string> issuers;  // empty: all
  // The claims of a caller without a credential, with `sub`; nothing: such a caller is nobody.
  std::optional<json::Value> anonymous;
  Requirement require;
  bool enforce = true;
  std::optional<Requirement> shadow;  // would be demanded too; refuses nobody
  std::string upstream;               // a name of `upstreams:`; empty with respond
  Rewrite rewrite;
  HeaderChanges request_headers;
  HeaderChanges response_headers;
  std::optional<std::uint64_t> max_body;
  std::optional<Duration> response_timeout;
  std::optional<FixedResponse> respond;
  std::optional<RateLimitOptions> rate_limit;
  std::optional<CorsOptions> cors;
  std::optional<Duration> max_revocation_lag;  // of a token that was checked; over it, refused
  std::optional<bool> serves_on_failure;       // on_failure: what cannot be asked anew is good as it was last
  std::optional<IdentityOptions> identity;     // overrides the global one
  bool api_keys = false;                       // are taken as tokens, beside those of the issuers
  bool basic = false;                          // a user name and a password in each request will do
  bool login_page = true;  // a browser that must sign in is sent to the login page, when there is one
  Place place;
};

}  // namespace gw::policy
