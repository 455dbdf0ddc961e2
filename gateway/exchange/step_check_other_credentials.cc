// SPDX-License-Identifier: Apache-2.0
#include "exchange/exchange.h"
#include "exchange/steps.h"

namespace gw::exchange {
namespace {

constexpr std::string_view kBasic = "basic ";

bool sends_basic(const Exchange& exchange) {
  const http::Field* field = exchange.request().fields.find(http::FieldName::authorization);
  return field != nullptr && field->value.size() >= kBasic.size() &&
         http::equal_without_case(field->value.substr(0, kBasic.size()), kBasic);
}

}  // namespace

bool is_for_api_keys(const Exchange& exchange) {
  return exchange.route() != nullptr && exchange.route()->api_keys && exchange.token().starts_with("gwk_");
}

Verdict check_other_credentials(Exchange& exchange) {
  const policy::Route* route = exchange.route();
  // Without a store, as for `gatewarden explain`, nobody can say whose key it is.
  if (route == nullptr || route->auth == policy::Auth::none || !exchange.world().login)
    return Verdict::proceed;
  const Snapshot& snapshot = exchange.snapshot();
  if (is_for_api_keys(exchange) && snapshot.check_api_key != nullptr) return snapshot.check_api_key(exchange);
  if (route->basic && snapshot.check_basic != nullptr && sends_basic(exchange))
    return snapshot.check_basic(exchange);
  return Verdict::proceed;
}

}  // namespace gw::exchange
