// SPDX-License-Identifier: Apache-2.0
// One parser a section of the configuration, each in parse_<section>.cc beside the table of its keys. A
// parser fills the option structs of the code that uses them, and reports; what it returns after an error is
// only good for going on.
#pragma once

#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "config/config.h"
#include "config/node_reader.h"

namespace gw::config {

// Names that other sections may mention; also of entries with errors inside, which need no second message.
struct Names {
  std::unordered_set<std::string> upstreams;
  std::unordered_set<std::string> issuers;
  std::unordered_set<std::string> backends;
};

ServerOptions parse_server(Context& context, const Item& item);
std::vector<Listener> parse_listeners(Context& context, const Item& item);
net::ListenAddress parse_admin(Context& context, const Item& item, const std::vector<Listener>& listeners);
http::Limits parse_limits(Context& context, const Item& item);
jose::TokenOptions parse_tokens(Context& context, const Item& item);
std::vector<jose::IssuerOptions> parse_issuers(Context& context, const Item& item,
                                               const jose::TokenOptions& self);
StoreOptions parse_store(Context& context, const Item& item);
std::vector<auth::BackendOptions> parse_backends(Context& context, const Item& item);
auth::LoginOptions parse_login(Context& context, const Item& item, const Names& names,
                               auth::HashOptions& hash);
policy::IdentityOptions parse_identity(Context& context, const Item& item);
// A route's: what it does not say is as in `global`.
policy::IdentityOptions parse_route_identity(Context& context, const Item& item,
                                             const policy::IdentityOptions& global);
std::vector<upstream::ClusterOptions> parse_upstreams(Context& context, const Item& item);
// What routes share.
struct SharedByRoutes {
  std::optional<Item> defaults;
  std::optional<Item> templates;
};
std::vector<policy::Route> parse_routes(Context& context, const Item& item, const Names& names,
                                        const policy::IdentityOptions& identity,
                                        const SharedByRoutes& shared);
policy::Route parse_route(Context& context, const Item& item, const Names& names,
                          const policy::IdentityOptions& identity);
void parse_log(Context& context, const Item& item, Config& config);
trace::Options parse_tracing(Context& context, const Item& item);

extern const Section kRootSection;
extern const Section kServerSection;
extern const Section kForwardAuthSection;
extern const Section kListenerSection;
extern const Section kListenerTlsSection;
extern const Section kCertificateSection;
extern const Section kAdminSection;
extern const Section kLimitsSection;
extern const Section kTokensSection;
extern const Section kIssuerSection;
extern const Section kIntrospectionSection;
extern const Section kStoreSection;
extern const Section kStoreTlsSection;
extern const Section kBackendSection;
extern const Section kLoginSection;
extern const Section kCookieSection;
extern const Section kRegisterSection;
extern const Section kResetSection;
extern const Section kSmtpSection;
extern const Section kWebhookSection;
extern const Section kPageSection;
extern const Section kLockoutSection;
extern const Section kPasswordSection;
extern const Section kHashSection;
extern const Section kPepperSection;
extern const Section kIdentitySection;
extern const Section kAssertionSection;
extern const Section kUpstreamSection;
extern const Section kHealthCheckSection;
extern const Section kOutlierSection;
extern const Section kUpstreamServerSection;
extern const Section kUpstreamTlsSection;
extern const Section kRouteSection;
extern const Section kRequireSection;
extern const Section kRequireCertificateSection;
extern const Section kShadowSection;
extern const Section kRewriteSection;
extern const Section kRequestHeadersSection;
extern const Section kResponseHeadersSection;
extern const Section kRespondSection;
extern const Section kRouteIdentitySection;
extern const Section kRateLimitSection;
extern const Section kCorsSection;
extern const Section kLogSection;
extern const Section kAccessLogSection;
extern const Section kAuditLogSection;
extern const Section kTracingSection;

}  // namespace gw::config
