// SPDX-License-Identifier: Apache-2.0
// Tells every worker's loop about revocations as they are recorded, whether or not their maker still listens.
// THREAD: publish() from any; watch() and the end of its Operation on the watcher's loop.
// OWNERSHIP: operations of watch() end before the feed does.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>

#include "store/store.h"

namespace gw::store {

class RevocationFeed {
 public:
  net::Operation watch(net::EventLoop& loop, RevocationWatcher on_revoked);
  void publish(const Revocation& revocation);

 private:
  struct Watcher {
    net::EventLoop& loop;
    RevocationWatcher on_revoked;
    bool live = true;  // touched on the loop alone
  };
  static void unwatch(void* feed, std::uint64_t id);

  std::mutex mutex_;
  std::map<std::uint64_t, std::shared_ptr<Watcher>> watchers_;
  std::uint64_t last_id_ = 0;
};

}  // namespace gw::store
