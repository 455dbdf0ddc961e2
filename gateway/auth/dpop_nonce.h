// SPDX-License-Identifier: Apache-2.0
// Nonces for DPoP proofs (RFC 9449 sections 8 and 9): a proof that has one was not made long before. Nothing
// is kept of them: a nonce is the MAC of a span of time, and is taken in its span, in the next, and, as
// clocks of replicas differ, in the one before. THREAD: immutable, shared by all workers.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/secret.h"
#include "jose/digest.h"

namespace gw::auth {

inline constexpr WallSeconds kDpopNonceSpan = 120;

class DpopNonces {
 public:
  explicit DpopNonces(const SecretString& key) : hmac_(jose::Hash::sha256, key.reveal()) {}

  // Of a random key that lives as long as the process.
  static const DpopNonces& of_process();

  std::string current(WallSeconds now) const;  // base64url
  bool is_good(std::string_view nonce, WallSeconds now) const;

 private:
  std::string nonce_of(WallSeconds span) const;

  jose::Hmac hmac_;
};

}  // namespace gw::auth
