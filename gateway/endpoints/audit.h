// SPDX-License-Identifier: Apache-2.0
// What an endpoint has done, for the audit log.
#pragma once

#include "exchange/audit_log.h"
#include "exchange/exchange.h"

namespace gw::endpoints {

// With the request's id and the client's address. Nothing happens without log.audit.
inline void audit(exchange::Exchange& exchange, exchange::AuditEvent event) {
  if (exchange.services().audit == nullptr) return;
  event.add("request_id", exchange.request_id()).add("client", exchange.client_ip());
  exchange.services().audit->record(std::move(event));
}

}  // namespace gw::endpoints
