// SPDX-License-Identifier: Apache-2.0
// Refresh tokens: "gwr_" and 32 bytes in base64url, opaque to everyone. The first of a session is random;
// each successor is an HMAC of the token before it, so that parallel refreshes with one token get the same
// successor although no token is ever kept. What is kept is the hash.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "jose/digest.h"

namespace gw::auth {

class RefreshToken {
 public:
  static RefreshToken make();
  // Nothing but the form is looked at; Fault::token_malformed when it has another.
  static Result<RefreshToken> parse(std::string_view text);

  // For the client alone.
  std::string_view reveal() const { return text_.reveal(); }
  std::string hash() const;  // 32 bytes

 private:
  friend class RefreshKey;
  explicit RefreshToken(std::string_view bytes);

  SecretString text_;
};

// Derives successors. THREAD: immutable, shared by all workers.
class RefreshKey {
 public:
  // From `state_dir`/refresh.key (0600), which is made when there is none. The error names the file.
  static Result<RefreshKey, std::string> load_or_make(const std::string& state_dir,
                                                      std::vector<std::string>& warnings);
  explicit RefreshKey(SecretString key) : key_(std::move(key)) {}

  RefreshToken successor_of(const RefreshToken& token) const;
  // A key for something else. REQUIRES: `purpose` is no refresh token.
  SecretString derive(std::string_view purpose) const;

 private:
  SecretString key_;
};

}  // namespace gw::auth
