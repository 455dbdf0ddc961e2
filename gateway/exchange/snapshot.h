// SPDX-License-Identifier: Apache-2.0
// The immutable world that a request is served in: made from one configuration, replaced as a whole by a
// reload. THREAD: a Snapshot is shared and never changes. A World is one worker's wrapper of it, with the
// helpers that are per thread; an exchange pins it for as long as it lives.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "auth/backend_set.h"
#include "auth/credential_cache.h"
#include "auth/dpop_nonce.h"
#include "auth/introspection.h"
#include "auth/key_store.h"
#include "auth/lockout.h"
#include "auth/options.h"
#include "auth/session_service.h"
#include "auth/token_verifier.h"
#include "base/access_format.h"
#include "base/local_ref.h"
#include "exchange/assertion.h"
#include "exchange/browser_pages.h"
#include "exchange/step.h"
#include "http/limits.h"
#include "jose/options.h"
#include "policy/cors.h"
#include "policy/field_changes.h"
#include "policy/identity_headers.h"
#include "policy/protected_fields.h"
#include "policy/rate_limit.h"
#include "policy/rewrite.h"
#include "policy/route_table.h"
#include "upstream/cluster.h"

namespace gw::exchange {

// What the gateway serves itself.
struct Endpoint {
  std::string path;         // "/sessions/*": with one segment more
  std::string_view method;  // GET serves HEAD too
  std::span<const Step> steps;
  bool has_below = false;  // what is below the path is its, too
};

inline constexpr std::string_view kResourceMetadataPath = "/.well-known/oauth-protected-resource";

// What a route needs beside its policy, at the same index as in the table.
struct RoutePlan {
  const policy::IdentityHeaders* identity = nullptr;
  std::optional<policy::FieldChanges> request_changes;
  std::optional<policy::FieldChanges> response_changes;
  std::optional<policy::PathRewriter> rewrite;
  std::optional<policy::Cors> cors;
  std::optional<policy::RateLimit> rate_limit;
  std::size_t cluster = 0;  // index in Snapshot::clusters; meaningless with `respond`
  std::uint64_t max_body = 0;
  Duration response_timeout{0};
};

struct Snapshot {
  http::Limits limits;
  policy::RouteTable routes;
  // By paths in one case, where an upstream knows only one (its profile).
  std::optional<policy::RouteTable> folded_routes{};
  std::vector<RoutePlan> plans{};
  std::vector<std::unique_ptr<const policy::IdentityHeaders>> identities{};
  policy::ProtectedFields protected_fields;
  std::vector<std::shared_ptr<const upstream::ClusterSpec>> clusters{};
  std::shared_ptr<const auth::Issuers> issuers{};

  std::vector<Endpoint> endpoints{};        // on the listeners
  std::vector<Endpoint> admin_endpoints{};  // on the admin address
  jose::TokenOptions tokens{};
  auth::LoginOptions login{};
  std::optional<policy::Cors> login_cors{};  // of `login.origins`
  // Who may ask at /auth/verify; without any there is no such endpoint.
  std::vector<net::Cidr> forward_auth{};
  std::string verify_path{};
  std::span<const Step> verify_steps{};
  auth::HashOptions hash{};
  std::shared_ptr<const auth::BackendSet> backends{};  // null without login
  std::shared_ptr<const auth::RefreshKey> refresh_key{};
  std::shared_ptr<const auth::DpopNonces> dpop_nonces{};  // null when proofs need none
  std::shared_ptr<const auth::KeyStore> keys{};           // at first, see World; null when nothing is signed

  std::shared_ptr<const BrowserPages> pages{};    // null when browsers get none
  Verdict (*renew_session)(Exchange&) = nullptr;  // null without cookies
  Verdict (*check_api_key)(Exchange&) = nullptr;  // null without login
  Verdict (*check_basic)(Exchange&) = nullptr;
  std::string refresh_cookie{};  // its name

  bool has_resource_metadata = false;  // some issuer is a URL, so that a challenge can lead there
  std::string https_port_text{};       // where redirect_to_https sends clients
  std::string description{};           // JSON, for /api/config: without secrets
  bool access_log = true;
  AccessFormat access_format = AccessFormat::json;
  double access_sample = 1.0;
  std::optional<double> trace_sample{};      // of traces that begin here; nothing: no spans
  Duration max_revocation_lag{5s};           // then the store is away,
  bool serves_without_store = false;         // and tokens are good all the same
  std::vector<std::string> access_claims{};  // that the access log tells
};

// The helpers of login, when this gateway issues tokens.
struct LoginWorld {
  LoginWorld(const Snapshot& snapshot, net::EventLoop& loop, store::Store& store);

  auth::SessionService sessions;
  auth::Lockout lockout;
  auth::CredentialCache credentials{};
};

struct World : LocalCounted<World> {
  ~World();
  World(std::shared_ptr<const Snapshot> shared, const upstream::ClusterWorker& worker, store::Store* store,
        const World* former);

  // Whom a caller without a credential is taken for. REQUIRES: the route says it, and is this snapshot's.
  const auth::IdentityRef& anonymous(const policy::Route& route);

  const std::shared_ptr<const Snapshot> snapshot;
  // Those of the former world serve on where their options are the same: their connections stay warm.
  std::vector<LocalRef<upstream::Cluster>> clusters;
  net::EventLoop& loop;
  auth::TokenVerifier verifier;
  std::unique_ptr<auth::Introspector> introspector;  // null when no issuer introspects
  std::optional<LoginWorld> login;
  // What signs, and what verifies it elsewhere; null and nothing when this gateway signs nothing.
  std::shared_ptr<const auth::KeyStore> keys;
  std::optional<auth::TokenSigner> signer;
  std::optional<AssertionMinter> assertions;

  // Newer keys than the snapshot has; nothing else changes.
  void use_keys(std::shared_ptr<const auth::KeyStore> newer);

 private:
  std::unordered_map<const policy::Route*, auth::IdentityRef> anonymous_;
};

}  // namespace gw::exchange
