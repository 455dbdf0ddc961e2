// SPDX-License-Identifier: Apache-2.0
// What session tickets are sealed with (RFC 5077, RFC 8446 4.6.1). The main thread makes a new key now and
// then and hands it to every worker, so a session that one worker began goes on with any other, and across
// reloads; the key before stays for one more period, then it is wiped, and with it what it has sealed.
// THREAD: each worker has its own copy.
#pragma once

#include <array>
#include <optional>

#include "base/clock.h"

struct ssl_ctx_st;

namespace gw::net {

struct TicketKey {
  std::array<unsigned char, 16> name{};
  std::array<unsigned char, 32> cipher{};
  std::array<unsigned char, 32> mac{};

  TicketKey() = default;
  TicketKey(const TicketKey&) = default;
  TicketKey& operator=(const TicketKey&) = default;
  ~TicketKey();
  static TicketKey make();  // random
};

class TicketKeys {
 public:
  static constexpr Duration kPeriod = 1h;  // how long a key seals; sessions live as long

  explicit TicketKeys(const TicketKey& first) : current_(first) {}

  void rotate(const TicketKey& next);
  const TicketKey& current() const { return current_; }
  // Null for a key that is gone; then the handshake is a full one.
  const TicketKey* find(const unsigned char* name) const;

 private:
  TicketKey current_;
  std::optional<TicketKey> former_;
};

// Tickets of this context's connections are sealed with the keys that each stream brings (TlsStream).
void use_ticket_keys(ssl_ctx_st* context);

}  // namespace gw::net
