// SPDX-License-Identifier: Apache-2.0
// How steps of endpoints wait: for the blocking pool and for the store, with an error as the answer.
// OWNERSHIP: the exchange holds the Operation, so a callback may capture the exchange and its state.
#pragma once

#include <utility>

#include "auth/credential_backend.h"
#include "endpoints/browser.h"
#include "exchange/exchange.h"
#include "net/address.h"

namespace gw::endpoints {

// A callback for a Result: refuses with its error, else goes on with the Verdict of `use(value)`, which may
// be to wait again.
template <class Use>
auto then(exchange::Exchange& exchange, Use use) {
  return [&exchange, use = std::move(use)](auto result) mutable {
    if (!result) return exchange.resume(exchange.refuse(result.error()));
    exchange.resume(use(std::move(*result)));
  };
}

// `job` runs on the blocking pool, owns its inputs and returns a Result.
template <class Job, class Use>
exchange::Verdict wait_for_job(exchange::Exchange& exchange, Job job, Use use) {
  exchange::Services& services = exchange.services();
  return exchange.wait_for(services.pool.run(services.loop, std::move(job), then(exchange, std::move(use))));
}

// A step that goes on at a time of its own choice. OWNERSHIP: part of the exchange's endpoint state.
class Pause final : private net::Deadline {
 public:
  exchange::Verdict until(exchange::Exchange& exchange, TimePoint at);
  // Until the wall clock's second has passed: revocations by `iat` cover whole seconds, and who hears that
  // everything until now has ended may sign in again at once.
  exchange::Verdict outlast(exchange::Exchange& exchange, WallSeconds second);

 private:
  void on_deadline() override;

  exchange::Exchange* exchange_ = nullptr;
  WallSeconds outlasted_ = 0;
};

// Whose attempts count together.
net::Address client_address(const exchange::Exchange& exchange);
// 429 with Retry-After.
exchange::Verdict refuse_locked_out(exchange::Exchange& exchange, FormState& state, Duration retry_after);

// What a client hears of a backend's fault: one answer for all that is wrong with a user name or a password.
Error to_error(auth::BackendFault fault);

}  // namespace gw::endpoints
