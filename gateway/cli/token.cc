// SPDX-License-Identifier: Apache-2.0
#include "cli/token.h"

#include <optional>
#include <utility>

#include "auth/key_store.h"
#include "auth/random_id.h"
#include "auth/token_verifier.h"
#include "base/base64url.h"
#include "base/log.h"
#include "cli/state_store.h"
#include "config/units.h"
#include "endpoints/access_claims.h"
#include "jose/token.h"
#include "server/process.h"
#include "server/snapshot_builder.h"

namespace gw::cli {
namespace {

constexpr int kRefused = 3;

int fail(std::ostream& err, std::string_view problem) {
  err << "error: " << problem << '\n';
  return 1;
}

// What the request adds to the standard claims, or why it may not.
Result<json::Object, std::string> parse_claims(const std::string& text) {
  if (text.empty()) return json::Object();
  auto claims = json::parse(text);
  if (!claims) return "--claims is not JSON: " + claims.error();
  if (claims->as_object() == nullptr) return std::string("--claims is no JSON object");
  for (const auto& [name, value] : *claims->as_object())
    if (endpoints::is_standard_claim(name))
      return "the gateway itself says \"" + name + "\" (leave it out of --claims)";
  return std::move(*claims->as_object());
}

std::optional<json::Value> decode_part(std::string_view encoded) {
  const auto text = base64url_decode(encoded);
  if (!text) return std::nullopt;
  auto value = json::parse(*text);
  return value ? std::optional(std::move(*value)) : std::nullopt;
}

// The status to exit with when a token is none that the gateway takes: a forged one revokes nothing.
Result<store::Revocation, int> revocation_of_token(const config::Config& config, const std::string& token,
                                                   std::ostream& err) {
  log::configure({log::Level::error, log::Format::text});
  config::Issues issues;
  const auto snapshot = server::build_snapshot(config, server::Purpose::check, issues);
  if (snapshot == nullptr) {
    err << issues.format();
    return 1;
  }
  const WallSeconds now = wall_now();
  const auto identity = auth::TokenVerifier(snapshot->issuers).verify(token, now);
  if (!identity) {
    err << info_of(identity.error().fault).code << ": " << identity.error().detail << '\n';
    return kRefused;
  }
  const auth::Identity& who = **identity;
  // A leeway of the issuer lets a token live a little longer than it says.
  const WallSeconds until = who.expires_at + 60 * 60;
  if (!who.token_id.empty())
    return store::Revocation{store::RevokedKind::token, std::string(who.token_id), now, until,
                             std::string(who.issuer)};
  if (!who.session_id.empty())
    return store::Revocation{store::RevokedKind::session, std::string(who.session_id), now, until,
                             std::string(who.issuer)};
  return fail(err, "the token has no jti or sid (revoke its --sub, or its --iss)");
}

}  // namespace

std::string read_token(const std::string& argument, std::istream& in) {
  if (argument != "-") return argument;
  std::string line;
  std::getline(in, line);
  if (line.ends_with('\r')) line.pop_back();
  return line;
}

int run_token_issue(const config::Config& config, const TokenRequest& request, std::ostream& out,
                    std::ostream& err) {
  if (config.login.backends.empty())
    return fail(err, "this configuration issues no tokens (it has no login)");
  const auto ttl =
      request.ttl.empty() ? config.tokens.access_ttl : config::parse_duration(request.ttl).value_or(0ms);
  if (ttl < 1s || ttl > 365 * 24h)
    return fail(err, "--ttl is no duration from a second to 365d (write 90s, 15m, 12h or 30d)");
  const auto extra = parse_claims(request.claims);
  if (!extra) return fail(err, extra.error());
  const WallSeconds now = wall_now();
  if (auto made = server::make_state_dir(config.server.state_dir, config.server.user); !made)
    return fail(err, made.error());
  auto keys = auth::KeyStore::open(config.server.state_dir, config.tokens, now);
  if (!keys) return fail(err, keys.error());
  // So that the key stays for as long as this token lives.
  const WallSeconds life = std::chrono::ceil<std::chrono::seconds>(ttl).count();
  if (auto noted = keys->note_life(life); !noted) return fail(err, noted.error());

  const std::string token_id = auth::make_random_id(), session_id = auth::make_random_id();
  json::Value claims = endpoints::make_standard_claims(
      config.tokens, {.subject = request.subject,
                      .session_id = session_id,
                      .token_id = token_id,
                      .issued_at = now,
                      .lifetime = std::chrono::floor<std::chrono::seconds>(ttl).count()});
  for (const auto& [name, value] : *extra) claims.set(name, value);
  const auto token = auth::TokenSigner(keys->current()).mint(claims);
  if (!token) return fail(err, token.error().detail);
  out << *token << '\n';
  return 0;
}

int run_token_verify(const config::Config& config, const std::string& token, std::ostream& out,
                     std::ostream& err) {
  log::configure({log::Level::error, log::Format::text});
  config::Issues issues;
  const auto snapshot = server::build_snapshot(config, server::Purpose::check, issues);
  if (snapshot == nullptr) {
    err << issues.format();
    return 1;
  }
  const auto revocations = load_revocations(config);
  if (!revocations) return fail(err, revocations.error());

  const auto identity = auth::TokenVerifier(snapshot->issuers).verify(token, wall_now());
  const bool revoked = identity && revocations->is_revoked(**identity);
  if (!identity || revoked) {
    const Error error = revoked ? Error(Fault::token_revoked) : identity.error();
    err << info_of(error.fault).code << ": "
        << (error.detail.empty() ? "the token has been revoked" : error.detail) << '\n';
    return kRefused;
  }
  out << json::dump((*identity)->claims()) << '\n';
  return 0;
}

int run_token_revoke(const config::Config& config, const RevokeRequest& request, std::ostream& out,
                     std::ostream& err) {
  const WallSeconds now = wall_now();
  store::Revocation what{store::RevokedKind::issuer, {}, now, now + store::kLongestMemory, request.issuer};
  if (!request.token.empty()) {
    auto found = revocation_of_token(config, request.token, err);
    if (!found) return found.error();
    what = std::move(*found);
  } else if (!request.token_id.empty()) {
    what.kind = store::RevokedKind::token;
    what.value = request.token_id;
  } else if (!request.session_id.empty()) {
    what.kind = store::RevokedKind::session;
    what.value = request.session_id;
  } else if (!request.subject.empty()) {
    what.kind = store::RevokedKind::subject;
    what.value = request.subject;
  } else if (!request.issuer.empty()) {
    what.value = std::exchange(what.issuer, {});
  } else {
    return fail(err, "nothing is named (give a token, --jti, --sid, --sub or --iss)");
  }
  const std::string& meant = what.kind == store::RevokedKind::issuer ? what.value : what.issuer;
  what.ends_sessions = meant.empty() || meant == config.tokens.issuer;
  const std::string value = what.value;
  if (auto recorded = record_revocation(config, std::move(what)); !recorded)
    return fail(err, recorded.error());
  out << "revoked " << value << "; a running gateway refuses it within a second\n";
  return 0;
}

int run_token_inspect(const std::string& token, std::ostream& out, std::ostream& err) {
  const auto parts = jose::split_token(token);
  if (!parts) return fail(err, jose::describe(parts.error()));
  auto header = decode_part(parts->header);
  if (!header) return fail(err, "the header is not JSON in base64url");
  auto claims = decode_part(parts->payload);
  if (!claims) return fail(err, "the payload is not JSON in base64url");
  err << "not verified: anybody can write such a token\n";
  out << json::dump(json::Object{{"header", std::move(*header)}, {"claims", std::move(*claims)}}) << '\n';
  return 0;
}

}  // namespace gw::cli
