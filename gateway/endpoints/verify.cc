// SPDX-License-Identifier: Apache-2.0
#include "endpoints/verify.h"

#include "exchange/exchange.h"
#include "exchange/identity_fields.h"

namespace gw::endpoints {

exchange::Verdict reply_with_decision(exchange::Exchange& exchange) {
  exchange::Reply reply;
  if (const auth::Identity* identity = exchange.identity()) {
    const policy::IdentityHeaders& options = *exchange.plan()->identity;
    const auto rendered = exchange::identity_fields(*identity, options);
    if (!rendered) return exchange.refuse(rendered.error());
    options.for_each(**rendered, [&](const http::Field& field) {
      reply.fields.emplace_back(field.name, std::string(field.value));
    });
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
