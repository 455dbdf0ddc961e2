// SPDX-License-Identifier: Apache-2.0
#include "auth/dpop_nonce.h"

#include "auth/random_id.h"
#include "base/base64url.h"

namespace gw::auth {
namespace {

constexpr std::size_t kKeyBytes = 32, kNonceBytes = 16;

}  // namespace

const DpopNonces& DpopNonces::of_process() {
  static const DpopNonces nonces{SecretString(make_random_bytes(kKeyBytes))};
  return nonces;
}

std::string DpopNonces::current(WallSeconds now) const {
  return nonce_of(now / kDpopNonceSpan);
}

bool DpopNonces::is_good(std::string_view nonce, WallSeconds now) const {
  const WallSeconds span = now / kDpopNonceSpan;
  bool good = false;
  for (const WallSeconds each : {span, span - 1, span + 1})
    good = equal_in_constant_time(nonce, nonce_of(each)) || good;
  return good;
}

std::string DpopNonces::nonce_of(WallSeconds span) const {
  const jose::Digest mac = hmac_.compute("dpop nonce " + std::to_string(span));
  return base64url_encode(mac.view().substr(0, kNonceBytes));
}

}  // namespace gw::auth
