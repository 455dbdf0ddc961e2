// SPDX-License-Identifier: Apache-2.0
#include "store/revocation_feed.h"

#include <utility>

namespace gw::store {

net::Operation RevocationFeed::watch(net::EventLoop& loop, RevocationWatcher on_revoked) {
  const std::lock_guard lock(mutex_);
  watchers_.emplace(++last_id_, std::make_shared<Watcher>(Watcher{loop, std::move(on_revoked)}));
  return {&RevocationFeed::unwatch, this, last_id_};
}

void RevocationFeed::publish(const Revocation& revocation) {
  // Posting under the lock: a watcher that has gone is not posted to, so its loop may go too.
  const std::lock_guard lock(mutex_);
  for (const auto& [id, watcher] : watchers_) {
    watcher->loop.post([watcher = watcher, revocation] {
      if (watcher->live) watcher->on_revoked(revocation);
    });
  }
}

void RevocationFeed::unwatch(void* self, std::uint64_t id) {
  auto* feed = static_cast<RevocationFeed*>(self);
  const std::lock_guard lock(feed->mutex_);
  const auto found = feed->watchers_.find(id);
  if (found == feed->watchers_.end()) return;
  found->second->live = false;
  feed->watchers_.erase(found);
}

}  // namespace gw::store
