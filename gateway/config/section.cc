// SPDX-License-Identifier: Apache-2.0
#include "config/section.h"

#include <array>

#include "config/sections.h"

namespace gw::config {
namespace {

constexpr std::array kAll{
    &kRootSection,
    &kServerSection,
    &kForwardAuthSection,
    &kListenerSection,
    &kListenerTlsSection,
    &kCertificateSection,
    &kAdminSection,
    &kLimitsSection,
    &kTokensSection,
    &kIssuerSection,
    &kIntrospectionSection,
    &kStoreSection,
    &kStoreTlsSection,
    &kBackendSection,
    &kLoginSection,
    &kCookieSection,
    &kRegisterSection,
    &kResetSection,
    &kSmtpSection,
    &kWebhookSection,
    &kPageSection,
    &kLockoutSection,
    &kPasswordSection,
    &kHashSection,
    &kPepperSection,
    &kIdentitySection,
    &kAssertionSection,
    &kUpstreamSection,
    &kUpstreamServerSection,
    &kHealthCheckSection,
    &kOutlierSection,
    &kUpstreamTlsSection,
    &kRouteSection,
    &kRequireSection,
    &kRequireCertificateSection,
    &kShadowSection,
    &kRewriteSection,
    &kRequestHeadersSection,
    &kResponseHeadersSection,
    &kRespondSection,
    &kRouteIdentitySection,
    &kRateLimitSection,
    &kCorsSection,
    &kLogSection,
    &kAccessLogSection,
    &kAuditLogSection,
    &kTracingSection,
};

// Prose that says `x` itself stays; a value as one would write it is set as code.
std::string cell(std::string_view fallback) {
  const bool is_value = fallback.find_first_of("`'") == std::string_view::npos &&
                        (fallback.find(' ') == std::string_view::npos || fallback.front() == '{');
  const bool is_word = fallback == "required" || fallback == "none" || fallback == "any" || fallback == "all";
  if (is_value && !is_word) return "`" + std::string(fallback) + "`";
  return std::string(fallback);
}

}  // namespace

std::span<const Section* const> all_sections() {
  return kAll;
}

std::string format_table(const Section& section) {
  std::string out = "| key | value | default | meaning |\n| --- | --- | --- | --- |\n";
  for (const Key& key : section.keys)
    out += "| `" + std::string(key.name) + "` | " + std::string(key.kind) + " | " + cell(key.fallback) +
           " | " + std::string(key.meaning) + " |\n";
  return out;
}

}  // namespace gw::config
