// SPDX-License-Identifier: Apache-2.0
#include "exchange/exchange.h"
#include "exchange/steps.h"

namespace gw::exchange {

Verdict renew_session(Exchange& exchange) {
  const Snapshot& snapshot = exchange.snapshot();
  // Nobody may have a name here (`anonymous`); whom the refresh cookie is of comes before that.
  const CredentialSource source = exchange.credential_source();
  const bool is_known = exchange.identity() != nullptr && source != CredentialSource::none;
  if (snapshot.renew_session == nullptr || is_known || !exchange.world().login) return Verdict::proceed;
  if (exchange.route() != nullptr && exchange.route()->auth == policy::Auth::none) return Verdict::proceed;
  // Only what has run out is renewed: nobody's token, or a cookie that has expired.
  const auto fault = exchange.caller().fault();
  if (source != CredentialSource::none && source != CredentialSource::cookie) return Verdict::proceed;
  if (fault && *fault != Fault::token_expired) return Verdict::proceed;
  if (exchange.request().fields.find(http::FieldName::cookie) == nullptr) return Verdict::proceed;
  return snapshot.renew_session(exchange);
}

}  // namespace gw::exchange
