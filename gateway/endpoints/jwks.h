// SPDX-License-Identifier: Apache-2.0
// `GET /.well-known/jwks.json`: the public keys of this gateway's tokens (RFC 7517), never a symmetric one.
#pragma once

#include <array>

#include "exchange/step.h"

namespace gw::endpoints {

exchange::Verdict reply_with_keys(exchange::Exchange& exchange);

inline constexpr std::array kJwksSteps{exchange::Step{"reply_with_keys", reply_with_keys}};

}  // namespace gw::endpoints
