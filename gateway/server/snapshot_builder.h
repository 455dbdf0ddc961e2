// SPDX-License-Identifier: Apache-2.0
// From a configuration to the immutable snapshot that workers serve: certificates, keys, plugins, routes and
// endpoints. All that is wrong is found in one go and told with its place.
#pragma once

#include <memory>
#include <vector>

#include "auth/credential_backend.h"
#include "config/config.h"
#include "config/issues.h"
#include "exchange/snapshot.h"
#include "net/tls.h"
#include "store/shared_store.h"

namespace gw::server {

class KeyRefresher;

// What of a listener a reload changes.
struct ListenerSettings {
  std::shared_ptr<const net::ServerTls> tls;  // null for plain ones
  std::vector<net::Cidr> trusted_proxies;
  bool proxy_protocol = false;
  bool http2 = false;  // beside HTTP/1
};
using ListenerList = std::vector<ListenerSettings>;  // in the order of the configuration

// Read while the process may still read the keys: before privileges are dropped.
ListenerList build_listeners(const config::Config& config, config::Issues& issues);

enum class Purpose : std::uint8_t {
  serve,
  check,  // writes nothing
};

// Tokens or assertions.
bool signs_anything(const config::Config& config);

// Null when `issues` has an error. Without a refresher, remote issuers have the keys of an earlier process.
// With a shared store, refresh tokens have the key that replicas share.
std::shared_ptr<const exchange::Snapshot> build_snapshot(const config::Config& config, Purpose purpose,
                                                         config::Issues& issues,
                                                         const KeyRefresher* refresher = nullptr,
                                                         const store::SharedStore* shared = nullptr);

}  // namespace gw::server
