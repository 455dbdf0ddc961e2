// SPDX-License-Identifier: Apache-2.0
// Who watches exchanges take their steps without serving anybody: `gatewarden explain` and its kin. The steps
// are those of the running gateway; only where a request would leave for an upstream does it end here.
// Rate limits count nothing then. THREAD: one; not there in a worker that serves.
#pragma once

#include <optional>

#include "auth/identity.h"
#include "exchange/step.h"
#include "policy/decision.h"

namespace gw::exchange {

class Exchange;

class Observer : public policy::ConditionListener {
 public:
  // Claims that are taken for those of a verified token; null: credentials are read and verified as ever.
  virtual auth::IdentityRef presumed_identity() = 0;
  virtual void on_decision(const policy::Decision& decision) = 0;
  // One of the gateway's own endpoints is meant. Answers instead of it.
  virtual Verdict on_endpoint(Exchange& exchange) = 0;
  // Everything is ready to be sent. Answers instead of the upstream.
  virtual Verdict on_forward(Exchange& exchange) = 0;
  // The answer has been given; the exchange still knows everything.
  virtual void on_finish(const Exchange& exchange) = 0;

 protected:
  ~Observer() = default;
};

}  // namespace gw::exchange
