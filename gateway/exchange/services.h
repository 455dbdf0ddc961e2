// SPDX-License-Identifier: Apache-2.0
// What a worker lends its exchanges. All of it lives as long as the worker.
// THREAD: one worker, but for what says otherwise.
#pragma once

#include <array>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/revocations.h"
#include "net/blocking_pool.h"
#include "net/buffer.h"
#include "net/deadlines.h"
#include "net/event_loop.h"
#include "store/shared_store.h"

namespace gw::auth {
class KeyDemand;
class Lockout;
class SessionService;
class TokenSigner;
}  // namespace gw::auth

namespace gw::policy {
class RateLimits;
}  // namespace gw::policy

namespace gw::mail {
class Outbox;
}

namespace gw::exchange {

class AccessLog;
class AuditLog;
class Control;
class Exchange;
class Observer;
class ReceiptRing;
class Tracer;
struct Counters;

// 128 random bits as 32 hex digits, for request ids and trace ids. Unique, not secret.
class IdSource {
 public:
  IdSource();
  using Id = std::array<char, 32>;
  Id next();
  using SpanId = std::array<char, 16>;
  SpanId next_span();  // its beginning

 private:
  std::uint64_t next_word();
  std::uint64_t state_[2];
};

struct Services {
  net::EventLoop& loop;
  net::Deadlines& deadlines;
  net::BufferPool& buffers;
  net::BlockingPool& pool;  // shared by the workers
  auth::Revocations& revocations;
  IdSource& ids;
  AccessLog& access_log;
  // Takes back an exchange that has finished.
  std::function<void(Exchange&)> release;
  std::function<bool()> is_ready;                      // for the admin address
  std::function<bool()> is_draining;                   // no new work; what is open ends soon
  std::function<std::vector<std::string>()> troubles;  // what is not as it should be, in sentences
  Counters& counters;
  policy::RateLimits& rate_limits;        // shared by the workers
  store::Store* store = nullptr;          // null without login
  auth::KeyDemand* key_demand = nullptr;  // null: remote issuers' keys are as they are
  Control* control = nullptr;             // not null where there is an admin address
  AuditLog* audit = nullptr;              // null without log.audit
  Observer* observer = nullptr;           // not null where nobody is served
  mail::Outbox* outbox = nullptr;         // null without login
  ReceiptRing* receipts = nullptr;        // null without an admin address
  Tracer* tracer = nullptr;               // null where nobody takes spans
  store::SharedStore* shared = nullptr;   // the store, when replicas share it
};

}  // namespace gw::exchange
