// SPDX-License-Identifier: Apache-2.0
#include "endpoints/jwks.h"

#include "exchange/exchange.h"

namespace gw::endpoints {

exchange::Verdict reply_with_keys(exchange::Exchange& exchange) {
  exchange::Reply reply;
  reply.body = exchange.world().keys->public_jwk_set();
  reply.cache_control = "public, max-age=300";
  return exchange.answer(std::move(reply));
}

}  // namespace gw::endpoints
