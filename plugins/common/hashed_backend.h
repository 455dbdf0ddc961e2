// SPDX-License-Identifier: Apache-2.0
// verify() of a store that keeps password hashes: the look-up, then one hash through the host, whoever is
// asked for. THREAD: any, several at once.
#pragma once

#include <array>
#include <mutex>
#include <string>
#include <string_view>

#include "account.h"

namespace common {

// What a look-up came to.
struct Found {
  gatewarden_result result = GATEWARDEN_UNAVAILABLE;
  Account account{};
};

// Hashes that were seen lately: the password of an unknown user is compared with one of them, always the same
// for a name, so that strangers' names take the times that members' names take.
class SeenHashes {
 public:
  SeenHashes();
  void remember(std::string_view hash);
  std::string one_for(std::string_view username) const;

 private:
  const std::size_t seed_;
  mutable std::mutex mutex_;
  std::array<std::string, 16> hashes_;
  std::size_t next_ = 0;
};

class HashedBackend {
 public:
  explicit HashedBackend(const gatewarden_host* host) : host_(host) {}
  virtual ~HashedBackend() = default;

  gatewarden_result verify(std::string_view username, std::string_view password, const gatewarden_sink* sink);
  gatewarden_result find(std::string_view username, const gatewarden_sink* sink);
  gatewarden_result find_id(std::string_view id, const gatewarden_sink* sink);

 protected:
  virtual Found look_up(std::string_view username) = 0;
  virtual Found look_up_id(std::string_view id) = 0;
  void log(int level, std::string_view line) const { host_->log(host_, level, text_of(line)); }

 private:
  const gatewarden_host* const host_;
  SeenHashes seen_;
};

}  // namespace common
