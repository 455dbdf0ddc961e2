// SPDX-License-Identifier: Apache-2.0
#include "endpoints/waiting.h"

#include <algorithm>

namespace gw::endpoints {

exchange::Verdict Pause::until(exchange::Exchange& exchange, TimePoint at) {
  exchange_ = &exchange;
  exchange.services().deadlines.set(*this, at);
  return exchange.wait_for({});
}

exchange::Verdict Pause::outlast(exchange::Exchange& exchange, WallSeconds second) {
  const Duration left = left_of_second(second);
  if (left <= Duration{0}) return exchange::Verdict::proceed;
  outlasted_ = second;
  return until(exchange, exchange.services().loop.now() + left);
}

void Pause::on_deadline() {
  // The two clocks need not agree.
  const Duration left = left_of_second(outlasted_);
  if (left > Duration{0})
    return exchange_->services().deadlines.set(*this, exchange_->services().loop.now() + left);
  exchange_->resume();
}

net::Address client_address(const exchange::Exchange& exchange) {
  return net::Address::parse(exchange.client_ip(), 0).value_or(net::Address());
}

exchange::Verdict refuse_locked_out(exchange::Exchange& exchange, FormState& state, Duration retry_after) {
  state.retry_after = std::max<WallSeconds>(1, std::chrono::ceil<std::chrono::seconds>(retry_after).count());
  auto reply = exchange.make_refusal(Fault::locked_out);
  reply.fields.emplace_back("Retry-After", std::to_string(state.retry_after));
  return exchange.answer(std::move(reply));
}

Error to_error(auth::BackendFault fault) {
  switch (fault) {
    case auth::BackendFault::unknown_user:
      return {Fault::bad_credentials, "no backend knows the user"};
    case auth::BackendFault::wrong_password:
      return {Fault::bad_credentials, "the password is wrong"};
    case auth::BackendFault::disabled:
      return {Fault::bad_credentials, "the account is disabled"};
    case auth::BackendFault::taken:
      return {Fault::taken, "the name or the address belongs to another account"};
    case auth::BackendFault::read_only:
      return {Fault::backend_unavailable, "no backend can be written"};
    case auth::BackendFault::unavailable:
      break;
  }
  return {Fault::backend_unavailable, "a backend did not answer"};
}

}  // namespace gw::endpoints
