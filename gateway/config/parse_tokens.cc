// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "config/addresses.h"
#include "config/algorithms.h"
#include "config/sections.h"
#include "config/units.h"

namespace gw::config {
namespace {

constexpr std::array kKeys{
    Key{"issuer", "text", "gatewarden", "`iss` of the tokens that this gateway issues"},
    Key{"audience", "list of text", "[api]", "their `aud`"},
    Key{"algorithm", "algorithm", "ES256", "HS256/384/512 RS256/384/512 PS256/384/512 ES256/384/512 EdDSA"},
    Key{"secret", "secret", "none", "of an HS algorithm, required there; at least as long as its hash"},
    Key{"rotate_every", "duration", "never",
        "a new key signs after so long; it is published before, the old one until its tokens have expired"},
    Key{"key_passphrase", "secret", "none", "encrypts the key files in `state_dir`"},
    Key{"access_ttl", "duration", "15m", "life of an access token"},
    Key{"refresh_ttl", "duration", "14d", "life of a family of refresh tokens, from login"},
    Key{"refresh_grace", "duration", "10s", "parallel refreshes with one token get the same successor"},
    Key{"cache", "size", "16MiB",
        "memory of each worker for tokens that it has verified, also of other issuers"},
    Key{"claims", "map of text", "{email: email, name: name, roles: roles}",
        "a claim, and where its value stands in the account (`attributes.tenant`)"},
    Key{"dpop_nonce", "`true` or `false`", "false",
        "DPoP proofs, here and on routes, must have a nonce of this gateway, which it tells (RFC 9449 8)"},
    Key{"bind_client_certificate", "`true` or `false`", "false",
        "a session that begins over a connection with a client certificate is bound to that certificate (RFC "
        "8705)"},
};

void check_secret(const NodeReader& node, const jose::TokenOptions& tokens) {
  const std::string name(jose::name_of(tokens.algorithm));
  const bool is_symmetric = jose::is_symmetric(tokens.algorithm);
  if (is_symmetric && !node.has("secret"))
    report(node.context(), node.item(), name + " needs a secret (add secret: {file: PATH})");
  if (!is_symmetric && node.has("secret"))
    report(node.context(), *node.find("secret"), "is for HS algorithms, not " + name + " (remove it)");
  if (is_symmetric) check_secret_length(node, tokens.secret, tokens.algorithm);
}

// A key that comes and goes within the life of its own tokens would be one of very many.
void check_rotation(const NodeReader& node, jose::TokenOptions& tokens) {
  if (!node.has("rotate_every")) return;
  tokens.rotate_every = node.duration("rotate_every", 30 * 24h, {10s, 10 * 365 * 24h});
  const Item item = *node.find("rotate_every");
  if (jose::is_symmetric(tokens.algorithm))
    report(node.context(), item,
           "has no effect on " + std::string(jose::name_of(tokens.algorithm)) +
               ", whose secret stands in the configuration (remove it)");
}

}  // namespace

const Section kTokensSection{"tokens", kKeys};

jose::TokenOptions parse_tokens(Context& context, const Item& item) {
  const NodeReader node(context, item, kTokensSection);
  jose::TokenOptions tokens;
  tokens.place = node.place();
  tokens.issuer = node.text("issuer", tokens.issuer);
  if (tokens.issuer.empty()) report(context, *node.find("issuer"), "is empty (give it a value)");
  if (const auto audience = node.find("audience")) {
    tokens.audience = read_texts(context, *audience);
    if (audience->node->kind == Kind::list && audience->node->items.empty())
      report(context, *audience, "is empty (name an audience)");
  }
  bool is_known = true;
  if (const auto algorithm = node.find("algorithm")) {
    const auto read = read_algorithm(context, *algorithm);
    is_known = read.has_value();
    tokens.algorithm = read.value_or(tokens.algorithm);
  }
  tokens.secret = node.secret("secret");
  if (is_known && node.is_map()) check_secret(node, tokens);
  if (is_known && node.is_map()) check_rotation(node, tokens);
  tokens.key_passphrase = node.secret("key_passphrase");
  if (node.has("key_passphrase") && tokens.key_passphrase.reveal().size() > 1024)
    report(context, *node.find("key_passphrase"), "is longer than 1024 bytes (make it shorter)");
  tokens.cache_bytes = node.size("cache", tokens.cache_bytes, {64 * 1024, std::uint64_t{16} << 30});
  tokens.access_ttl = node.duration("access_ttl", tokens.access_ttl, {1s, 365 * 24h});
  tokens.refresh_ttl = node.duration("refresh_ttl", tokens.refresh_ttl, {1s, 10 * 365 * 24h});
  tokens.refresh_grace = node.duration("refresh_grace", tokens.refresh_grace, {0ms, 10min});
  if (node.has("refresh_ttl") && tokens.refresh_ttl < tokens.access_ttl)
    report(context, *node.find("refresh_ttl"), "is shorter than access_ttl (make it longer)");
  tokens.bind_client_certificate = node.flag("bind_client_certificate", tokens.bind_client_certificate);
  tokens.dpop_nonce = node.flag("dpop_nonce", tokens.dpop_nonce);
  if (node.has("claims")) tokens.claims = read_claim_names(node, "claims");
  return tokens;
}

}  // namespace gw::config
