// SPDX-License-Identifier: Apache-2.0
// Follows the signing keys while the gateway runs: by the clock, and by what other processes change in their
// folder (`gatewarden keys rotate`, a second gateway). Verifying begins with a key's file and signing later,
// by the time that stands in it, so no worker meets a token whose key it does not know.
// THREAD: the main thread. OWNERSHIP: the Gateway. Workers hear by `publish`.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "auth/key_store.h"
#include "net/deadlines.h"
#include "server/shared_keys.h"

namespace gw::server {

class KeyRotator final : private net::Deadline {
 public:
  using Publish = std::function<void(std::shared_ptr<const auth::KeyStore>)>;
  KeyRotator(net::Deadlines& deadlines, Publish publish)
      : deadlines_(deadlines), publish_(std::move(publish)) {}
  ~KeyRotator() { net::Deadlines::clear(*this); }

  // Replicas have the same keys; before adopt().
  void share(std::unique_ptr<SharedKeys> shared) { shared_ = std::move(shared); }
  void stop_sharing() { shared_.reset(); }

  // From now on these are the options, and these the keys that every worker has. Null: none to follow.
  void adopt(const std::string& state_dir, const jose::TokenOptions& options,
             std::shared_ptr<const auth::KeyStore> keys);

 private:
  void on_deadline() override;
  // `leads`: may make and remove keys.
  void look(bool leads);
  std::int64_t folder_changed_at() const;  // nanoseconds; 0 when it cannot be told

  net::Deadlines& deadlines_;
  const Publish publish_;
  std::string state_dir_;
  jose::TokenOptions options_;
  std::shared_ptr<const auth::KeyStore> keys_;
  std::int64_t seen_ = 0;               // of the folder
  bool failing_ = false;                // said in the log
  std::unique_ptr<SharedKeys> shared_;  // null: nobody shares them
};

}  // namespace gw::server
