// SPDX-License-Identifier: Apache-2.0
#include "endpoints/userinfo.h"

#include "exchange/exchange.h"

namespace gw::endpoints {

exchange::Verdict reply_with_claims(exchange::Exchange& exchange) {
  exchange::Reply reply;
  reply.body = json::dump(exchange.identity()->claims());
  return exchange.answer(std::move(reply));
}

}  // namespace gw::endpoints
