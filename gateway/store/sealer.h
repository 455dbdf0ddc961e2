// SPDX-License-Identifier: Apache-2.0
// What leaves for a store that others can read: AES-256-GCM, with the id of the key before it and, as
// associated data, the place that the value is for, so that no value passes for another. Names that must be
// found again become keyed hashes. THREAD: immutable, shared by all.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret.h"

namespace gw::store {

std::string make_random_bytes(std::size_t size);
// HMAC-SHA-256: 32 bytes.
std::string keyed_hash(std::string_view key, std::string_view text);

class Sealer {
 public:
  // The first key seals, each of them opens. REQUIRES: at least one, each of 32 bytes or more.
  explicit Sealer(const std::vector<SecretString>& secrets);

  std::string seal(std::string_view text, std::string_view place) const;
  // Nothing when it was changed, is of another place, or of a key that is not there.
  std::optional<std::string> open(std::string_view sealed, std::string_view place) const;
  // Whether another key than the first has sealed it.
  bool is_of_old_key(std::string_view sealed) const;

 private:
  static constexpr std::size_t kIdBytes = 4;
  struct Key {
    std::string id;
    SecretString secret;  // 32 bytes
  };
  std::vector<Key> keys_;
};

}  // namespace gw::store
