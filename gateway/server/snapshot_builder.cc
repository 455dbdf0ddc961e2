// SPDX-License-Identifier: Apache-2.0
#include "server/snapshot_builder.h"

#include <algorithm>
#include <utility>

#include "auth/issuer.h"
#include "auth/password_hash.h"
#include "endpoints/endpoints.h"
#include "endpoints/other_credentials.h"
#include "endpoints/pages.h"
#include "endpoints/renew.h"
#include "endpoints/resource_metadata.h"
#include "endpoints/session_cookies.h"
#include "endpoints/verify.h"
#include "fetch/fetcher.h"
#include "plugin/plugin_backend.h"
#include "server/key_refresher.h"

namespace gw::server {
namespace {

using exchange::RoutePlan;
using exchange::Snapshot;

Place place_of(const config::Config& config) {
  return {config.file, 1, 1};
}

// Before it is needed, and before the process is restricted: so that it is told now when it is missing.
void load_curl_for(const config::Config& config, config::Issues& issues) {
  const auto asks = [](const jose::IssuerOptions& issuer) { return issuer.remote || issuer.introspection; };
  if (!config.login.reset && !config.tracing &&
      std::none_of(config.issuers.begin(), config.issuers.end(), asks))
    return;
  if (auto loaded = fetch::load_curl(); !loaded) issues.error(place_of(config), loaded.error());
}

std::shared_ptr<const auth::BackendSet> build_backends(const config::Config& config, config::Issues& issues) {
  const auto hasher = std::make_shared<const auth::PasswordHasher>(config.hash);
  plugin::OpenedBackends opened = plugin::open_backends(config.backends, config.server.plugin_dir, hasher);
  for (plugin::BackendProblem& problem : opened.problems)
    issues.error(std::move(problem.place), std::move(problem.what));
  if (!opened.problems.empty() || config.login.backends.empty()) return nullptr;

  std::vector<std::shared_ptr<auth::CredentialBackend>> asked;
  for (const std::string& name : config.login.backends)
    for (const auto& backend : opened.backends)
      if (backend->name() == name) asked.push_back(backend);
  return std::make_shared<const auth::BackendSet>(std::move(asked));
}

void build_issuers(const config::Config& config, const KeyRefresher* refresher, Snapshot& snapshot,
                   config::Issues& issues) {
  auth::Issuers all;
  if (snapshot.backends != nullptr && snapshot.keys != nullptr)
    all.push_back(auth::make_self_issuer(config.tokens, snapshot.keys->verification_keys()));
  for (const jose::IssuerOptions& options : config.issuers) {
    std::vector<std::string> warnings;
    auto issuer = auth::load_issuer(options, warnings);
    for (std::string& warning : warnings) issues.warning(options.place, std::move(warning));
    if (!issuer) {
      issues.error(options.place, std::move(issuer.error()));
      continue;
    }
    if (auto& introspection = issuer->introspection; introspection && !introspection->serve_stale)
      introspection->serve_stale = config.store.serves_on_failure;
    if (options.remote)
      issuer->keys = refresher != nullptr ? refresher->known_keys(options)
                                          : read_stored_keys(config.server.state_dir, options);
    all.push_back(std::move(*issuer));
  }
  snapshot.issuers = std::make_shared<const auth::Issuers>(std::move(all));
}

void build_keys(const config::Config& config, Purpose purpose, Snapshot& snapshot, config::Issues& issues) {
  if (!signs_anything(config)) return;
  auto keys =
      auth::KeyStore::open(config.server.state_dir, config.tokens, wall_now(),
                           purpose == Purpose::check ? auth::WhenMissing::pretend : auth::WhenMissing::make);
  if (keys) {
    for (const std::string& warning : keys->warnings()) issues.warning(place_of(config), warning);
    snapshot.keys = std::make_shared<const auth::KeyStore>(std::move(*keys));
  } else {
    issues.error(place_of(config), std::move(keys.error()));
  }
}

void build_login(const config::Config& config, Purpose purpose, const store::SharedStore* shared,
                 Snapshot& snapshot, config::Issues& issues) {
  snapshot.backends = build_backends(config, issues);
  build_keys(config, purpose, snapshot, issues);
  if (config.login.backends.empty() || purpose == Purpose::check) return;
  if (shared != nullptr) {
    snapshot.refresh_key = std::make_shared<const auth::RefreshKey>(shared->derive("refresh tokens"));
    return;
  }
  std::vector<std::string> warnings;
  auto refresh_key = auth::RefreshKey::load_or_make(config.server.state_dir, warnings);
  for (std::string& warning : warnings) issues.warning(place_of(config), std::move(warning));
  if (refresh_key)
    snapshot.refresh_key = std::make_shared<const auth::RefreshKey>(std::move(*refresh_key));
  else
    issues.error(place_of(config), std::move(refresh_key.error()));
}

// Replicas that share sessions share their key, so that each takes the others' nonces.
void build_nonces(const config::Config& config, Snapshot& snapshot) {
  if (!config.tokens.dpop_nonce) return;
  if (snapshot.refresh_key != nullptr)
    snapshot.dpop_nonces =
        std::make_shared<const auth::DpopNonces>(snapshot.refresh_key->derive("dpop nonces"));
  else
    snapshot.dpop_nonces =
        std::shared_ptr<const auth::DpopNonces>(std::shared_ptr<void>(), &auth::DpopNonces::of_process());
}

// What browsers get: a session that renews itself, and pages.
void build_pages(const config::Config& config, Snapshot& snapshot, config::Issues& issues) {
  const auth::LoginOptions& login = config.login;
  for (const policy::Route& route : config.routes)
    if (login.backends.empty() && (route.api_keys || route.basic))
      issues.error(route.place, "api_keys and basic need login (add it, or remove them)");
  if (login.backends.empty()) return;
  snapshot.check_api_key = endpoints::check_api_key;
  snapshot.check_basic = endpoints::check_basic;
  if (!login.cookie.enabled) return;
  snapshot.refresh_cookie = endpoints::refresh_cookie_name(login.cookie);
  snapshot.renew_session = endpoints::renew_in_passing;
  if (!login.page.enabled) return;
  auto pages = endpoints::Pages::load(login.page);
  if (pages) {
    snapshot.pages = std::move(*pages);
    return;
  }
  for (std::string& problem : pages.error()) issues.error(login.page.place, std::move(problem));
}

void build_clusters(const config::Config& config, Snapshot& snapshot, config::Issues& issues) {
  for (const upstream::ClusterOptions& options : config.upstreams) {
    auto spec = std::make_shared<upstream::ClusterSpec>();
    spec->options = options;
    const bool any_tls = std::any_of(options.servers.begin(), options.servers.end(),
                                     [](const upstream::ServerUrl& server) { return server.tls; });
    if (any_tls) {
      auto tls = net::ClientTls::make(options.tls, options.http2 ? "h2" : "http/1.1");
      if (tls)
        spec->tls = std::move(*tls);
      else
        issues.error(options.place, std::move(tls.error()));
    }
    if (options.health_check) spec->health = std::make_shared<upstream::HealthBoard>(options.servers.size());
    snapshot.clusters.push_back(std::move(spec));
  }
}

std::size_t index_of_cluster(const config::Config& config, const std::string& name) {
  const auto found =
      std::find_if(config.upstreams.begin(), config.upstreams.end(),
                   [&](const upstream::ClusterOptions& options) { return options.name == name; });
  return static_cast<std::size_t>(found - config.upstreams.begin());
}

std::optional<policy::FieldChanges> parse_changes(const policy::HeaderChanges& changes, policy::HeaderUse use,
                                                  const Snapshot& snapshot, const Place& place,
                                                  config::Issues& issues) {
  if (changes.empty()) return std::nullopt;
  auto parsed = policy::FieldChanges::parse(changes, use, snapshot.protected_fields);
  if (parsed) return std::move(*parsed);
  for (std::string& problem : parsed.error()) issues.error(place, std::move(problem));
  return std::nullopt;
}

RoutePlan plan_route(const config::Config& config, const policy::Route& route,
                     const policy::IdentityHeaders& everywhere, Snapshot& snapshot, config::Issues& issues) {
  RoutePlan plan;
  plan.identity = &everywhere;
  if (route.identity) {
    snapshot.identities.push_back(std::make_unique<const policy::IdentityHeaders>(*route.identity));
    plan.identity = snapshot.identities.back().get();
  }
  plan.request_changes =
      parse_changes(route.request_headers, policy::HeaderUse::request, snapshot, route.place, issues);
  plan.response_changes =
      parse_changes(route.response_headers, policy::HeaderUse::response, snapshot, route.place, issues);
  if (!route.rewrite.empty()) {
    auto rewrite = policy::PathRewriter::parse(route.rewrite);
    if (rewrite)
      plan.rewrite = std::move(*rewrite);
    else
      issues.error(route.place, std::move(rewrite.error()));
  }
  if (route.cors) plan.cors.emplace(*route.cors, route.methods);
  if (route.rate_limit) plan.rate_limit.emplace(route, *route.rate_limit);
  plan.max_body = route.max_body.value_or(config.limits.body);
  if (!route.respond) {
    plan.cluster = index_of_cluster(config, route.upstream);
    plan.response_timeout = route.response_timeout.value_or(config.upstreams[plan.cluster].response_timeout);
  }
  return plan;
}

void build_routes(const config::Config& config, Snapshot& snapshot, config::Issues& issues) {
  auto table = policy::RouteTable::build(config.routes);
  if (!table) {
    for (policy::RouteIssue& issue : table.error())
      issues.error(std::move(issue.place), std::move(issue.what));
    return;
  }
  snapshot.routes = std::move(*table);
  snapshot.identities.push_back(std::make_unique<const policy::IdentityHeaders>(config.identity));
  const policy::IdentityHeaders& everywhere = *snapshot.identities.front();
  for (const policy::Route& route : snapshot.routes.routes())
    snapshot.plans.push_back(plan_route(config, route, everywhere, snapshot, issues));
}

// Scripts of these sites log in, refresh and log out, with the cookie where its SameSite lets it come.
policy::CorsOptions login_cors(const config::Config& config) {
  policy::CorsOptions cors;
  cors.origins = config.login.origins;
  cors.methods = {"GET", "HEAD", "POST"};
  cors.headers = {"Authorization", "Content-Type", "DPoP"};
  cors.expose = {"DPoP-Nonce", "Retry-After", "WWW-Authenticate", "X-Request-Id"};
  cors.credentials = true;
  return cors;
}

// Routes as an upstream that ignores case sees them: two that it cannot tell apart are a mistake.
void fold_routes(const config::Config& config, Snapshot& snapshot, config::Issues& issues) {
  const auto folds = [](const upstream::ClusterOptions& options) {
    return upstream::rules_of(options.profile).folds_case;
  };
  if (std::none_of(config.upstreams.begin(), config.upstreams.end(), folds)) return;
  std::vector<policy::Route> routes = config.routes;
  for (policy::Route& route : routes) route.path = upstream::fold_path(route.path);
  auto table = policy::RouteTable::build(std::move(routes));
  if (table) {
    snapshot.folded_routes = std::move(*table);
    return;
  }
  for (policy::RouteIssue& issue : table.error())
    issues.error(std::move(issue.place),
                 issue.what + "; an upstream's profile ignores case and a slash at the end");
}

std::string find_https_port(const config::Config& config) {
  for (const config::Listener& listener : config.listeners)
    if (listener.tls) return std::to_string(listener.address.port);
  return {};
}

}  // namespace

bool signs_anything(const config::Config& config) {
  return !config.login.backends.empty() || config.identity.assertion ||
         std::any_of(config.routes.begin(), config.routes.end(),
                     [](const policy::Route& route) { return route.identity && route.identity->assertion; });
}

ListenerList build_listeners(const config::Config& config, config::Issues& issues) {
  ListenerList all;
  for (const config::Listener& listener : config.listeners) {
    all.push_back({nullptr, listener.trusted_proxies, listener.proxy_protocol, listener.http2});
    if (!listener.tls) continue;
    std::vector<std::string> protocols{"http/1.1", "http/1.0"};
    if (listener.http2) protocols.insert(protocols.begin(), "h2");
    auto tls = net::ServerTls::make(*listener.tls, std::move(protocols));
    if (tls)
      all.back().tls = std::move(*tls);
    else
      issues.error(listener.place, std::move(tls.error()));
  }
  return all;
}

std::shared_ptr<const Snapshot> build_snapshot(const config::Config& config, Purpose purpose,
                                               config::Issues& issues, const KeyRefresher* refresher,
                                               const store::SharedStore* shared) {
  auto empty = policy::RouteTable::build({});
  // Names that only the gateway may say, beside those of the identity.
  auto snapshot = std::make_shared<Snapshot>(Snapshot{
      .limits = config.limits,
      .routes = std::move(*empty),
      .protected_fields = policy::ProtectedFields(config.identity, config.routes, {"X-Request-Id"}),
      .tokens = config.tokens,
      .login = config.login,
      .hash = config.hash,
      .https_port_text = find_https_port(config),
      .description = json::dump(config.description),
      .access_log = config.access_log.enabled,
      .access_format = config.access_log.format,
      .access_sample = config.access_log.sample,
      .trace_sample = config.tracing ? std::optional(config.tracing->sample) : std::nullopt,
      .max_revocation_lag = config.store.max_revocation_lag,
      .serves_without_store = config.store.serves_on_failure,
      .access_claims = config.access_log.claims,
  });
  load_curl_for(config, issues);
  build_login(config, purpose, shared, *snapshot, issues);
  build_nonces(config, *snapshot);
  build_pages(config, *snapshot, issues);
  build_issuers(config, refresher, *snapshot, issues);
  snapshot->has_resource_metadata =
      std::any_of(snapshot->issuers->begin(), snapshot->issuers->end(),
                  [](const auth::Issuer& issuer) { return endpoints::is_issuer_url(issuer.issuer); });
  build_clusters(config, *snapshot, issues);
  build_routes(config, *snapshot, issues);
  if (!issues.has_errors()) fold_routes(config, *snapshot, issues);
  if (!config.login.origins.empty())
    snapshot->login_cors.emplace(login_cors(config), std::vector<std::string>());
  if (!config.server.forward_auth.empty()) {
    snapshot->forward_auth = config.server.forward_auth;
    snapshot->verify_path = config.login.prefix + "/auth/verify";
    snapshot->verify_steps = endpoints::kVerifySteps;
  }
  snapshot->endpoints = endpoints::listener_endpoints(*snapshot);
  snapshot->admin_endpoints = endpoints::admin_endpoints();
  if (issues.has_errors()) return nullptr;
  return snapshot;
}

}  // namespace gw::server
