// SPDX-License-Identifier: Apache-2.0
#include "endpoints/endpoints.h"

#include "endpoints/admin_acts.h"
#include "endpoints/admin_reads.h"
#include "endpoints/dashboard.h"
#include "endpoints/decisions.h"
#include "endpoints/entry_pages.h"
#include "endpoints/health.h"
#include "endpoints/jwks.h"
#include "endpoints/login.h"
#include "endpoints/logout.h"
#include "endpoints/metadata.h"
#include "endpoints/metrics.h"
#include "endpoints/password.h"
#include "endpoints/refresh.h"
#include "endpoints/register.h"
#include "endpoints/reset.h"
#include "endpoints/resource_metadata.h"
#include "endpoints/sessions.h"
#include "endpoints/status.h"
#include "endpoints/userinfo.h"

namespace gw::endpoints {

namespace {

// "/auth" of "https://api.example.com/auth"; empty without one.
std::string_view path_of_issuer(std::string_view issuer) {
  if (!is_issuer_url(issuer)) return {};
  const std::size_t slash = issuer.find('/', issuer.find("://") + 3);
  std::string_view path = slash == std::string_view::npos ? std::string_view() : issuer.substr(slash);
  while (path.ends_with('/')) path.remove_suffix(1);
  return path;
}

}  // namespace

std::vector<exchange::Endpoint> listener_endpoints(const exchange::Snapshot& snapshot) {
  std::vector<exchange::Endpoint> endpoints;
  if (snapshot.has_resource_metadata)
    endpoints.push_back({std::string(exchange::kResourceMetadataPath), "GET", kResourceMetadataSteps, true});
  if (snapshot.backends == nullptr) {
    if (snapshot.keys != nullptr) endpoints.push_back({"/.well-known/jwks.json", "GET", kJwksSteps});
    return endpoints;
  }
  const std::string& prefix = snapshot.login.prefix;
  const std::vector<exchange::Endpoint> own{
      {prefix + "/login", "POST", kLoginSteps},
      {prefix + "/refresh", "POST", kRefreshSteps},
      {prefix + "/logout", "POST", kLogoutSteps},
      {prefix + "/userinfo", "GET", kUserinfoSteps},
      {prefix + "/.well-known/jwks.json", "GET", kJwksSteps},
      {prefix + "/.well-known/oauth-authorization-server", "GET", kMetadataSteps},
  };
  endpoints.insert(endpoints.end(), {{prefix + "/sessions", "GET", kSessionsSteps},
                                     {prefix + "/sessions", "POST", kEndSessionSteps},
                                     {prefix + "/sessions", "DELETE", kEndSessionSteps},
                                     {prefix + "/sessions/*", "DELETE", kEndSessionSteps}});
  endpoints.insert(endpoints.end(), own.begin(), own.end());
  // RFC 8414 3.1: where a client looks that knows the issuer alone.
  const std::string_view path = path_of_issuer(snapshot.tokens.issuer);
  if (!path.empty() && path != prefix)
    endpoints.push_back(
        {"/.well-known/oauth-authorization-server" + std::string(path), "GET", kMetadataSteps});
  if (!prefix.empty())
    endpoints.push_back({"/.well-known/oauth-authorization-server" + prefix, "GET", kMetadataSteps});
  if (snapshot.login.register_enabled) endpoints.push_back({prefix + "/register", "POST", kRegisterSteps});
  if (snapshot.backends->find_writable() != nullptr)
    endpoints.push_back({prefix + "/password", "POST", kPasswordSteps});
  if (snapshot.login.reset) endpoints.push_back({prefix + "/reset", "POST", kResetSteps});
  if (snapshot.pages == nullptr) return endpoints;
  if (snapshot.backends->find_writable() != nullptr)
    endpoints.push_back({prefix + "/password", "GET", kPasswordPageSteps});
  if (snapshot.login.reset) endpoints.push_back({prefix + "/reset", "GET", kResetPageSteps});
  endpoints.push_back({prefix + "/login", "GET", kLoginPageSteps});
  if (snapshot.login.register_enabled) endpoints.push_back({prefix + "/register", "GET", kRegisterPageSteps});
  return endpoints;
}

std::vector<exchange::Endpoint> admin_endpoints() {
  return {
      {"/healthz", "GET", kHealthSteps},
      {"/readyz", "GET", kReadySteps},
      {"/metrics", "GET", kMetricsSteps},
      {"/api/status", "GET", kStatusSteps},
      {"/api/routes", "GET", kRoutesSteps},
      {"/api/reload", "POST", kReloadSteps},
      {kDecisionsPath, "GET", kDecisionSteps, true},
      {"/api/sessions", "GET", kSessionsOfSteps},
      {"/api/config", "GET", kConfigSteps},
      {"/", "GET", kDashboardSteps},
      {"/dashboard.css", "GET", kDashboardSteps},
      {"/dashboard.js", "GET", kDashboardSteps},
      {"/api/drain", "POST", kDrainSteps},
      {"/api/revoke", "POST", kRevokeSteps},
  };
}

}  // namespace gw::endpoints
