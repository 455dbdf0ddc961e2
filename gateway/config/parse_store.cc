// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "config/addresses.h"
#include "config/sections.h"
#include "config/units.h"

namespace gw::config {
namespace {

constexpr std::array kKeys{
    Key{"url", "URL", "sqlite:store.db",
        "`sqlite:FILE`, in `state_dir` unless absolute; or what replicas share: "
        "`redis://USER:PASSWORD@HOST:PORT/DB`, "
        "`rediss://` with TLS, `unix:///PATH?db=DB`, `redis+sentinel://HOST,HOST/NAME`, "
        "`redis+cluster://HOST,HOST`"},
    Key{"timeout", "duration", "50ms", "how long a request waits for the store"},
    Key{"on_failure", "`deny` or `allow`", "deny",
        "a check of a token that is still good by what was known last, while the store, or the issuer that "
        "introspects, is away"},
    Key{"max_revocation_lag", "duration", "5s",
        "with Redis: after so long without word of what other replicas have revoked, the store is away"},
    Key{"replicas", "number", "0",
        "with Redis: a login, refresh or logout is answered when so many of its replicas have it, too"},
    Key{"encryption_key", "secret", "required with Redis",
        "32 bytes or more, the same for all replicas: what they write is encrypted with it"},
    Key{"former_encryption_key", "secret", "none", "still opens what was written before the key was changed"},
    Key{"password", "secret", "that of the URL", "of Redis"},
    Key{"tls", "map", "verified by the system's CAs", "of `rediss://`"},
};
constexpr std::array kTlsKeys{
    Key{"ca", "path", "the system's", "PEM certificates that the server's must lead to"},
    Key{"server_name", "text", "the URL's host", "for SNI and verification"},
    Key{"certificate", "path", "none", "PEM chain that the gateway shows; with `key`"},
    Key{"key", "path", "none", "its PEM private key"},
};

constexpr std::string_view kScheme = "sqlite:";
constexpr std::size_t kShortestKey = 32;

void parse_tls(const NodeReader& store_node, StoreOptions& store) {
  const auto item = store_node.find("tls");
  if (!item) return;
  Context& context = store_node.context();
  const NodeReader node(context, *item, kStoreTlsSection);
  store.tls.ca = node.readable_file("ca");
  store.tls.server_name = node.text("server_name");
  store.tls.certificate = node.readable_file("certificate");
  store.tls.key = node.readable_file("key");
  if (node.has("certificate") != node.has("key"))
    report(context, *item, "certificate and key go together (add the other or remove both)");
  if (!store.redis || !store.redis->tls)
    report(context, *item, "has no effect, the store is not rediss:// (write rediss:// or remove it)");
}

void parse_keys(const NodeReader& node, StoreOptions& store) {
  for (const std::string_view name : {"encryption_key", "former_encryption_key"}) {
    if (!node.has(name)) continue;
    const Item item = *node.find(name);
    SecretString key = node.secret(name);
    if (!store.redis)
      report(node.context(), item, "is for Redis (remove it)");
    else if (!key.empty() && key.size() < kShortestKey)
      report(node.context(), item,
             "is shorter than 32 bytes (make one: head -c 32 /dev/urandom | base64 > FILE)");
    store.encryption_keys.push_back(std::move(key));
  }
  if (store.redis && !node.has("encryption_key"))
    report(node.context(), node.item(),
           "a store in Redis needs an encryption_key, the same for all replicas (add encryption_key: {file: "
           "PATH})");
}

void parse_redis(const NodeReader& node, std::string_view url, StoreOptions& store) {
  auto address = store::parse_redis_url(url);
  const Item item = *node.find("url");
  if (!address) return report(node.context(), item, address.error());
  store.redis = std::move(*address);
  const bool has_password = node.has("password");
  if (has_password && !store.redis->password.empty())
    report(node.context(), *node.find("password"), "stands in the url, too (remove one of them)");
  if (has_password) store.redis->password = node.secret("password");
  if (!store.redis->user.empty() && store.redis->password.empty())
    report(node.context(), item, "has a user without a password (write USER:PASSWORD@, or add password:)");
}

}  // namespace

const Section kStoreSection{"store", kKeys};
const Section kStoreTlsSection{"store.tls", kTlsKeys};

StoreOptions parse_store(Context& context, const Item& item) {
  const NodeReader node(context, item, kStoreSection);
  StoreOptions store;
  const std::string url = node.text("url", std::string(kScheme) + store.path);
  if (store::is_redis_url(url)) {
    parse_redis(node, url, store);
  } else if (url.starts_with(kScheme) && url.size() > kScheme.size()) {
    store.path = url.substr(kScheme.size());
  } else {
    report(context, *node.find("url"),
           in_quotes(url.substr(0, url.find(':'))) + " is no store (write sqlite:FILE or redis://HOST)");
  }
  if (!store.redis && node.has("password"))
    report(context, *node.find("password"), "is for Redis (remove it)");
  parse_keys(node, store);
  parse_tls(node, store);
  store.timeout = node.duration("timeout", store.timeout, {1ms, 1min});
  store.replicas = node.number<unsigned>("replicas", 0, {0, 10});
  store.max_revocation_lag = node.duration("max_revocation_lag", store.max_revocation_lag, {500ms, 1h});
  store.serves_on_failure = node.one_of("on_failure", kServesOnFailure, false);
  return store;
}

}  // namespace gw::config
