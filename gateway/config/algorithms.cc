// SPDX-License-Identifier: Apache-2.0
#include "config/algorithms.h"

#include "config/addresses.h"
#include "config/units.h"

namespace gw::config {
namespace {

std::size_t hash_bytes(jose::Algorithm algorithm) {
  switch (algorithm) {
    case jose::Algorithm::hs384:
      return 48;
    case jose::Algorithm::hs512:
      return 64;
    default:
      return 32;
  }
}

}  // namespace

std::optional<jose::Algorithm> read_algorithm(Context& context, const Item& item) {
  const auto text = read_text(context, item);
  if (!text) return std::nullopt;
  auto algorithm = jose::parse_algorithm(*text);
  if (!algorithm)
    report(context, item,
           in_quotes(*text) +
               " is not an algorithm (one of HS256, HS384, HS512, RS256, RS384, RS512, PS256, "
               "PS384, PS512, ES256, ES384, ES512, EdDSA)");
  return algorithm;
}

void check_secret_length(const NodeReader& node, const SecretString& secret, jose::Algorithm algorithm) {
  const std::size_t least = hash_bytes(algorithm);
  if (secret.empty() || secret.size() >= least) return;
  report(node.context(), *node.find("secret"),
         "has " + std::to_string(secret.size()) + " bytes, " + std::string(jose::name_of(algorithm)) +
             " needs at least " + std::to_string(least) +
             " (make a new one, for example: openssl rand -hex " + std::to_string(least) + ")");
}

jose::ClaimNames read_claim_names(const NodeReader& node, std::string_view key) {
  jose::ClaimNames names;
  for (const NamedItem& member : node.map(key)) {
    auto path = read_text(node.context(), member.value);
    if (!path) continue;
    if (member.name.empty() || !is_claim_path(*path)) {
      report(node.context(), member.value,
             in_quotes(*path) + " is not the path of a claim (write name or outer.inner)");
      continue;
    }
    names.emplace_back(member.name, std::move(*path));
  }
  return names;
}

}  // namespace gw::config
