// SPDX-License-Identifier: Apache-2.0
#include "endpoints/verify.h"

#include "exchange/exchange.h"
#include "exchange/identity_fields.h"

namespace gw::endpoints {

exchange::Verdict reply_with_decision(exchange::Exchange& exchange) {
  exchange::Reply reply;
  if (const auth::Identity* identity = exchange.identity()) {
    const auto fields = exchange::identity_fields(*identity, *exchange.plan()->identity);
    if (!fields) return exchange.refuse(fields.error());
    for (const http::Field& field : **fields) reply.fields.emplace_back(field.name, std::string(field.value));
    const auto& assertion = exchange.plan()->identity->assertion();
    if (assertion) {
      const auto token = exchange.world().assertions->mint(
          exchange.identity_ref(), *exchange.plan()->identity,
          {exchange.route()->upstream, exchange.request().method_text, exchange.target().path},
          exchange.services().loop.wall());
      if (!token) return exchange.refuse(token.error());
      reply.fields.emplace_back(assertion->header, std::string(*token));
    }
  }
  return exchange.answer(std::move(reply));
}

}  // namespace gw::endpoints
