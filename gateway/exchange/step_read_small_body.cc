// SPDX-License-Identifier: Apache-2.0
#include "exchange/exchange.h"
#include "exchange/steps.h"

namespace gw::exchange {

Verdict read_small_body(Exchange& exchange) {
  return exchange.wait_for_body();
}

}  // namespace gw::exchange
