// SPDX-License-Identifier: Apache-2.0
#include "auth/issuer.h"

#include <algorithm>
#include <fstream>
#include <iterator>

#include "jose/pem.h"
#include "jose/token.h"

namespace gw::auth {
namespace {

constexpr std::streamsize kMaxKeyFile = 1024 * 1024;

std::optional<std::string> read_key_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  std::string text(static_cast<std::size_t>(kMaxKeyFile) + 1, '\0');
  file.read(text.data(), kMaxKeyFile + 1);
  if (file.bad() || file.gcount() > kMaxKeyFile) return std::nullopt;
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
}

// Empty, or why the file gives no keys.
std::string add_keys_of_file(const std::string& path, Issuer& issuer, std::vector<std::string>& warnings) {
  const auto text = read_key_file(path);
  if (!text) return path + ": cannot be read, or is longer than 1 MiB";
  auto set = jose::parse_key_file(*text, {.wanted = issuer.algorithms, .allow_symmetric = true});
  if (!set) return path + ": " + set.error();
  for (const std::string& warning : set->warnings) warnings.push_back(path + ": " + warning);
  issuer.tries_each_unnamed_key = text->find("-----BEGIN ") != std::string::npos;
  std::move(set->keys.begin(), set->keys.end(), std::back_inserter(issuer.keys));
  return {};
}

WallSeconds seconds_of(Duration duration) {
  return std::chrono::duration_cast<std::chrono::seconds>(duration).count();
}

}  // namespace

Issuer make_self_issuer(const jose::TokenOptions& options, std::vector<jose::Key> keys) {
  Issuer self;
  self.name = kSelfIssuer;
  self.issuer = options.issuer;
  self.audiences = options.audience;
  self.require_type = kAccessTokenType;
  for (const jose::Key& key : keys) self.algorithms = self.algorithms | key.algorithms();
  self.keys = std::move(keys);
  return self;
}

Result<jose::KeySet, std::string> read_remote_keys(std::string_view text, jose::AlgorithmSet algorithms) {
  auto set = jose::parse_jwk_set(text, {.wanted = algorithms, .allow_symmetric = false});
  if (!set) return set.error();
  if (set->keys.empty()) return std::string("no key of the set fits the listed algorithms");
  return set;
}

Result<CaCertificates, std::string> read_ca_file(const std::string& path) {
  auto text = read_key_file(path);
  if (!text || text->find("-----BEGIN CERTIFICATE-----") == std::string::npos)
    return path + ": has no PEM certificate that can be read (name the CA's certificate)";
  return CaCertificates{std::move(*text)};
}

Result<Issuer, std::string> load_issuer(const jose::IssuerOptions& options,
                                        std::vector<std::string>& warnings) {
  Issuer issuer;
  issuer.name = options.name;
  issuer.issuer = options.issuer;
  for (const jose::Algorithm algorithm : options.algorithms) issuer.algorithms.add(algorithm);
  issuer.audiences = options.audiences;
  issuer.any_audience = options.any_audience;
  issuer.require_type = jose::normalise_type(options.require_type);
  issuer.leeway = seconds_of(options.leeway);
  if (options.max_age) issuer.max_age = seconds_of(*options.max_age);
  issuer.claims = options.claims;
  issuer.subject = options.subject;
  issuer.is_remote = options.remote.has_value();
  issuer.introspection = options.introspection;
  issuer.timeout = options.timeout;
  if (!options.ca.empty()) {
    auto ca = read_ca_file(options.ca);
    if (!ca) return ca.error();
    issuer.ca = std::move(ca->pem);
  }

  if (!options.jwks_file.empty()) {
    if (std::string problem = add_keys_of_file(options.jwks_file, issuer, warnings); !problem.empty())
      return problem;
  }
  if (!options.secret.empty()) {
    auto key = jose::Key::from_secret(options.secret, issuer.algorithms);
    if (!key) return key.error();
    issuer.keys.push_back(std::move(*key));
  }
  if (issuer.keys.empty() && !issuer.is_remote && !issuer.introspection)
    return std::string("no key is left that fits the listed algorithms");
  return issuer;
}

}  // namespace gw::auth
