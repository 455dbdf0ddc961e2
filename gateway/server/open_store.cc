// SPDX-License-Identifier: Apache-2.0
#include "server/open_store.h"

#include <algorithm>
#include <filesystem>

#include "net/tls.h"
#include "store/redis_store.h"
#include "store/sqlite_store.h"

namespace gw::server {
namespace {

Result<OpenedStore> open_redis(const config::StoreOptions& config, Duration timeout) {
  store::RedisStore::Options options;
  options.redis.address = *config.redis;
  options.redis.timeout = std::max(config.timeout, timeout);
  // Longer than Redis may wait for its replicas.
  options.redis.patience = std::max<Duration>(2 * options.redis.timeout, 1s);
  options.encryption_keys = config.encryption_keys;
  options.replicas = config.replicas;
  if (config.redis->tls) {
    auto tls = net::ClientTls::make(config.tls, {});
    if (!tls) return Error(Fault::store_unavailable, "store.tls: " + tls.error());
    options.redis.tls = std::move(*tls);
    options.redis.server_name = config.tls.server_name;
  }
  auto opened = store::RedisStore::open(std::move(options));
  if (!opened) return opened.error();
  OpenedStore made;
  made.shared = opened->get();
  made.store = std::move(*opened);
  return made;
}

}  // namespace

Result<OpenedStore> open_store(const config::Config& config, Duration timeout) {
  if (config.store.redis) return open_redis(config.store, timeout);
  store::SqliteStore::Options options;
  options.path = (std::filesystem::path(config.server.state_dir) / config.store.path).string();
  options.busy_timeout = std::max(options.busy_timeout, timeout);
  auto opened = store::SqliteStore::open(std::move(options));
  if (!opened) return opened.error();
  return OpenedStore{std::move(*opened), nullptr};
}

}  // namespace gw::server
